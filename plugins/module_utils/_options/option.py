# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options as data: the single source of argument specs, documentation and API requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .codecs import TEXT, Codec


@dataclass(frozen=True)
class Option:
    """One option of a module, or of one entry of a list of resources.

    api: dotted path of the API member that stores it; None where the option only steers the module, or where the
        kind translates it itself.
    codec: converts between the value in the API and the value of the option.
    absent: the value that applies when the service stores none. The two compare as equal.
    created: the value that is sent on creation if the option is not specified.
    choices: not with C(clearable), because they exclude the empty value. An enum of the botocore model is checked
        without them.
    clearable: whether an empty value removes what is stored; where not, an empty value is an error.
    empty: what the API stores for "cleared" (C([]) for lists it can clear without C(Replace)); None: the member goes.
    zero_clears: C(0) is the empty value, for numbers that have no other.
    resettable: whether C(unset=reset) puts it back where it is not given.
    """

    name: str
    description: tuple[str, ...] | str
    type: str = "str"
    elements: str | None = None
    suboptions: tuple[Option, ...] = ()
    choices: tuple[str, ...] = ()
    default: Any = None
    aliases: tuple[str, ...] = ()
    required: bool = False
    no_log: bool | None = None
    api: str | None = None
    codec: Codec = TEXT
    absent: Any = None
    created: Any = None
    clearable: bool = True
    empty: Any = None
    zero_clears: bool = False
    resettable: bool = True

    def is_empty(self, value: Any) -> bool:
        """Whether this value clears the option."""
        if self.zero_clears and value == 0 and not isinstance(value, bool):
            return True
        return value is not None and not isinstance(value, (bool, int, float)) and len(value) == 0


Options = tuple[Option, ...]
CONCURRENCY = Option("concurrency", "The maximum number of concurrent API calls.", type="int", default=16)


def concurrency_violations(value: int) -> list[str]:
    """Violations in the option C(concurrency)."""
    return [] if value >= 1 else [f"concurrency: {value} must be at least 1"]


# All modules that write have this option.
ACCOUNT_ID = Option(
    "account_id",
    (
        "The ID of the AWS account that the credentials must belong to, as 12 digits in quotes.",
        "If the credentials belong to another account, the module fails before it reads or changes anything. The"
        " check calls C(sts:GetCallerIdentity), which requires no permissions.",
    ),
)


def argument_spec(options: Options) -> dict[str, dict[str, Any]]:
    """The options in the format of AnsibleModule."""
    return {option.name: _argument(option) for option in options}


def _argument(option: Option) -> dict[str, Any]:
    argument: dict[str, Any] = {"type": option.type}
    for key in ("elements", "default"):
        if getattr(option, key) is not None:
            argument[key] = getattr(option, key)
    for key in ("choices", "aliases"):
        if getattr(option, key):
            argument[key] = list(getattr(option, key))
    if option.required:
        argument["required"] = True
    if option.no_log is not None:
        argument["no_log"] = option.no_log
    if option.suboptions:
        argument["options"] = argument_spec(option.suboptions)
    return argument


def managed(options: Options, prefix: str = "") -> Iterator[tuple[str, Option]]:
    """The options that the API stores, with dotted names for suboptions: C(notification.topic_arn)."""
    for option in options:
        if option.api is not None:
            yield prefix + option.name, option
        elif option.suboptions and option.type == "dict":
            yield from managed(option.suboptions, f"{prefix}{option.name}.")


def given(options: Options, params: Mapping[str, Any]) -> dict[str, Any]:
    """The options that the user specified, flattened. An empty block sets each of its suboptions to empty."""
    values: dict[str, Any] = {}
    for option in options:
        value = params.get(option.name)
        if value is None:
            continue
        if option.api is None and option.suboptions and option.type == "dict":
            # AnsibleModule sets each suboption of an empty block to null.
            is_empty = all(entry is None for entry in value.values())
            inner = _cleared(option.suboptions) if is_empty else given(option.suboptions, value)
            values.update({f"{option.name}.{name}": entry for name, entry in inner.items()})
        else:
            values[option.name] = value
    return values


def _cleared(options: Options) -> dict[str, Any]:
    return {name: "" for name, _option in managed(options)}


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Flat dotted values as nested blocks. A block without values is null."""
    result: dict[str, Any] = {}
    blocks: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        block, _dot, leaf = name.partition(".")
        if not leaf:
            result[block] = value
        else:
            result.setdefault(block, None)
            blocks.setdefault(block, {})[leaf] = value
    for block, leaves in blocks.items():
        if any(value is not None for value in leaves.values()):
            result[block] = nested(leaves)
    return result
