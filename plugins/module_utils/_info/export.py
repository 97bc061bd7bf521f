# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converts what the service stores to the options that declare it, the reverse of a plan. Pure functions.

A declaration contains no IDs, no null values and no values that a new resource has by default. A plan of it makes no
changes in the account that it was read from, and recreates the same in an empty account. What it cannot contain is
described as text.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._aws.structures import Raw
from .._options.codecs import FILTERS, INSTANT, PARAMETERS, RULES, SCHEDULE, SOURCES
from .._options.kind import Kind, same, values_of
from .._options.option import Option, given, nested
from .._options.results import is_internal, is_readable
from .._resources import patch_baseline, window, window_target, window_task
from .._resources.ownership import REPLACED, STACK_TAG, is_reserved
from .._resources.register import IN_WINDOWS
from .._resources.tasks import modernised
from .._schedules.schedule import check_date, parse_instant
from .._state.identity import replaced_name

Values = dict[str, Any]
# Returns violations in the options of one resource of a kind, regardless of the account.
Check = Callable[[Kind, Values], list[str]]

_SECRET = re.compile(r"pass(wor[dt]|wd|phrase|code)|pwd|secret|token|credential|(api|access|private).?key", re.I)
_JSON_KEY = re.compile(r'"([^"]*)"\s*:')


@dataclass
class WindowParts:
    """A window as it was read. targets, tasks: structures of its contents, None if they are not requested."""

    raw: Raw
    tags: Mapping[str, str]
    targets: list[Raw] | None = None
    tasks: list[Raw] | None = None


@dataclass
class Declared:
    """The declaration of a resource. options: of the resource and its contents, None if it cannot be declared.
    undeclared: a sentence for everything that the options do not contain, and why."""

    options: Values | None
    undeclared: list[str] = field(default_factory=list)


def declaration_of(kind: Kind, raw: Raw) -> Values:
    """The options that declare a stored resource. The targets of a task are still specified by ID."""
    values = {name: _plain(option, value) for (name, option), value in _stored(kind, raw)}
    options = {option.name for option in kind.options}
    own = {name: value for name, value in values.items() if name.partition(".")[0] in options}
    if expressed := kind.express(raw):
        given = {name: value for name, value in own.items() if name not in expressed and value is not None}
        return {**{name: value for name, value in given.items() if name != "targets"}, **expressed}
    return nested(_needed(kind, own))


def _stored(kind: Kind, raw: Raw) -> Iterable[tuple[tuple[str, Option], Any]]:
    return zip(kind.managed(), values_of(kind, raw).values(), strict=True)


def _needed(kind: Kind, values: Values) -> Values:
    """The values that a new resource does not have by default."""
    options = dict(kind.managed())
    needed = {name: value for name, value in values.items() if value is not None}
    for name, value in list(needed.items()):
        rest = {other: entry for other, entry in needed.items() if other != name}
        expected = kind.complete(rest, {}).get(name)
        if same(options[name], options[name].absent if expected is None else expected, value):
            needed = rest
    return needed


def _plain(option: Option, value: Any) -> Any:
    """A value in its canonical format. Values that the service stores as a set are sorted."""
    form = _FORMS.get(id(option.codec))
    if value is None or form is None:
        return sorted(value) if isinstance(value, list) and all(isinstance(one, str) for one in value) else value
    return form(value)


def _strict_schedule(schedule: str) -> str:
    """A schedule in the documented format. The service also stores others, such as C(rate(1 days))."""

    def strict(rate: re.Match[str]) -> str:
        return f"{rate[1]}{rate[2]}{rate[3]}{'s' * (int(rate[2]) != 1)}{rate[4]}"

    return re.sub(r"^(rate\(\s*)(\d+)(\s+(?:minute|hour|day))s?(\s*\))$", strict, schedule)


def _valid_date(text: str) -> str:
    moment = parse_instant(text)
    return moment.isoformat() if moment and check_date(text) else text


def _sorted_filters(filters: Mapping[str, list[str]]) -> Values:
    return {key: sorted(filters[key]) for key in sorted(filters)}


