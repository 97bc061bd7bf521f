# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two laws of declarations, over generated accounts: nothing to do where it was read, the same again elsewhere.

An account is made of structures as reads answer them. Planning is pure, so that a plan is applied by its requests.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from ansible_collections.patchfleet.aws.plugins.module_utils._info.export import (
    WindowParts,
    declare_baseline,
    declare_window,
)
from ansible_collections.patchfleet.aws.plugins.module_utils._planners.planning import Planning
from ansible_collections.patchfleet.aws.plugins.module_utils._planners.setup import plan_setup
from ansible_collections.patchfleet.aws.plugins.module_utils._resources.tasks import tidied
from ansible_collections.patchfleet.aws.plugins.module_utils._state.account import Account, Resource
from ansible_collections.patchfleet.aws.plugins.module_utils._state.declaration import whole_setup
from ansible_collections.patchfleet.aws.tests.support.effort import example_count
from ansible_collections.patchfleet.aws.tests.support.stored import (
    BASELINE,
    BASELINE_ID,
    GROUP,
    INSTANCES,
    NOTIFICATION,
    ROLE,
    TYPES,
    WINDOW_ID,
    Raw,
    check,
    shape,
    unlike,
)
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = st.sampled_from(["one", "two", "three", "four.replaced", "four"])
TEXTS = st.sampled_from(["", "text", "{{TARGET_ID}} {% x %}", "a: b # c", "true", "12", "line\nline"])
SCHEDULES = st.sampled_from(["cron(0 2 ? * TUE#2 *)", "rate(1 days)", "rate(7 days)", "at(2027-01-01T02:00:00)"])
DATES = st.sampled_from(["", "2027-01-01T00:00Z", "2027-01-01T00:00:00+01:00"])
RATES = st.sampled_from(["1", "10%", "100%", "50"])
TAG_MAPS = st.dictionaries(
    st.sampled_from(["Env", "Team", "patchfleet:setup", "aws:x"]), st.sampled_from(["", "a", "b c"]), max_size=3
)
WORDS = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3, unique=True)


