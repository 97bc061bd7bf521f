# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registered targets of a window: options, rules and the formats of their criteria. Pure functions.

Rules: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_RegisterTargetWithMaintenanceWindow.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .._aws.nodes import GROUP_TAGS, INSTANCE_ID
from .._aws.structures import Raw
from .._options.codecs import CRITERIA, is_blank
from .._options.kind import Kind, Listing, TypeOf, Values
from .._options.limits import blank_entries
from .._options.option import Option, Options

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

WINDOW = Option(
    "window",
    "The name or ID of the maintenance window. A value in the format of a window ID is always an ID.",
    required=True,
)
# The options of the modules for targets and tasks that concern the window itself.
PARENT_OPTIONS = (
    WINDOW,
    Option(
        "setup",
        (
            "The name of the setup that owns the window. Required to change anything in a window that has the tag"
            " C(patchfleet:setup), unless O(take_over=true).",
            "A window without the tag gets it when you register or change a target or task in it. To remove a"
            " target or task from a window without the tag, set O(take_over=true).",
        ),
    ),
    Option(
        "take_over",
        "Change the targets and tasks of a window that another setup or CloudFormation owns. With O(setup), the"
        " window gets the tag of this setup. The default is V(false).",
        type="bool",
    ),
)
CRITERIA_OPTIONS = (
    Option(
        "patch_groups",
        "The patch groups to target. A patch group is a value of the tag O(patch_group_key).",
        type="list",
        elements="str",
    ),
    Option(
        "patch_group_key",
        "The key of the tag that holds the patch group. AWS supports C(Patch Group) and C(PatchGroup). You must use"
        " C(PatchGroup) if you allow tags in EC2 instance metadata.",
        choices=GROUP_TAGS,
        default=GROUP_TAGS[0],
        no_log=False,
    ),
    Option(
        "instance_tags",
        "The tags of the managed nodes to target, as a dictionary of tag keys and their value or list of values. A"
        " node must match every key, and any one value of each key.",
        type="dict",
    ),
    Option(
        "tag_keys",
        "Tag keys of the managed nodes to target. The tags can have any value.",
        type="list",
        elements="str",
        no_log=False,
    ),
    Option(
        "instance_ids",
        "The IDs of the managed nodes to target (C(i-) or C(mi-)), up to 50. Mutually exclusive with the other ways"
        " to select targets.",
        type="list",
        elements="str",
    ),
    Option(
        "resource_group",
        "The name of the resource group to target. Mutually exclusive with the other ways to select targets.",
    ),
    Option(
        "resource_types",
        "The resource types of O(resource_group) to target, such as V(AWS::EC2::Instance).",
        type="list",
        elements="str",
    ),
    Option(
        "targets",
        "The targets in the format of the Systems Manager API. Mutually exclusive with the other ways to select"
        " targets. Use this option to match tags with an empty value, which the other options do not accept.",
        type="list",
        elements="dict",
        suboptions=(
            Option(
                "key",
                "The key, such as C(tag:Env), C(tag-key) or C(InstanceIds).",
                required=True,
                no_log=False,
            ),
            Option("values", "The values of the key.", type="list", elements="str", required=True),
        ),
    ),
)
OPTIONS = (
    Option(
        "name",
        (
            "The name of the target. It has 3 to 128 characters: letters, digits, C(_), C(-) and C(.).",
            "The module finds the target by its exact name in the window. Required to register a target, and unless"
            " you specify O(window_target_id).",
            "If no target has the name, but exactly one unnamed target selects the same nodes, the module gives the"
            " name to that target. If several do, the module fails.",
        ),
        api="Name",
        clearable=False,
    ),
    Option(
        "window_target_id",
        "The ID of the target. Use it to rename a target, or to select one of two targets with the same name.",
    ),
    Option(
        "description",
        "A description of the target, up to 128 characters. An empty string removes it.",
        api="Description",
    ),
    Option(
        "owner_information",
        "A value that AWS includes in the events that it raises while tasks run on this target, up to 128"
        " characters. An empty string removes it.",
        api="OwnerInformation",
    ),
    *CRITERIA_OPTIONS,
    Option(
        "state",
        (
            "V(present) registers the target, or updates it to match the options that you specify.",
            "V(absent) deregisters the target. If a task uses it, the module fails unless O(force=true).",
        ),
        choices=("present", "absent"),
        default="present",
    ),
    Option("force", "Deregister the target even if a task uses it.", type="bool", default=False),
)

_FORMS = ("patch_groups", "instance_tags", "tag_keys", "instance_ids", "resource_group", "targets")
_TAG_FORMS = frozenset({"patch_groups", "instance_tags", "tag_keys"})
GROUP_KEYS = ("resource-groups:Name", "resource-groups:ResourceTypeFilters")