def _plain_rule(rule: Values) -> Values:
    defaults = {"compliance_level": "UNSPECIFIED", "enable_non_security": False}
    kept = {name: value for name, value in rule.items() if value != defaults.get(name)}
    return {**kept, "filters": _sorted_filters(rule["filters"])}


def _plain_parameters(parameters: Mapping[str, list[str]]) -> Values | None:
    """Parameters without those that the console stores empty. A list with one entry is written as this entry."""
    kept = PARAMETERS.normal(parameters) or {}
    return {name: kept[name][0] if len(kept[name]) == 1 else kept[name] for name in sorted(kept)} or None


_FORMS: dict[int, Callable[[Any], Any]] = {
    id(SCHEDULE): _strict_schedule,
    id(INSTANT): _valid_date,
    id(FILTERS): _sorted_filters,
    id(RULES): lambda rules: [_plain_rule(rule) for rule in rules],
    id(SOURCES): lambda sources: [{**source, "products": sorted(source["products"] or ())} for source in sources],
    id(PARAMETERS): _plain_parameters,
}


def declare_baseline(raw: Raw, tags: Mapping[str, str], default: bool, namesakes: int, check: Check) -> Declared:
    """Declare an own baseline. namesakes: the number of listed baselines with its name and operating system."""
    title = f"baseline {raw.get('Name')} for {raw.get('OperatingSystem')}"
    if refusal := _refusal(patch_baseline.KIND, raw, tags, namesakes) or _incomplete(raw, patch_baseline.KIND.decisive):
        return Declared(None, [f"{title}: {refusal}"])
    tags_option, notes = _tags_option(tags, title)
    options = {
        **declaration_of(patch_baseline.KIND, raw),
        **tags_option,
        **({"patch_groups": sorted(raw["PatchGroups"])} if raw.get("PatchGroups") else {}),
        **({"default": True} if default else {}),
    }
    return _checked(patch_baseline.KIND, options, title, check, notes)


def declare_aws_baseline(identity: Raw, groups: Iterable[str], aws_default: str | None) -> Declared:
    """Declare the registrations of an AWS-owned baseline. aws_default: the ID of the baseline that AWS uses as the
    default for the operating system."""
    options: Values = {"name": identity.get("BaselineName"), "operating_system": identity.get("OperatingSystem")}
    found = {
        **({"patch_groups": sorted(groups)} if groups else {}),
        **({"default": True} if identity.get("DefaultBaseline") and identity["BaselineId"] != aws_default else {}),
    }
    return Declared({**options, **found} if found and all(options.values()) else None)


def declare_window(parts: WindowParts, namesakes: int, check: Check) -> Declared:
    """Declare a window with the targets and tasks that were read. namesakes: the number of windows with its name."""
    title = f"window {parts.raw.get('Name')}"
    refusal = _refusal(window.KIND, parts.raw, parts.tags, namesakes) or _incomplete(parts.raw, window.KIND.decisive)
    if refusal:
        return Declared(None, [f"{title}: {refusal}"])
    tags_option, notes = _tags_option(parts.tags, title)
    declared = _checked(window.KIND, {**declaration_of(window.KIND, parts.raw), **tags_option}, title, check, notes)
    if declared.options is None:
        return declared
    targets = _Children(window_target.KIND, title, parts.targets or [], check)
    tasks = _Children(window_task.KIND, title, parts.tasks or [], check)
    declared.options.update(_present(targets=[_target(targets, raw) for raw in targets.alone()]))
    made = [_task(tasks, raw, targets, parts.raw) for raw in tasks.alone()]
    lists = {name: [options for kind, options in made if kind is listed] for name, listed in IN_WINDOWS.items()}
    declared.options.update(_present(**lists))
    declared.undeclared += targets.undeclared + tasks.undeclared
    return declared


def _refusal(kind: Kind, raw: Raw, tags: Mapping[str, str], namesakes: int) -> str | None:
    if namesakes > 1:
        return _of_one_name(kind, raw, namesakes)
    if STACK_TAG in tags:
        return "CloudFormation manages it"
    return None


