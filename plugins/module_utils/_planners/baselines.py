# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of patch baselines, of who holds a patch group and of the default of each operating system. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list

from .._aws.client import GONE
from .._options.kind import merge, update_body, values_of
from .._resources import patch_baseline
from .._state.declaration import Entry
from .._state.read import Resource, matching_baselines, successor_identities
from .changes import Change, Creation, Id, Ref, Step, created
from .planning import (
    Answer,
    Planning,
    ViolationError,
    create_body,
    differing,
    guard_of,
    plan_tags,
    required,
    rest_of,
    tag_steps,
)

_REGISTER_GROUP = "RegisterPatchBaselineForPatchGroup"
_DEREGISTER_GROUP = "DeregisterPatchBaselineForPatchGroup"
_REGISTER_DEFAULT = "RegisterDefaultPatchBaseline"


@dataclass
class BaselinePlan:
    """One present baseline: what it is, and its groups and default now.

    wanted_groups, wanted_default: what is declared, None where nothing is. finish: steps after all others.
    """

    entry: Entry
    id: Id
    system: str
    change: Change
    steps: list[Step] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    is_default: bool = False
    wanted_groups: list[str] | None = None
    wanted_default: bool | None = None
    finish: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.wanted_groups = self.entry.params.get("patch_groups")
        self.wanted_default = self.entry.params.get("default")


@dataclass
class Claims:
    """Who claims what in this declaration, and who loses it.

    groups, defaults: the plan that claims a group of an operating system, or its default. losers: changes by bare id
    of their baseline. losses: changes that come about by the steps of a claim.
    """

    groups: dict[tuple[str, str], BaselinePlan] = field(default_factory=dict)
    defaults: dict[str, BaselinePlan] = field(default_factory=dict)
    losers: dict[str, Change] = field(default_factory=dict)
    losses: list[tuple[Change, BaselinePlan]] = field(default_factory=list)


def plan_baselines(planning: Planning) -> None:
    """Plan the present baselines: first what each is, then groups and defaults as a whole."""
    plans: list[BaselinePlan] = []
    for entry in planning.declaration.baselines:
        try:
            if not entry.absent:
                plans.append(_plan_baseline(planning, entry))
        except ViolationError as violation:
            planning.refuse(entry, str(violation))
    claims = _claims(planning, plans)
    for plan in plans:
        try:
            _plan_groups(planning, plan, claims)
            _plan_default(planning, plan, claims)
        except ViolationError as violation:
            planning.refuse(plan.entry, str(violation))
        if plan.steps or plan.finish:
            steps = plan.steps + plan.finish
            planning.baseline_steps.update(planning.plan.add(plan.change, steps))
            planning.baseline_creations.update(creation.group for creation in created(steps))
    for change, claim in claims.losses:
        # It is told already where it has steps of its own.
        if not any(one is change for one in planning.plan.changes):
            change.follows = claim.change
            planning.plan.changes.append(change)


def _claims(planning: Planning, plans: list[BaselinePlan]) -> Claims:
    claims = Claims(losers={patch_baseline.bare_id(plan.id): plan.change for plan in plans if isinstance(plan.id, str)})
    for plan in plans:
        firsts = {
            f"patch_groups: {group!r}": claims.groups.setdefault((plan.system, str(group)), plan)
            for group in plan.wanted_groups or ()
        }
        if plan.wanted_default:
            firsts["default: the default"] = claims.defaults.setdefault(plan.system, plan)
        for what, first in firsts.items():
            if first is not plan:
                text = f"{what} of {plan.system} is declared for {first.entry.title} already; one baseline can have it"
                planning.refuse(plan.entry, text)
    for system, claim in claims.defaults.items():
        if not claim.is_default:
            planning.default_claims[system] = _default_step(claim.change, claim.id).key
    return claims


def plan_baseline_removals(planning: Planning) -> None:
    """Plan the absent baselines, after the present ones, and after the windows and tasks that go.

    None of these may patch by another baseline before.
    """
    removals = [
        step
        for step in planning.plan.steps
        if step.change.action == "delete" and step.change.kind in ("window", "task")
    ]
    for entry in planning.declaration.baselines:
        try:
            if entry.absent:
                # What is pruned waits for all else, so nothing else may wait for it.
                needs = {step.key for step in removals if entry.pruned or not step.is_late}
                _plan_removal(planning, entry, needs)
        except ViolationError as violation:
            planning.refuse(entry, str(violation))