def _optional(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[Raw]:
    return st.fixed_dictionaries({}, optional=members)


TAG_CRITERIA = st.dictionaries(
    st.sampled_from(["tag:PatchGroup", "tag:Patch Group", "tag:Env", "tag-key"]), WORDS, min_size=1, max_size=4
)
GROUP_CRITERIA = st.fixed_dictionaries({GROUP: st.just(["servers"])}, optional={TYPES: WORDS})
CRITERIA = st.one_of(TAG_CRITERIA, GROUP_CRITERIA, st.just({"InstanceIds": INSTANCES}))


@st.composite
def targets(draw: st.DrawFn) -> Raw:
    criteria = draw(CRITERIA)
    listed = draw(st.permutations([{"Key": key, "Values": values} for key, values in criteria.items()]))
    kind = "RESOURCE_GROUP" if GROUP in criteria else "INSTANCE"
    labels = draw(_optional(Name=NAMES, Description=TEXTS, OwnerInformation=TEXTS))
    return {**labels, "ResourceType": kind, "Targets": listed}


PATCH_PARAMETERS = st.fixed_dictionaries(
    {"Operation": st.sampled_from([["Scan"], ["Install"]])},
    optional={
        "RebootOption": st.sampled_from([["NoReboot"], ["RebootIfNeeded"], [""]]),
        "SnapshotId": st.sampled_from([[""], ["0123"]]),
        "PreInstallHookDocName": st.sampled_from([[""], ["Hook"]]),
        "InstallOverrideList": st.sampled_from([[""], ["s3://bucket/key"], ["odd"]]),
    },
)
FREE_PARAMETERS = st.dictionaries(st.sampled_from(["commands", "Password", "x"]), st.lists(TEXTS, max_size=2))
NOTIFICATIONS = st.just({**NOTIFICATION, "NotificationEvents": ["Failed", "TimedOut"], "NotificationType": "Command"})
COMMANDS = _optional(
    Parameters=st.one_of(PATCH_PARAMETERS, FREE_PARAMETERS),
    Comment=TEXTS,
    TimeoutSeconds=st.sampled_from([30, 600]),
    DocumentVersion=st.sampled_from(["$DEFAULT", "$LATEST"]),
    CloudWatchOutputConfig=_optional(CloudWatchOutputEnabled=st.booleans()),
    OutputS3BucketName=st.just("logs"),
)
BLOCKS = {
    "AUTOMATION": st.fixed_dictionaries({"Automation": _optional(Parameters=FREE_PARAMETERS)}),
    "LAMBDA": st.fixed_dictionaries({"Lambda": _optional(Payload=st.sampled_from([b'{"a": 1}', b"{{ID}}"]))}),
    "STEP_FUNCTIONS": st.fixed_dictionaries({"StepFunctions": _optional(Input=st.just("{}"), Name=TEXTS)}),
}


@st.composite
def tasks(draw: st.DrawFn, target_ids: list[str]) -> Raw:
    task_type = draw(st.sampled_from(["RUN_COMMAND", "RUN_COMMAND", *BLOCKS]))
    labels = draw(_optional(Name=NAMES, Description=TEXTS, Priority=st.integers(0, 3)))
    more = draw(_optional(ServiceRoleArn=st.just(ROLE), CutoffBehavior=st.just("CANCEL_TASK")))
    arn = draw(st.sampled_from(["AWS-RunPatchBaseline", "AWS-RunPatchBaselineWithHooks", "Other"]))
    raw: Raw = {"TaskType": task_type, "TaskArn": arn, **labels, **more}
    if task_type == "RUN_COMMAND" or draw(st.booleans()):
        choices = [{"Key": "InstanceIds", "Values": INSTANCES}]
        choices += [{"Key": "WindowTargetIds", "Values": target_ids}] * bool(target_ids) * 2
        raw["Targets"] = [draw(st.sampled_from(choices))]
    raw |= {"MaxConcurrency": draw(RATES), "MaxErrors": draw(RATES)} if "Targets" in raw else {}
    if task_type == "RUN_COMMAND":
        command = draw(COMMANDS)
        if draw(st.booleans()):
            command |= {"NotificationConfig": draw(NOTIFICATIONS), "ServiceRoleArn": ROLE}
        raw["TaskInvocationParameters"] = {"RunCommand": command}
    elif draw(st.booleans()):
        raw["TaskInvocationParameters"] = draw(BLOCKS[task_type])
    return tidied(raw)


@st.composite
def windows(draw: st.DrawFn) -> WindowParts:
    required = {"Name": "prod", "Schedule": draw(SCHEDULES), "Duration": draw(st.integers(2, 24)), "Cutoff": 1}
    flags = {"Enabled": draw(st.booleans()), "AllowUnassociatedTargets": draw(st.booleans())}
    labels = draw(_optional(Description=TEXTS, StartDate=DATES, ScheduleTimezone=st.just("Europe/Berlin")))
    found = [unlike(raw, number) for number, raw in enumerate(draw(st.lists(targets(), max_size=3)))]
    ids = draw(st.lists(st.sampled_from([one["WindowTargetId"] for one in found]), unique=True)) if found else []
    made = draw(st.lists(tasks(ids), max_size=3))
    tags = draw(TAG_MAPS)
    numbered = [unlike(raw, 10 + number) for number, raw in enumerate(made)]
    return WindowParts({"WindowId": WINDOW_ID, **required, **flags, **labels}, tags, found, numbered)


def _resources(raws: list[Raw] | None, id_member: str) -> dict[str, Resource]:
    return {raw[id_member]: Resource(raw[id_member], raw.get("Name") or None, raw, full=True) for raw in raws or ()}


def account_of(read: WindowParts) -> Account:
    found = Resource(WINDOW_ID, read.raw["Name"], read.raw, full=True, tags=dict(read.tags))
    return Account(
        {"window": {WINDOW_ID: found}},
        {
            "target": {WINDOW_ID: _resources(read.targets, "WindowTargetId")},
            "task": {WINDOW_ID: _resources(read.tasks, "WindowTaskId")},
        },
    )


def planned(options: dict[str, Any], account: Account, kind: str = "windows") -> Planning:
    return plan_setup(whole_setup({kind: [options]}), account, shape)


def applied(planning: Planning) -> WindowParts:
    """What an empty account holds after a plan: the requests of its creations, with ids made up."""
    ids: dict[str, str] = {}
    made: dict[str, list[Raw]] = {"window": [], "target": [], "task": []}
    tags: dict[str, str] = {}
    for number, step in enumerate(planning.plan.steps):
        request = deepcopy(step.request)
        if step.creation is None:
            made["window"][0].update({"Enabled": request["Enabled"]})
            continue
        kind = step.change.kind
        ids[step.key] = WINDOW_ID if kind == "window" else f"00000000-0000-0000-0000-{number:012d}"
        for entry in request.get("Targets") or ():
            entry["Values"] = [ids.get(getattr(value, "step", ""), value) for value in entry["Values"]]
        tags |= {tag["Key"]: tag["Value"] for tag in request.pop("Tags", ())}
        made[kind].append({**request, step.creation.kind.id_member: ids[step.key]})
    return WindowParts({"Enabled": True, **made["window"][0]}, tags, made["target"], made["task"])


@settings(max_examples=example_count(150))
@given(windows())
def test_what_was_read_has_nothing_to_do_where_it_was_read(read: WindowParts) -> None:
    found = declare_window(read, 1, check)
    assert found.options is not None
    planning = planned(found.options, account_of(read))
    assert planning.plan.violations == []
    leftovers = [text for text in found.undeclared if "left over from an unfinished replacement" in text]
    assert leftovers or [change.diff() for change in planning.plan.changes] == []


@settings(max_examples=example_count(150))
@given(windows())
def test_what_was_read_makes_the_same_elsewhere(read: WindowParts) -> None:
    found = declare_window(read, 1, check)
    assert found.options is not None
    planning = planned(found.options, Account())
    # A task that needs targets and whose targets cannot be named is told, and cannot be made elsewhere.
    told = any("its window_targets" in text or "its instance_ids" in text for text in found.undeclared)
    assert told or planning.plan.violations == []
    if not planning.plan.violations:
        again = declare_window(applied(planning), 1, check)
        assert again.options == found.options


FILTERS = st.lists(st.fixed_dictionaries({"Key": st.just("SEVERITY"), "Values": WORDS}), max_size=1)
RULES = st.lists(
    st.fixed_dictionaries(
        {
            "PatchFilterGroup": st.fixed_dictionaries({"PatchFilters": FILTERS}),
            "ApproveAfterDays": st.integers(0, 360),
        },
        optional={"ComplianceLevel": st.sampled_from(["UNSPECIFIED", "HIGH"]), "EnableNonSecurity": st.booleans()},
    ),
    max_size=3,
)
BASELINES = _optional(
    Description=TEXTS,
    ApprovalRules=st.fixed_dictionaries({"PatchRules": RULES}),
    ApprovedPatches=WORDS,
    ApprovedPatchesComplianceLevel=st.sampled_from(["UNSPECIFIED", "HIGH"]),
    RejectedPatches=WORDS,
    RejectedPatchesAction=st.sampled_from(["BLOCK", "ALLOW_AS_DEPENDENCY"]),
    PatchGroups=WORDS,
)


@settings(max_examples=example_count(100))
@given(BASELINES, TAG_MAPS, st.booleans())
def test_the_laws_for_a_baseline(members: Raw, tags: dict[str, str], default: bool) -> None:
    raw = {**BASELINE, **members}
    found = declare_baseline(raw, tags, default, 1, check)
    assert found.options is not None
    system = {"OperatingSystem": raw["OperatingSystem"]}
    identity = {"BaselineId": BASELINE_ID, "BaselineName": "linux", "DefaultBaseline": default, **system}
    resource = Resource(BASELINE_ID, "linux", raw, full=True, tags=tags)
    groups = {(raw["OperatingSystem"], group): BASELINE_ID for group in raw["PatchGroups"]}
    account = Account({"baseline": {BASELINE_ID: resource}}, identities=[identity], groups=groups)
    here = planned(found.options, account, "baselines")
    assert here.plan.violations == []
    assert [change.diff() for change in here.plan.changes] == []
    steps = planned(found.options, Account(), "baselines").plan.steps
    made = {**BASELINE, **steps[0].request}
    made_tags = {tag["Key"]: tag["Value"] for tag in made.pop("Tags", ())}
    made["PatchGroups"] = [one.request["PatchGroup"] for one in steps if "PatchGroup" in one.request]
    made_default = any(one.operation == "RegisterDefaultPatchBaseline" for one in steps)
    assert declare_baseline(made, made_tags, made_default, 1, check).options == found.options