def _of_one_name(kind: Kind, raw: Raw, count: int) -> str:
    way = _way_to_rename(kind, raw)
    return f"{count} {kind.name}s have this name, but a declaration requires unique names; {way}"


def _way_to_rename(kind: Kind, raw: Raw) -> str:
    """How to rename a resource that a declaration cannot find by name."""
    return f"to name it, use {kind.module} with {kind.id_option}: {raw.get(kind.id_member)}"


def _incomplete(raw: Raw, members: Iterable[str]) -> str | None:
    missing = [name for name in members if raw.get(name) in (None, "")]
    return f"the AWS response contains no {', '.join(missing)}" if missing else None


def _tags_option(tags: Mapping[str, str], title: str) -> tuple[Values, list[str]]:
    """The option C(tags), and why it is omitted. A run then does not change the tags."""
    own = {key: tags[key] for key in sorted(tags) if not is_reserved(key)}
    if internal := [key for key in own if is_internal(key)]:
        return {}, [f"{title}: its tags; ansible-core reserves {', '.join(internal)}"]
    return ({"tags": own} if own else {}), []


def _checked(kind: Kind, options: Values, title: str, check: Check, notes: Iterable[str] = ()) -> Declared:
    """The declaration if the options have no violations. notes: what it does not contain even then."""
    found = _violations(kind, options, check)
    return Declared(None, [f"{title}: {'; '.join(found)}"]) if found else Declared(options, [*notes])


def _violations(kind: Kind, options: Values, check: Check) -> list[str]:
    found = check(kind, options)
    if not is_readable(options):
        found = [*found, "ansible-core cannot read a key that begins with _ansible_ or __ansible_, or a lone surrogate"]
    return found


def _present(**lists: list[Values | None]) -> Values:
    filled = {name: [entry for entry in entries if entry] for name, entries in lists.items()}
    return {name: entries for name, entries in filled.items() if entries}


class _Children:
    """The targets or the tasks of one window, those with a unique name, and what is not declared.

    declared: raw structures by ID. undeclared: sentences.
    """

    def __init__(self, kind: Kind, window_title: str, raws: list[Raw], check: Check) -> None:
        self.kind = kind
        self._where = f"of {window_title}"
        self._raws = sorted(raws, key=lambda raw: (raw.get("Priority", 1), raw.get("Name") or ""))
        self.check = check
        self.declared: dict[str, Raw] = {}
        self.undeclared: list[str] = []

    def title(self, raw: Raw) -> str:
        """The name of a target or task in sentences."""
        return f"{self.kind.name} {raw.get('Name') or '(unnamed)'} {self._where}"

    def note(self, raw: Raw, text: str) -> None:
        """Add a sentence about what is not declared."""
        self.undeclared.append(f"{self.title(raw)}: {text}")

    def alone(self) -> Iterable[Raw]:
        """Those that a declaration can find by name. The others are added to undeclared."""
        names = Counter(raw.get("Name") or None for raw in self._raws)
        for raw in self._raws:
            name = raw.get("Name") or None
            if name is None:
                self.note(raw, f"it has no name ({_described(raw)}); {_way_to_rename(self.kind, raw)}")
            elif name.endswith(REPLACED) and self._is_leftover(raw):
                self.note(raw, "it is left over from an unfinished replacement, which the next run finishes")
            elif name.endswith(REPLACED):
                way = _way_to_rename(self.kind, raw)
                self.note(
                    raw, f"a declared name must not end in {REPLACED}, which marks an unfinished replacement; {way}"
                )
            elif incomplete := _incomplete(raw, self.kind.decisive):
                self.note(raw, incomplete)
            elif names[name] > 1:
                self.note(raw, _of_one_name(self.kind, raw, names[name]))
            else:
                yield raw

    def _is_leftover(self, raw: Raw) -> bool:
        """Whether the window contains a target or task of another type that can be its replacement."""
        return any(
            replaced_name(str(one.get("Name"))) == raw["Name"]
            and any(one.get(member) != raw.get(member) for member in ("TaskType", "ResourceType"))
            for one in self._raws
        )