def _find(planning: Planning, entry: Entry) -> dict[str, Any] | None:
    identities = planning.account.identities
    matches = matching_baselines(entry, identities)
    if len(matches) > 1:
        ids = ", ".join(f"{one['BaselineId']} for {one.get('OperatingSystem')}" for one in matches)
        raise ViolationError(
            f"name: {entry.name!r} is the name of several baselines ({ids}); give operating_system or baseline_id"
        )
    if entry.id and not matches and not entry.absent:
        raise ViolationError(f"baseline_id: {entry.id!r} does not exist; leave it out to create a baseline")
    if not matches and entry.name and entry.name.startswith("AWS-"):
        raise ViolationError(
            f"name: {entry.name!r} is no baseline of AWS in this region; own baselines must not begin with AWS-"
        )
    if entry.id and entry.name and matches and not entry.absent:
        _refuse_namesake(entry, matches[0], identities)
    return matches[0] if matches else None


def _refuse_namesake(entry: Entry, found: dict[str, Any], identities: list[dict[str, Any]]) -> None:
    """A rename must not make a second baseline of a name and operating system."""
    rivals = [
        one["BaselineId"]
        for one in identities
        if one.get("BaselineName") == entry.name
        and one.get("OperatingSystem") == found.get("OperatingSystem")
        and not _same(one["BaselineId"], found["BaselineId"])
    ]
    if rivals:
        raise ViolationError(
            f"name: {entry.name!r} is already the name of baseline {', '.join(rivals)}; choose another"
        )


def _plan_baseline(planning: Planning, entry: Entry) -> BaselinePlan:
    identity = _find(planning, entry)
    if identity is None:
        return _create(planning, entry)
    planning.claim(entry, patch_baseline.bare_id(identity["BaselineId"]))
    if patch_baseline.is_aws_owned(identity["BaselineId"]):
        return _aws_owned(planning, entry, identity)
    resource = planning.account.baselines.get(identity["BaselineId"])
    if resource is None or not resource.full:
        return _create(planning, entry)
    is_default = bool(identity.get("DefaultBaseline"))
    if entry.values.get("operating_system") not in (None, identity.get("OperatingSystem")):
        return _recreate(planning, entry, resource, identity)
    return _update(planning, entry, resource, is_default)


def _recreate(planning: Planning, entry: Entry, old: Resource, identity: dict[str, Any]) -> BaselinePlan:
    """A baseline of another operating system takes the place of the old one, which goes at the end."""
    system, is_default = str(identity["OperatingSystem"]), bool(identity.get("DefaultBaseline"))
    if not entry.params.get("recreate"):
        raise ViolationError(
            f"operating_system: baseline {old.name} ({old.id}) is for {system}, which cannot be changed; declare a new"
            " baseline, or give recreate: true"
        )
    successors = successor_identities(entry, identity, planning.account.identities)
    found = planning.account.baselines.get(str(successors[0]["BaselineId"])) if successors else None
    if found:
        plan = _update(planning, entry, found, bool(successors[0].get("DefaultBaseline")))
    else:
        plan = _create(planning, entry, old)
    groups = sorted(old.raw.get("PatchGroups") or ())
    before = {"patch_groups": groups, "default": is_default, **plan_tags(entry, old.tags).before}
    plan.change.action, plan.change.before = "replace", {**values_of(patch_baseline.KIND, old.raw), **before}
    if plan.wanted_groups is None:
        # An earlier run may have moved some of them already.
        plan.wanted_groups = sorted({*groups, *plan.groups})
    if plan.wanted_default is None:
        plan.wanted_default = is_default or None
    plan.finish = _removal_steps(planning, BaselinePlan(entry, old.id, system, plan.change), old, is_default)
    return plan


