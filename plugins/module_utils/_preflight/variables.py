# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of a role or playbook: the specified ones, their violations, and their values by type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .._options.mistakes import Spec, below, entry_path, find_mistakes
from .rules import RULES
from .text import is_nothing, read_text

# Pseudo parameters, which AWS replaces when a task runs. Ansible treats them as templates.
_PSEUDO_PARAMETER = re.compile(
    r"\{\{\s*(TARGET|RESOURCE|WINDOW|TASK|INVOCATION)_(\w+_)?(ID|TYPE)\b|\{\{\s*(global|automation|aws)\s*:"
)
_UNSAFE = "; if AWS replaces it, tag the text: !unsafe '{{TARGET_ID}}'"


@dataclass(frozen=True)
class Variables:
    """The variables of a role or playbook.

    owner: the role or playbook, as in messages. prefix: the prefix of all names. spec: their specification, in the
    format of AnsibleModule. results: names with the prefix that the role itself sets. reads_text: whether strings can
    represent values of other types; not in a role, because ansible-core checks the specified values afterwards.
    narrowing: names whose empty value is a violation, because without them the playbook would reach more nodes.
    """

    owner: str
    prefix: str
    spec: Spec
    results: frozenset[str] = frozenset()
    reads_text: bool = False
    narrowing: frozenset[str] = frozenset()

    def names(self, known: Mapping[str, Any]) -> list[str]:
        """The names with the prefix among all variables of a host, including misspelled ones."""
        return sorted(str(name) for name in known if str(name).startswith(self.prefix) and name not in self.results)

    def read(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values that strings represent. Empty strings are omitted."""
        if not self.reads_text:
            return dict(values)
        return {
            name: read_text(self.spec.get(name, {}), value)
            for name, value in values.items()
            if name in self.narrowing or not _is_blank(value)
        }

    def mistakes(self, values: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
        """All violations in the values. known: all variables of the host."""
        texts = {name: text for name, value in values.items() for text in self._mistaken_text(name, value)}
        judged = {name: value for name, value in values.items() if name not in texts}
        found = [*texts.values(), *find_mistakes(self.spec, judged, noun=f"variable of {self.owner}")]
        if found or self.owner not in RULES:
            # The rules between variables require values of valid types.
            return found
        return RULES[self.owner](self.typed(values), values, known)

    def _mistaken_text(self, name: str, value: Any) -> Iterator[str]:
        """A violation in the string of an extra variable that the check of its type does not find."""
        option = self.spec.get(name)
        if option is None or _lists_resources(option):
            return
        if is_nothing(option, value):
            yield f"{name} has no value; specify one, or omit {name}"
        elif option.get("type") == "list" and isinstance(value, str) and len(value.splitlines()) > 1:
            yield f"{name} is text of several lines; separate the entries of the list by commas"

    def typed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values in the types of their specification. Omitted variables are absent, or in a role have defaults.

        Lists of resources are omitted, because modules convert them, and they can contain values that must not appear
        in a result.
        """
        if self.reads_text:
            spec = {name: self.spec[name] for name in values}
        else:
            spec = {name: option for name, option in self.spec.items() if not _lists_resources(option)}
        chosen = {name: values[name] for name in spec if name in values}
        validated = ArgumentSpecValidator(spec).validate(chosen).validated_parameters
        return {name: _given(value) for name, value in validated.items()}


def _lists_resources(option: Mapping[str, Any]) -> bool:
    return bool(option.get("elements") == "dict" and option.get("options"))


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _given(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _given(entry) for name, entry in value.items() if entry is not None}
    return [_given(entry) for entry in value] if isinstance(value, list) else value


def template_problems(name: str, value: Any, render: Callable[[str], Any]) -> Iterator[str]:
    """Every string in a variable whose template fails, with its path.

    Args:
        name: The name of the variable.
        value: Its value before templates are resolved.
        render: Resolves a template, and raises an exception if that fails.
    """
    yield from _problems("", name, value, render)


def _problems(path: str, name: str, value: Any, render: Callable[[str], Any]) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _problems(below(path, name), str(key), entry, render)
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            if isinstance(entry, Mapping):
                for key, inner in entry.items():
                    yield from _problems(entry_path(path, name, number, entry), str(key), inner, render)
            else:
                yield from _problems(path, f"{name}[{number}]", entry, render)
    elif isinstance(value, str):
        try:
            render(value)
        except Exception as error:
            hint = _UNSAFE if _PSEUDO_PARAMETER.search(value) else ""
            yield f"{path}: {name}: {error}{hint}" if path else f"{name}: {error}{hint}"