def _described(raw: Raw) -> str:
    """The description of an unnamed target or task, by which a user can find it."""
    if "TaskArn" in raw:
        return f"{raw.get('TaskType')} {raw['TaskArn']}"
    return "; ".join(f"{entry['Key']}={','.join(entry.get('Values') or ())}" for entry in raw.get("Targets") or ())


def _target(children: _Children, raw: Raw) -> Values | None:
    declared = _checked(
        window_target.KIND, declaration_of(window_target.KIND, raw), children.title(raw), children.check
    )
    children.undeclared += declared.undeclared
    if declared.options:
        children.declared[raw["WindowTargetId"]] = raw
    return declared.options


def _task(children: _Children, raw: Raw, targets: _Children, parent: Raw) -> tuple[Kind, Values | None]:
    if raw.get("TaskParameters") and raw.get("TaskInvocationParameters"):
        names = ", ".join(sorted(raw["TaskParameters"]))
        children.note(raw, f"its TaskParameters ({names}), which AWS ignores because of its TaskInvocationParameters")
    raw = modernised(raw)
    kind, found = IN_WINDOWS["tasks"], list[str]()
    for kind in (one for one in IN_WINDOWS.values() if one.name == children.kind.name and one.expresses(raw)):
        found = _task_violations(children, kind, raw)
        if not found:
            break
    if found:
        children.note(raw, "; ".join(found))
        return kind, None
    options = declaration_of(kind, raw)
    _name_targets(children, raw, options, targets)
    _drop_strangers(children, raw, options, targets, parent)
    _drop_secrets(children, raw, options)
    if "Priority" not in raw:
        children.note(raw, "its priority is not stored; a new one gets 1")
    return kind, options


def _task_violations(children: _Children, kind: Kind, raw: Raw) -> list[str]:
    """Violations of the rules of a module in a task. The rules are stricter than those of the service."""
    options = declaration_of(kind, raw)
    values = given(kind.options, options)
    return _violations(kind, options, children.check) + kind.violations(values, values, {}, kind.complete(values, {}))


def _name_targets(children: _Children, raw: Raw, options: Values, targets: _Children) -> None:
    """Specify targets by name instead of ID, if all of them are declared."""
    ids = options.get("window_targets") or []
    names = [str(targets.declared[one]["Name"]) for one in ids if one in targets.declared]
    if len(names) < len(ids):
        del options["window_targets"]
        children.note(raw, "its window_targets; not all of them are declared with a unique name")
    elif ids:
        options["window_targets"] = sorted(names)


def _drop_strangers(children: _Children, raw: Raw, options: Values, targets: _Children, parent: Raw) -> None:
    if parent.get("AllowUnassociatedTargets") or "instance_ids" not in options:
        return
    strangers = window_target.strangers(options["instance_ids"], targets.declared.values())
    if strangers:
        del options["instance_ids"]
        children.note(
            raw, f"its instance_ids; {', '.join(strangers)} are not targets of the window, as the window requires"
        )


def _drop_secrets(children: _Children, raw: Raw, options: Values) -> None:
    """Omit what might contain a secret, based on the names of parameters and of members in JSON."""
    for block in window_task.BLOCKS.values():
        given = options.get(block) or {}
        for name in [name for name, value in given.items() if name in _FREE_FORM and _holds_secret(name, value)]:
            del given[name]
            children.note(raw, f"its {block}.{name}, because a name in it suggests a secret")
        if block in options and not given:
            del options[block]


_FREE_FORM = frozenset({"parameters", "payload", "client_context", "input"})


def _holds_secret(name: str, value: Any) -> bool:
    if name == "parameters":
        return any(_SECRET.search(key) for key in value)
    text = str(value)
    if name == "client_context":
        try:
            text = base64.b64decode(text).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return True
    return any(_SECRET.search(key) for key in _JSON_KEY.findall(text))