def _create(planning: Planning, entry: Entry, old: Resource | None = None) -> BaselinePlan:
    """old: the baseline of another operating system whose place the new one takes, and which it resembles."""
    carried = {name: value for name, value in old.raw.items() if name != "OperatingSystem"} if old else {}
    after = merge(patch_baseline.KIND, carried, entry.values)
    shown = values_of(patch_baseline.KIND, after)
    found = patch_baseline.violations(shown, shown) if old else []
    for text in required(entry, ("name", *patch_baseline.REQUIRED), shown) + found:
        planning.refuse(entry, text)
    name, system = str(shown["name"]), str(shown["operating_system"])
    tagging = plan_tags(entry, (old.tags if old else None) or {})
    title = f"baseline {name}" + (f" ({system})" if _has_namesake(planning, entry) else "")
    facts = {"patch_groups": [], "default": False, **tagging.after}
    change = Change("baseline", name, "create", Ref(title), {}, {**shown, **facts})
    body = create_body(planning.members(patch_baseline.KIND.create), after)
    if tags := tagging.wanted():
        body["Tags"] = ansible_dict_to_boto3_tag_list(tags)
    creation = Creation(
        name=name,
        id_member="BaselineId",
        listing="DescribePatchBaselines",
        result="BaselineIdentities",
        name_member="BaselineName",
        delete=patch_baseline.KIND.delete,
        where={"Filters": [{"Key": "OWNER", "Values": ["Self"]}]},
        known=frozenset(
            one["BaselineId"]
            for one in planning.account.identities
            if (one["BaselineName"], one["OperatingSystem"]) == (name, system)
        ),
        # A baseline of the same name for another operating system is no namesake.
        like={"OperatingSystem": system},
    )
    step = Step(title, change, patch_baseline.KIND.create, body, creation=creation)
    planning.answer(entry, Answer(entry, change.id, change.after, patch_baseline.facts({})))
    return BaselinePlan(entry, change.id, system, change, [step])


def _has_namesake(planning: Planning, entry: Entry) -> bool:
    return sum(other.name == entry.name for other in planning.declaration.baselines) > 1


def _update(planning: Planning, entry: Entry, resource: Resource, is_default: bool) -> BaselinePlan:
    before_raw = resource.raw
    system = str(before_raw.get("OperatingSystem"))
    after_raw = merge(patch_baseline.KIND, before_raw, entry.values)
    before, after = differing(patch_baseline.KIND, before_raw, after_raw)
    known = {entry.label + text for text in patch_baseline.violations(entry.values, entry.values)}
    for text in patch_baseline.violations(entry.values, after):
        if entry.label + text not in known:
            planning.refuse(entry, text)
    tagging = plan_tags(entry, resource.tags)
    groups = sorted(before_raw.get("PatchGroups") or ())
    facts = {"patch_groups": groups, "default": is_default}
    name = str(entry.name or resource.name)
    change = Change(
        "baseline",
        name,
        "update",
        resource.id,
        {**before, **facts, **tagging.before},
        {**after, **facts, **tagging.after},
    )
    steps = []
    body = update_body(patch_baseline.KIND, before_raw, after_raw, planning.members(patch_baseline.KIND.update))
    if body:
        request = {**body, "BaselineId": resource.id}
        rest = rest_of(planning, patch_baseline.KIND, resource, after_raw, body)
        steps.append(Step(f"{change.title} {resource.id}", change, patch_baseline.KIND.update, request, rest=rest))
    steps += tag_steps(tagging, change, patch_baseline.RESOURCE_TYPE, resource.id)
    planning.answer(entry, Answer(entry, resource.id, change.after, patch_baseline.facts(before_raw)))
    return BaselinePlan(entry, resource.id, system, change, steps, groups, is_default)


def _aws_owned(planning: Planning, entry: Entry, identity: dict[str, Any]) -> BaselinePlan:
    arn, system = str(identity["BaselineId"]), str(identity["OperatingSystem"])
    given = {name for name, value in entry.params.items() if value is not None}
    refused = sorted(given & {option.name for option in patch_baseline.OPTIONS} - patch_baseline.AWS_OWNED_OPTIONS)
    if refused:
        raise ViolationError(
            f"{', '.join(refused)}: {identity['BaselineName']} is owned by AWS and never changed; it takes only"
            " operating_system, patch_groups and default"
        )
    groups = sorted(
        group for (of, group), holder in planning.account.groups.items() if of == system and _same(holder, arn)
    )
    shown = {"name": identity["BaselineName"], "operating_system": system}
    facts = {"patch_groups": groups, "default": bool(identity.get("DefaultBaseline"))}
    change = Change("baseline", str(identity["BaselineName"]), "update", arn, {**shown, **facts}, {**shown, **facts})
    planning.answer(entry, Answer(entry, arn, change.after, patch_baseline.facts({})))
    return BaselinePlan(entry, arn, system, change, [], groups, bool(identity.get("DefaultBaseline")))


