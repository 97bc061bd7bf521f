# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter patchfleet.aws.patching_variables."""

from __future__ import annotations

DOCUMENTATION = r"""
name: patching_variables
author:
  - Patchfleet contributors (@patchfleet)
version_added: 1.0.0
short_description: Convert windows and baselines of an account to variables of the patching role
description:
  - Converts the results of M(patchfleet.aws.ssm_maintenance_window_info) and
    M(patchfleet.aws.ssm_patch_baseline_info) to the YAML text of a variables file for the role
    P(patchfleet.aws.patching#role).
  - Comments at the top of the file list everything that cannot be declared.
  - Text from an account is data, and Ansible must never evaluate it as a template. The filter tags every key and
    value with C(!unsafe), unless it consists only of letters, digits, spaces, line breaks and the characters
    V(_.,:;/=+*?!~<>(\)@&-).
  - The file loads with exactly the same values. The filter writes characters that are not printable as escape
    sequences.
positional: _input
options:
  _input:
    description: The RV(patchfleet.aws.ssm_maintenance_window_info#module:windows), read with targets and tasks.
    type: list
    elements: dict
    required: true
  baselines:
    description: The RV(patchfleet.aws.ssm_patch_baseline_info#module:baselines), read with patch groups.
    type: list
    elements: dict
    default: []
seealso:
  - plugin: patchfleet.aws.ssm_maintenance_window_info
    plugin_type: module
  - plugin: patchfleet.aws.ssm_patch_baseline_info
    plugin_type: module
"""

EXAMPLES = r"""
- name: Write a window to a variables file
  ansible.builtin.copy:
    content: "{{ found.windows | patchfleet.aws.patching_variables }}"
    dest: prod-tuesday.yml
    mode: "0600"
"""

RETURN = r"""
_value:
  description: The YAML text that sets C(patching_baselines) and C(patching_windows).
  type: str
  sample: |
    patching_baselines: []
    patching_windows:
      - name: production
        schedule: cron(0 2 ? * TUE *)
        duration: 4
        cutoff: 1
"""

import json
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.text import printable

_HEAD = """\
# Exported by patchfleet.aws.export. Apply it with
#   ansible-playbook patchfleet.aws.setup -e @<this file>
# It contains no setup name; to own the resources, add patching_setup.
"""
# The characters of strings without the tag. They cannot form a template or its header (#jinja2:), but they include all
# numbers, dates and nulls of YAML, which Ansible would convert after the tag, quoted or not.
_HARMLESS = re.compile(r"[A-Za-z0-9 \n\t_.,:;/=+*?!~<>()@&-]*")
# Strings that PyYAML writes without quotes, and that another version of YAML could interpret as another type.
_AMBIGUOUS = re.compile(r"[^A-Za-z].*|[yn]", re.I | re.S)


class _Dumper(yaml.SafeDumper):
    """Block style with indented lists, literal blocks for several lines, and possible templates tagged as unsafe."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, text: str) -> yaml.ScalarNode:
        """A string in the simplest style, if it is printable."""
        harmless = _HARMLESS.fullmatch(text)
        tag = "tag:yaml.org,2002:str" if harmless else "!unsafe"
        style: str | None
        if not text.replace("\n", "").isprintable():
            style = '"'
        elif "\n" in text:
            style = "|"
        else:
            style = None if harmless and not _AMBIGUOUS.fullmatch(text) else "'"
        return self.represent_scalar(tag, text, style=style)

    def write_double_quoted(self, text: str, split: bool = True) -> None:
        """Escape nonprintable characters, which an editor would interpret or hide."""
        self.allow_unicode = text.isprintable()
        super().write_double_quoted(text, split)
        self.allow_unicode = True


_Dumper.add_representer(str, _Dumper.represent_text)


def filter_patching_variables(windows: object, baselines: object = ()) -> str:
    """The variables file for entries of the info modules. Raises AnsibleFilterError for anything else."""
    found = {"patching_baselines": _entries("baselines", baselines), "patching_windows": _entries("input", windows)}
    undeclared = [text for entries in found.values() for entry in entries for text in _undeclared(entry)]
    parts = [_HEAD + _comments(undeclared), "---\n"]
    for name, entries in found.items():
        declared = [entry["declaration"] for entry in entries if entry["declaration"] and _is_unicode(entry)]
        parts.append(yaml.dump({name: declared}, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True))
    return "".join(parts)


def _entries(name: str, value: object) -> list[dict[str, Any]]:
    entries: Any = list(value) if isinstance(value, Iterable) and not isinstance(value, (str, Mapping)) else [None]
    if not all(isinstance(entry, Mapping) and {"declaration", "undeclared"} <= set(entry) for entry in entries):
        raise AnsibleFilterError(f"{name}: must be a list that an info module of this collection returned")
    # Values from templates have Ansible types, which a YAML dumper does not support.
    plain: list[dict[str, Any]] = json.loads(json.dumps(entries))
    return plain


def _undeclared(entry: Mapping[str, Any]) -> list[str]:
    found: list[str] = entry["undeclared"]
    if _is_unicode(entry):
        return found
    return [
        *found,
        f"{entry['declaration'].get('name')}: it contains a lone surrogate, which cannot be written to a file",
    ]


def _is_unicode(entry: Mapping[str, Any]) -> bool:
    return not re.search("[\ud800-\udfff]", json.dumps(entry["declaration"], ensure_ascii=False))


def _comments(undeclared: Iterable[str]) -> str:
    texts = list(dict.fromkeys(undeclared))
    if not texts:
        return ""
    lines = [line for text in texts for line in _wrapped(text)]
    return "#\n# Not in this file:\n" + "".join(lines)


def _wrapped(text: str) -> list[str]:
    # Any kind of line break would end the comment.
    wrapped = textwrap.wrap(
        printable(text), 110, initial_indent="# - ", subsequent_indent="#   ", break_on_hyphens=False
    )
    return [f"{line}\n" for line in wrapped]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"patching_variables": filter_patching_variables}