def criteria(params: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The criteria that the options declare, as C(targets) and C(resource_type), and their violations.

    Empty if none is specified. The stored criteria are then kept.
    """
    forms = [form for form in _FORMS if params.get(form) is not None]
    found = [f"{form}: must not be empty; specify at least one" for form in forms if not params[form]]
    if params.get("resource_types") == []:
        found.append("resource_types: must not be empty; omit it to select all types in the group")
    if len(forms) > 1 and not set(forms) <= _TAG_FORMS:
        found.append(
            f"{', '.join(forms)}: cannot be combined; specify one of them, or combine only patch_groups,"
            " instance_tags and tag_keys"
        )
    if params.get("resource_types") and "resource_group" not in forms:
        found.append("resource_types: requires resource_group")
    found += _blank_violations(params)
    if found or not forms:
        return {}, found
    targets = _targets(params, forms)
    kind = "RESOURCE_GROUP" if targets[0]["key"] in GROUP_KEYS else "INSTANCE"
    return {"targets": targets, "resource_type": kind}, _criteria_violations(targets)


def _blank_violations(params: Mapping[str, Any]) -> list[str]:
    """Empty values: omitting them would select more nodes, and no instance has them intentionally."""
    lists = {form: params.get(form) for form in ("patch_groups", "tag_keys", "instance_ids", "resource_types")}
    for key, value in (params.get("instance_tags") or {}).items():
        lists[f"instance_tags.{key}"] = value if isinstance(value, list) and value else [value]
    for number, target in enumerate(params.get("targets") or ()):
        # In the format of the API, an empty tag value can be intended. EC2 supports such tags.
        if not str(target.get("key")).startswith("tag:"):
            lists[f"targets[{number}].values"] = target.get("values")
    found = [text for name, entries in lists.items() for text in blank_entries(name, entries)]
    if is_blank(params.get("resource_group") or "any"):
        found.append("resource_group: is empty; specify a resource group")
    return found + [
        f"instance_tags: {key!r} is not a valid tag key" for key in params.get("instance_tags") or () if is_blank(key)
    ]


def _targets(params: Mapping[str, Any], forms: list[str]) -> list[dict[str, Any]]:
    if "targets" in forms:
        return [{"key": str(t["key"]), "values": list(t["values"])} for t in params["targets"]]
    if "instance_ids" in forms:
        return [{"key": "InstanceIds", "values": list(params["instance_ids"])}]
    if "resource_group" in forms:
        types = params.get("resource_types")
        filters = [{"key": GROUP_KEYS[1], "values": list(types)}] if types else []
        return [{"key": GROUP_KEYS[0], "values": [params["resource_group"]]}, *filters]
    targets = []
    if params.get("patch_groups"):
        key = params.get("patch_group_key") or GROUP_TAGS[0]
        targets.append({"key": f"tag:{key}", "values": list(params["patch_groups"])})
    for key, value in (params.get("instance_tags") or {}).items():
        values = value if isinstance(value, list) else [value]
        targets.append({"key": f"tag:{key}", "values": [str(entry) for entry in values]})
    if params.get("tag_keys"):
        targets.append({"key": "tag-key", "values": list(params["tag_keys"])})
    return targets


def _criteria_violations(targets: list[dict[str, Any]]) -> list[str]:
    keys = [target["key"] for target in targets]
    found = [
        f"targets: key {key!r} is specified twice; combine the values"
        for key in sorted(set(keys))
        if keys.count(key) > 1
    ]
    found += [
        f"targets: the values of {t['key']!r} are empty; specify at least one" for t in targets if not t["values"]
    ]
    found += [text for key in keys for text in _key_violations(key)]
    if len(keys) > 5:
        found.append(f"targets: {len(keys)} keys, but a target takes at most 5; register a second target")
    for target in targets:
        if len(target["values"]) > 50:
            found.append(f"targets: {len(target['values'])} values of {target['key']!r}, but a key takes at most 50")
    if "InstanceIds" in keys:
        if len(keys) > 1:
            found.append(
                "targets: InstanceIds cannot be combined with other keys; register a second target for the other keys"
            )
        ids = next(target["values"] for target in targets if target["key"] == "InstanceIds")
        found += instance_id_violations(ids)
    return found + _group_violations(targets, keys)


def _group_violations(targets: list[dict[str, Any]], keys: list[str]) -> list[str]:
    groups = [key for key in keys if key in GROUP_KEYS]
    if not groups:
        return []
    if len(groups) < len(keys):
        return ["targets: a resource group cannot be combined with tags or IDs; register a second target"]
    # Resource types without a group are left to the service, because its documentation is contradictory.
    counts = [len(target["values"]) for target in targets if target["key"] == GROUP_KEYS[0]]
    return [f"targets: {GROUP_KEYS[0]} must have exactly one group, not {count}" for count in counts if count != 1]


def instance_id_violations(ids: list[str]) -> list[str]:
    """Invalid instance IDs."""
    bad = [one for one in ids if not INSTANCE_ID.fullmatch(str(one))]
    return [f"instance_ids: {one!r} is not a valid instance ID (i- or mi- and 17 characters)" for one in bad]


def strangers(instance_ids: Iterable[str], raws: Iterable[Raw]) -> list[str]:
    """The instances that certainly no target selects: tags and groups can select any."""
    registered: set[str] = set()
    for criterion in (one for raw in raws for one in raw.get("Targets") or ()):
        if criterion["Key"] != "InstanceIds":
            return []
        registered |= set(criterion["Values"])
    return [one for one in instance_ids if one not in registered]


def _key_violations(key: str) -> list[str]:
    if key in ("InstanceIds", "tag-key", *GROUP_KEYS) or (key.startswith("tag:") and len(key) > 4):
        return []
    known = {name.lower(): name for name in ("InstanceIds", "tag-key", *GROUP_KEYS)}
    meant = known.get(key.lower()) or f"tag:{key.removeprefix('tag:') or 'KEY'}"
    return [
        f"targets: {key!r} is not a valid target key (tag:KEY, tag-key, InstanceIds, {GROUP_KEYS[0]});"
        f" did you mean {meant}?"
    ]


def _options_of(criteria: dict[str, list[str]]) -> dict[str, Any]:
    """Options for criteria, empty if only the format of the API can express them."""
    name, types = GROUP_KEYS
    if set(criteria) == {"InstanceIds"}:
        return {"instance_ids": criteria["InstanceIds"]}
    if criteria.get(name):
        filters = {"resource_types": criteria[types]} if types in criteria else {}
        return {"resource_group": criteria[name][0], **filters}
    if any(key != "tag-key" and not key.startswith("tag:") for key in criteria):
        return {}
    options: dict[str, Any] = {}
    tags = {key[4:]: values for key, values in sorted(criteria.items()) if key != "tag-key"}
    for key in GROUP_TAGS:
        if key in tags and not options:
            options["patch_groups"] = tags.pop(key)
            options.update({} if key == GROUP_TAGS[0] else {"patch_group_key": key})
    if tags:
        options["instance_tags"] = {key: values[0] if len(values) == 1 else values for key, values in tags.items()}
    if "tag-key" in criteria:
        options["tag_keys"] = criteria["tag-key"]
    return options


class _Target(Kind):
    def stored_options(self) -> Options:
        """The criteria in one format, regardless of how they were specified."""
        return (*(option for option in OPTIONS if option.api), *_STORED)

    def translate(self, values: Values) -> tuple[Values, list[str]]:
        """The criteria in the format that the API stores."""
        made, found = criteria(values)
        return {**{name: value for name, value in values.items() if name not in _FORMS}, **made}, found

    def missing(self, values: Values, title: str) -> list[str]:
        """Criteria can be specified in any format."""
        found = super().missing(values, title)
        if values.get("targets"):
            return found
        return [*found, f"{_FORMS[0]}: is missing; a new target requires one of {', '.join(_FORMS)}"]

    def is_same(self, values: Values, raw: Raw, _ids: Mapping[str, str]) -> bool:
        """Whether the criteria are the same."""
        declared = values.get("targets")
        return bool(declared) and CRITERIA.normal(declared) == CRITERIA.normal(CRITERIA.decode(raw.get("Targets")))

    def express(self, raw: Raw) -> dict[str, Any]:
        """The criteria in the most readable equivalent format."""
        stored = {entry["key"]: sorted(entry["values"]) for entry in CRITERIA.decode(raw.get("Targets")) or ()}
        options = _options_of(stored)
        made, found = criteria(options)
        if made and not found and {entry["key"]: entry["values"] for entry in made["targets"]} == stored:
            return options
        return {"targets": [{"key": key, "values": stored[key]} for key in sorted(stored)]}


_STORED = (
    Option("resource_type", "INSTANCE or RESOURCE_GROUP.", api="ResourceType", clearable=False),
    Option(
        "targets", "Criteria in the format of the API.", type="list", api="Targets", codec=CRITERIA, clearable=False
    ),
)
KIND = _Target(
    name="target",
    module="ssm_window_target",
    in_setup=(
        "The targets of the window, with the options of M(patchfleet.aws.ssm_window_target) except C(window). Targets"
        " that you do not list stay unchanged."
    ),
    options=OPTIONS,
    id_option="window_target_id",
    id_member="WindowTargetId",
    id_pattern=UUID,
    create="RegisterTargetWithMaintenanceWindow",
    update="UpdateMaintenanceWindowTarget",
    delete="DeregisterTargetFromMaintenanceWindow",
    listing=Listing("DescribeMaintenanceWindowTargets", "Targets", ("WindowTargetId", "ResourceType", "Targets")),
    decisive=("WindowTargetId", "ResourceType", "Targets"),
    parent_options=PARENT_OPTIONS,
    parent_member="WindowId",
    required=("name",),
    type=TypeOf("resource_type", "ResourceType", ("INSTANCE", "RESOURCE_GROUP")),
    likeness="criteria",
    withdrawal={"Safe": True},
)