def _same(one: Id, other: Id) -> bool:
    return (
        isinstance(one, str) and isinstance(other, str) and patch_baseline.bare_id(one) == patch_baseline.bare_id(other)
    )


def _plan_groups(planning: Planning, plan: BaselinePlan, claims: Claims) -> None:
    entry, change, wanted = plan.entry, plan.change, plan.wanted_groups
    if wanted is None:
        return
    keep = (
        []
        if entry.params.get("purge_patch_groups", True) and not patch_baseline.is_aws_owned(str(plan.id))
        else plan.groups
    )
    after = sorted({str(group) for group in wanted} | set(keep))
    # A group that is dropped falls to the default baseline, which another declared one may be about to become.
    heir = claims.defaults.get(plan.system)
    follows = heir and heir is not plan and not heir.is_default
    successor = {planning.default_claims[plan.system]} if follows else set()
    for group in sorted(set(plan.groups) - set(after)):
        # Another declared baseline that claims the group takes it over itself.
        if (plan.system, group) not in claims.groups:
            step = _group_step(plan, _DEREGISTER_GROUP, plan.id, group, tolerate=GONE)
            step.needs |= successor
            plan.steps.append(step)
    for group in after:
        if group not in plan.groups:
            plan.steps += _claim(planning, plan, group, claims)
    change.after["patch_groups"] = after


def _claim(planning: Planning, plan: BaselinePlan, group: str, claims: Claims) -> list[Step]:
    holder = planning.account.groups.get((plan.system, group))
    if holder is None or _same(holder, plan.id):
        return [_group_step(plan, _REGISTER_GROUP, plan.id, group)]
    if not plan.entry.params.get("move_patch_groups"):
        names = [one["BaselineName"] for one in planning.account.identities if _same(one["BaselineId"], holder)]
        planning.refuse(
            plan.entry,
            f"patch_groups: {group!r} is registered with baseline {names[0] if names else holder} ({holder}) for"
            f" {plan.system}; give move_patch_groups: true to move it",
        )
        return []
    loser = _loser(planning, plan, holder, claims)
    if "patch_groups" not in loser.before:
        groups = sorted(name for (_system, name), of in planning.account.groups.items() if _same(of, holder))
        loser.before["patch_groups"] = loser.after["patch_groups"] = groups
    loser.after["patch_groups"] = [name for name in loser.after["patch_groups"] if name != group]
    back = (_REGISTER_GROUP, {"BaselineId": holder, "PatchGroup": group})
    register = _group_step(plan, _REGISTER_GROUP, plan.id, group)
    register.undo, register.if_failed = back, f"patch group {group!r} was put back to baseline {holder}"
    return [_group_step(plan, _DEREGISTER_GROUP, holder, group, tolerate=GONE), register]


def _loser(planning: Planning, plan: BaselinePlan, holder: str, claims: Claims) -> Change:
    """The change of a baseline that loses a group or the default by the steps of the one that claims it."""
    change = claims.losers.get(patch_baseline.bare_id(holder))
    if change is None:
        names = [str(one["BaselineName"]) for one in planning.account.identities if _same(one["BaselineId"], holder)]
        change = Change("baseline", names[0] if names else holder, "update", holder)
        claims.losers[patch_baseline.bare_id(holder)] = change
    removed = (entry for entry in planning.declaration.baselines if entry.absent)
    leaving = [one["BaselineId"] for entry in removed for one in matching_baselines(entry, planning.account.identities)]
    if not any(_same(one, holder) for one in leaving):
        claims.losses.append((change, plan))
    return change


def _group_step(plan: BaselinePlan, operation: str, holder: Id, group: str, **extra: Any) -> Step:
    key = f"{plan.change.title} {plan.system} {plan.id} {operation} {holder} {group}"
    return Step(key, plan.change, operation, {"BaselineId": holder, "PatchGroup": group}, **extra)


def _plan_default(planning: Planning, plan: BaselinePlan, claims: Claims) -> None:
    wanted, change = plan.wanted_default, plan.change
    if wanted is None or wanted == plan.is_default:
        return
    claim = claims.defaults.get(plan.system)
    if wanted:
        plan.steps.append(_default_step(change, plan.id))
        _lose_default(planning, plan, claims)
    elif claim:
        # The one that claims the default takes it; to restore that of AWS as well could come after it.
        claims.losses.append((change, claim))
    elif patch_baseline.is_aws_owned(str(plan.id)):
        raise ViolationError("default: the default of AWS cannot be unset; make another baseline the default")
    else:
        plan.steps.append(_default_step(change, _aws_default(planning, plan.system)))
    change.after["default"] = wanted


def _lose_default(planning: Planning, plan: BaselinePlan, claims: Claims) -> None:
    """Name the baseline that loses the default. Those of AWS never change, and need no naming."""
    for one in planning.account.identities:
        holder = str(one["BaselineId"])
        holds = one.get("DefaultBaseline") and one.get("OperatingSystem") == plan.system
        if holds and not patch_baseline.is_aws_owned(holder):
            loser = _loser(planning, plan, holder, claims)
            loser.before["default"], loser.after["default"] = True, False


def _default_step(change: Change, baseline_id: Id) -> Step:
    return Step(f"{change.title} default {baseline_id}", change, _REGISTER_DEFAULT, {"BaselineId": baseline_id})


def _aws_default(planning: Planning, system: str) -> str:
    found = patch_baseline.aws_default(planning.account.identities, system)
    if found is None:
        raise ViolationError(f"default: no single default baseline of AWS for {system} was found in this region")
    return found


def _plan_removal(planning: Planning, entry: Entry, needs: set[str]) -> None:
    identity = _find(planning, entry)
    planning.answer(entry, Answer(entry, None, {}))
    if identity is None:
        return
    baseline_id, system = str(identity["BaselineId"]), str(identity["OperatingSystem"])
    planning.claim(entry, patch_baseline.bare_id(baseline_id))
    if patch_baseline.is_aws_owned(baseline_id):
        raise ViolationError(f"state: {identity['BaselineName']} is owned by AWS and cannot be deleted")
    resource = planning.account.baselines.get(baseline_id)
    if resource is None or not resource.full:
        return
    groups = sorted(resource.raw.get("PatchGroups") or ())
    facts = {"patch_groups": groups, "default": bool(identity.get("DefaultBaseline"))}
    before = {**values_of(patch_baseline.KIND, resource.raw), **facts}
    change = Change("baseline", str(resource.name), "delete", baseline_id, before, late=entry.pruned)
    plan = BaselinePlan(entry, baseline_id, system, change)
    steps = _removal_steps(planning, plan, resource, bool(identity.get("DefaultBaseline")))
    # What replaces it must be there first, or the default baseline would decide what its nodes install.
    steps[0].needs |= needs | planning.baseline_steps
    steps[0].after |= planning.baseline_creations
    planning.plan.add(change, steps)


def _removal_steps(planning: Planning, plan: BaselinePlan, resource: Resource, is_default: bool) -> list[Step]:
    """What uses the baseline goes first: the service refuses to delete a default, or one with groups."""
    change, steps, needs = plan.change, [], set()
    claim = planning.default_claims.get(plan.system)
    if is_default and claim:
        needs = {claim}
    elif is_default:
        steps.append(_default_step(change, _aws_default(planning, plan.system)))
    for group in sorted(resource.raw.get("PatchGroups") or ()):
        steps.append(_group_step(plan, _DEREGISTER_GROUP, resource.id, group, tolerate=GONE))
    # The service may need a moment until a baseline counts as unused.
    retry = frozenset({"ResourceInUseException"})
    request = {"BaselineId": resource.id}
    key = f"{change.title} {resource.id} delete"
    steps.append(Step(key, change, patch_baseline.KIND.delete, request, needs, tolerate=GONE, retry=retry))
    steps[0].guard = guard_of(patch_baseline.KIND, resource)
    return steps
