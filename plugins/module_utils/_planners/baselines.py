# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans patch baselines, their patch groups, and the default baseline of each operating system. Pure functions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from .._aws.client import GONE
from .._options.kind import Kind, values_of
from .._resources import patch_baseline
from .._resources.patch_filters import new_filters
from .._state.account import Resource
from .._state.declaration import Entry
from .._state.identity import matching_baselines, successor_identities
from .changes import Change, Guard, Id, Step, created
from .planning import Answer, Inputs, Part, ViolationError, plan_tags
from .resource import Draft, create, refuse_rivals, update

_REGISTER_GROUP = "RegisterPatchBaselineForPatchGroup"
_DEREGISTER_GROUP = "DeregisterPatchBaselineForPatchGroup"
_REGISTER_DEFAULT = "RegisterDefaultPatchBaseline"


@dataclass(frozen=True)
class Leaving:
    """A baseline that is deleted. is_default: whether it is the default of its operating system."""

    resource: Resource
    system: str
    is_default: bool


@dataclass
class BaselinePlan:
    """One present baseline while it is planned: its values, and its current patch groups and default.

    wanted_groups, wanted_default: the declared values, or None. leaves: steps that run after all others and leave nodes
    to the default baseline, or to the one of AWS. replaces: the baseline that it replaces, which is deleted afterwards.
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
    leaves: list[Step] = field(default_factory=list)
    replaces: Leaving | None = None

    def __post_init__(self) -> None:
        self.wanted_groups = self.entry.values.get("patch_groups")
        self.wanted_default = self.entry.values.get("default")


@dataclass
class Claims:
    """The baselines that claim patch groups and defaults in this declaration, and the baselines that lose them.

    groups, defaults: the plan that claims a group of an operating system, or its default. heirs: the plan whose
    baseline is or becomes the default, and the steps that must succeed before a group may fall back to it. losers:
    changes by the bare ID of their baseline. losses: changes that result from the steps of a claim.
    """

    groups: dict[tuple[str, str], BaselinePlan] = field(default_factory=dict)
    defaults: dict[str, BaselinePlan] = field(default_factory=dict)
    heirs: dict[str, tuple[BaselinePlan, frozenset[str]]] = field(default_factory=dict)
    losers: dict[str, Change] = field(default_factory=dict)
    losses: list[tuple[Change, BaselinePlan]] = field(default_factory=list)

    def default_step(self, system: str) -> str | None:
        """The key of the step that makes another baseline the default of an operating system."""
        claim = self.defaults.get(system)
        return _default_key(claim.change, claim.id) if claim and not claim.is_default else None

    def needs_of_drop(self, system: str, plan: BaselinePlan) -> frozenset[str]:
        """What must have succeeded before a plan may let a group fall to the default baseline of a system.

        The steps of a plan wait for each other anyway.
        """
        heir, needs = self.heirs.get(system, (plan, frozenset[str]()))
        return frozenset() if heir is plan else needs


@dataclass(frozen=True)
class BaselinePlans:
    """The present baselines.

    steps, creations: steps that must succeed, and creations that must end, before a window may install more. leaving:
    steps that wait until the windows install less.
    """

    part: Part
    claims: Claims
    leaving: frozenset[str] = frozenset()
    steps: frozenset[str] = frozenset()
    creations: frozenset[str] = frozenset()


def plan_baselines(inputs: Inputs) -> BaselinePlans:
    """Plan the present baselines: first each baseline by itself, then all patch groups and defaults together."""
    part = Part()
    plans: list[BaselinePlan] = []
    for entry in inputs.declaration.baselines:
        try:
            if not entry.absent:
                plans.append(_plan_baseline(inputs, entry, part))
        except ViolationError as violation:
            part.refuse(entry, [str(violation)])
    claims = _claims(plans, part)
    _plan_registrations(inputs, plans, claims, part)
    late = any(entry.pruned for window in inputs.declaration.windows for entry in (window, *window.contents))
    for plan in plans:
        # A step that waits for a pruned window or task cannot run earlier than that.
        leaves = [replace(step, late=late) for step in plan.leaves]
        if plan.steps or leaves:
            part.add(plan.change, plan.steps + leaves)
    for change, claim in claims.losses:
        # A change that has its own steps is in the plan already.
        if change not in part.changes:
            change.follows = claim.change
            part.changes.append(change)
    creations = frozenset(creation.group for creation in created(part.steps))
    steps = frozenset(step.key for step in part.steps if not step.is_late)
    return BaselinePlans(part, claims, frozenset(plan.leaves[0].key for plan in plans if plan.leaves), steps, creations)


def _claims(plans: list[BaselinePlan], part: Part) -> Claims:
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
                text = (
                    f"{what} of {plan.system} is already declared for {first.entry.title}; declare it for one"
                    " baseline only"
                )
                part.refuse(plan.entry, [text])
    return claims


def _plan_registrations(inputs: Inputs, plans: list[BaselinePlan], claims: Claims, part: Part) -> None:
    """Plan patch groups and defaults. All claims come first, because a dropped group falls back to the default."""
    for plan in plans:
        try:
            _claim_groups(inputs, plan, claims, part)
            _plan_default(inputs, plan, claims)
        except ViolationError as violation:
            part.refuse(plan.entry, [str(violation)])
    claims.heirs = _heirs(plans, claims)
    for plan in plans:
        try:
            plan.leaves += [*_drop_groups(plan, claims), *_replaced(inputs, plan, claims)]
        except ViolationError as violation:
            part.refuse(plan.entry, [str(violation)])


def _heirs(plans: list[BaselinePlan], claims: Claims) -> dict[str, tuple[BaselinePlan, frozenset[str]]]:
    heirs = {plan.system: plan for plan in plans if plan.is_default} | claims.defaults
    return {
        system: (heir, frozenset(step.key for step in (*heir.steps, *heir.leaves))) for system, heir in heirs.items()
    }


def plan_baseline_removals(inputs: Inputs, baselines: BaselinePlans, ends: Collection[Step]) -> Part:
    """Plan the absent baselines, after the present ones and after all steps that make windows install less.

    Until then, no window may patch by another baseline. ends: the steps that make windows install less.
    """
    part = Part()
    for entry in inputs.declaration.baselines:
        try:
            if entry.absent:
                _plan_removal(inputs, entry, baselines, ends, part)
        except ViolationError as violation:
            part.refuse(entry, [str(violation)])
    return part


def _find(inputs: Inputs, entry: Entry) -> dict[str, Any] | None:
    identities = inputs.account.identities
    matches = matching_baselines(entry, identities)
    if len(matches) > 1:
        ids = ", ".join(f"{one['BaselineId']} for {one.get('OperatingSystem')}" for one in matches)
        raise ViolationError(
            f"name: {entry.name!r} is the name of several baselines ({ids}); specify operating_system or baseline_id"
        )
    if entry.id and not matches and not entry.absent:
        raise ViolationError(f"baseline_id: {entry.id!r} does not exist; omit it to create a baseline")
    if not matches and entry.name and entry.name.startswith("AWS-"):
        raise ViolationError(
            f"name: {entry.name!r} is not an AWS-owned baseline in this Region; the names of your baselines must"
            f" not begin with AWS-"
        )
    if entry.id and entry.name and matches:
        refuse_rivals(entry, _namesakes(entry, matches[0], identities))
    return matches[0] if matches else None


def _namesakes(entry: Entry, found: dict[str, Any], identities: list[dict[str, Any]]) -> list[str]:
    """The other baselines with this name for the same operating system."""
    return [
        str(one["BaselineId"])
        for one in identities
        if one.get("BaselineName") == entry.name
        and one.get("OperatingSystem") == found.get("OperatingSystem")
        and not _same(one["BaselineId"], found["BaselineId"])
    ]


def _plan_baseline(inputs: Inputs, entry: Entry, part: Part) -> BaselinePlan:
    identity = _find(inputs, entry)
    if identity is None:
        return _create(inputs, entry, part)
    part.claims.append((entry, patch_baseline.bare_id(identity["BaselineId"])))
    if patch_baseline.is_aws_owned(identity["BaselineId"]):
        return _aws_owned(inputs, entry, identity, part)
    resource = inputs.account.baselines.get(identity["BaselineId"])
    if resource is None or not resource.full:
        return _create(inputs, entry, part)
    is_default = bool(identity.get("DefaultBaseline"))
    if entry.values.get("operating_system") not in (None, identity.get("OperatingSystem")):
        return _recreate(inputs, entry, resource, identity, part)
    return _update(inputs, entry, resource, is_default, part)


def _recreate(inputs: Inputs, entry: Entry, old: Resource, identity: dict[str, Any], part: Part) -> BaselinePlan:
    """Replace a baseline by one for another operating system. The old one is deleted at the end."""
    system, is_default = str(identity["OperatingSystem"]), bool(identity.get("DefaultBaseline"))
    if not entry.values.get("recreate"):
        raise ViolationError(
            f"operating_system: baseline {old.name} ({old.id}) is for {system}, which cannot be changed; declare a new"
            " baseline, or specify recreate: true"
        )
    successors = successor_identities(entry, identity, inputs.account.identities)
    found = inputs.account.baselines.get(str(successors[0]["BaselineId"])) if successors else None
    if found:
        plan = _update(inputs, entry, found, bool(successors[0].get("DefaultBaseline")), part)
    else:
        plan = _create(inputs, entry, part, old)
    groups = sorted(old.raw.get("PatchGroups") or ())
    before = {"patch_groups": groups, "default": is_default, **plan_tags(entry, old.tags).before}
    plan.change.action, plan.change.before = "replace", {**values_of(entry.kind, old.raw), **before}
    if plan.wanted_groups is None:
        # An earlier run may already have moved some of them.
        plan.wanted_groups = sorted({*groups, *plan.groups})
    if plan.wanted_default is None:
        plan.wanted_default = is_default or None
    plan.replaces = Leaving(old, system, is_default)
    return plan


def _create(inputs: Inputs, entry: Entry, part: Part, old: Resource | None = None) -> BaselinePlan:
    """Plan a new baseline, from the values of old, a baseline of another operating system that it replaces."""
    name = entry.name or (old.name if old else None)
    system = str(entry.values.get("operating_system"))
    known = frozenset(
        one["BaselineId"]
        for one in inputs.account.identities
        if (one["BaselineName"], one["OperatingSystem"]) == (name, system)
    )
    title = f"baseline {name}" + (f" ({system})" if _has_namesake(inputs, entry) else "")
    draft = create(inputs, entry, known, title, old)
    draft.change.after.update({"patch_groups": [], "default": False})
    _note(entry, draft, None, part)
    return BaselinePlan(entry, draft.change.id, system, draft.change, list(draft.steps))


def _has_namesake(inputs: Inputs, entry: Entry) -> bool:
    return sum(other.name == entry.name for other in inputs.declaration.baselines) > 1


def _update(inputs: Inputs, entry: Entry, resource: Resource, is_default: bool, part: Part) -> BaselinePlan:
    draft = update(inputs, entry, resource)
    system, groups = str(resource.raw.get("OperatingSystem")), sorted(resource.raw.get("PatchGroups") or ())
    for values in (draft.change.before, draft.change.after):
        values.update({"patch_groups": groups, "default": is_default})
    _note(entry, draft, resource, part)
    return BaselinePlan(entry, resource.id, system, draft.change, list(draft.steps), groups, is_default)


def _note(entry: Entry, draft: Draft, stored: Resource | None, part: Part) -> None:
    """Note the result of a baseline, its violations, and the filters that it would write."""
    raw = stored.raw if stored else {}
    part.refuse(entry, draft.violations)
    part.answers[entry] = Answer(draft.change.id, draft.change.after, entry.kind.facts(raw))
    written = draft.body if stored else draft.planned
    part.filters += new_filters(entry.label, draft.after, written, raw)


def _aws_owned(inputs: Inputs, entry: Entry, identity: dict[str, Any], part: Part) -> BaselinePlan:
    arn, system = str(identity["BaselineId"]), str(identity["OperatingSystem"])
    refused = sorted(
        {option.name for option in entry.kind.options} & set(entry.values) - patch_baseline.AWS_OWNED_OPTIONS
    )
    if refused:
        raise ViolationError(
            f"{', '.join(refused)}: {identity['BaselineName']} is owned by AWS and cannot be changed; you can"
            f" specify only"
            " operating_system, patch_groups and default"
        )
    groups = sorted(
        group for (of, group), holder in inputs.account.groups.items() if of == system and _same(holder, arn)
    )
    shown = {"name": identity["BaselineName"], "operating_system": system}
    facts = {"patch_groups": groups, "default": bool(identity.get("DefaultBaseline"))}
    change = Change("baseline", str(identity["BaselineName"]), "update", arn, {**shown, **facts}, {**shown, **facts})
    part.answers[entry] = Answer(arn, change.after, entry.kind.facts({}))
    return BaselinePlan(entry, arn, system, change, [], groups, bool(identity.get("DefaultBaseline")))


def _same(one: Id, other: Id) -> bool:
    return (
        isinstance(one, str) and isinstance(other, str) and patch_baseline.bare_id(one) == patch_baseline.bare_id(other)
    )


def _claim_groups(inputs: Inputs, plan: BaselinePlan, claims: Claims, part: Part) -> None:
    entry, wanted = plan.entry, plan.wanted_groups
    if wanted is None:
        return
    purges = entry.values.get("purge_patch_groups", True) and not patch_baseline.is_aws_owned(str(plan.id))
    keep = [] if purges else [group for group in plan.groups if claims.groups.get((plan.system, group), plan) is plan]
    after = sorted({str(group) for group in wanted} | set(keep))
    for group in after:
        if group not in plan.groups:
            plan.steps += _claim(inputs, plan, group, claims, part)
    plan.change.after["patch_groups"] = after


def _drop_groups(plan: BaselinePlan, claims: Claims) -> list[Step]:
    """The calls that leave groups without a baseline. A group that another declared baseline claims moves there."""
    if plan.wanted_groups is None:
        return []
    dropped = sorted(set(plan.groups) - set(plan.change.after["patch_groups"]))
    needs = claims.needs_of_drop(plan.system, plan)
    return [
        _group_step(plan.change, _DEREGISTER_GROUP, plan.id, group, needs=needs, tolerate=GONE)
        for group in dropped
        if (plan.system, group) not in claims.groups
    ]


def _replaced(inputs: Inputs, plan: BaselinePlan, claims: Claims) -> list[Step]:
    """The removal of the baseline that a plan replaces."""
    old = plan.replaces
    if old is None:
        return []
    first, *others = _removal_steps(inputs, plan.change, plan.entry.kind, old, claims)
    return [first.waiting(claims.needs_of_drop(old.system, plan)), *others]


def _claim(inputs: Inputs, plan: BaselinePlan, group: str, claims: Claims, part: Part) -> list[Step]:
    holder = inputs.account.groups.get((plan.system, group))
    if holder is None or _same(holder, plan.id):
        return [_group_step(plan.change, _REGISTER_GROUP, plan.id, group)]
    if not plan.entry.values.get("move_patch_groups"):
        names = [one["BaselineName"] for one in inputs.account.identities if _same(one["BaselineId"], holder)]
        text = (
            f"patch_groups: {group!r} is registered with baseline {names[0] if names else holder} ({holder}) for"
            f" {plan.system}; specify move_patch_groups: true to move it"
        )
        # The owner of that baseline is checked from the steps, so that all missing options are named at once.
        part.refuse(plan.entry, [text])
    loser = _loser(inputs, plan, holder, claims)
    if "patch_groups" not in loser.before:
        groups = sorted(name for (_system, name), of in inputs.account.groups.items() if _same(of, holder))
        loser.before["patch_groups"] = loser.after["patch_groups"] = groups
    loser.after["patch_groups"] = [name for name in loser.after["patch_groups"] if name != group]
    back = (_REGISTER_GROUP, {"BaselineId": holder, "PatchGroup": group})
    failed = f"patch group {group!r} was restored to baseline {holder}"
    register = _group_step(plan.change, _REGISTER_GROUP, plan.id, group, undo=back, if_failed=failed)
    return [_group_step(plan.change, _DEREGISTER_GROUP, holder, group, tolerate=GONE), register]


def _loser(inputs: Inputs, plan: BaselinePlan, holder: str, claims: Claims) -> Change:
    """The change of a baseline that loses a group or the default to the baseline that claims it."""
    change = claims.losers.get(patch_baseline.bare_id(holder))
    if change is None:
        names = [str(one["BaselineName"]) for one in inputs.account.identities if _same(one["BaselineId"], holder)]
        change = Change("baseline", names[0] if names else holder, "update", holder)
        claims.losers[patch_baseline.bare_id(holder)] = change
    removed = (entry for entry in inputs.declaration.baselines if entry.absent)
    leaving = [one["BaselineId"] for entry in removed for one in matching_baselines(entry, inputs.account.identities)]
    if not any(_same(one, holder) for one in leaving):
        claims.losses.append((change, plan))
    return change


def _group_step(change: Change, operation: str, holder: Id, group: str, **extra: Any) -> Step:
    key = f"{change.title} {change.id} {operation} {holder} {group}"
    return Step(key, change, operation, {"BaselineId": holder, "PatchGroup": group}, **extra)


def _plan_default(inputs: Inputs, plan: BaselinePlan, claims: Claims) -> None:
    wanted, change = plan.wanted_default, plan.change
    if wanted is None or wanted == plan.is_default:
        return
    claim = claims.defaults.get(plan.system)
    if wanted:
        plan.steps.append(_default_step(inputs, change, plan.system, plan.id))
        _lose_default(inputs, plan, claims)
    elif claim:
        # The claim sets the default. Restoring the one of AWS as well could run after it.
        claims.losses.append((change, claim))
    elif patch_baseline.is_aws_owned(str(plan.id)):
        raise ViolationError("default: the default baseline of AWS cannot be unset; make another baseline the default")
    else:
        plan.leaves.append(_default_step(inputs, change, plan.system, _aws_default(inputs, plan.system)))
    change.after["default"] = wanted


def _lose_default(inputs: Inputs, plan: BaselinePlan, claims: Claims) -> None:
    """Add the change of the baseline that loses the default, unless it is one of AWS, which never change."""
    for one in inputs.account.identities:
        holder = str(one["BaselineId"])
        holds = one.get("DefaultBaseline") and one.get("OperatingSystem") == plan.system
        if holds and not patch_baseline.is_aws_owned(holder):
            loser = _loser(inputs, plan, holder, claims)
            loser.before["default"], loser.after["default"] = True, False


def _default_key(change: Change, baseline_id: Id) -> str:
    return f"{change.title} default {baseline_id}"


def _default_step(inputs: Inputs, change: Change, system: str, baseline_id: Id) -> Step:
    """The call that sets the default of an operating system. It records the current default."""
    defaults = [
        str(one["BaselineId"])
        for one in inputs.account.identities
        if one["OperatingSystem"] == system and one.get("DefaultBaseline")
    ]
    before = (system, defaults[0] if defaults else "")
    key, request = _default_key(change, baseline_id), {"BaselineId": baseline_id}
    return Step(key, change, _REGISTER_DEFAULT, request, default_before=before)


def _aws_default(inputs: Inputs, system: str) -> str:
    found = patch_baseline.aws_default(inputs.account.identities, system)
    if found is None:
        raise ViolationError(f"default: no single default baseline of AWS for {system} was found in this Region")
    return found


def _plan_removal(inputs: Inputs, entry: Entry, baselines: BaselinePlans, ends: Collection[Step], part: Part) -> None:
    identity = _find(inputs, entry)
    part.answers[entry] = Answer(None, {})
    if identity is None:
        return
    baseline_id, system = str(identity["BaselineId"]), str(identity["OperatingSystem"])
    part.claims.append((entry, patch_baseline.bare_id(baseline_id)))
    if patch_baseline.is_aws_owned(baseline_id):
        raise ViolationError(f"state: {identity['BaselineName']} is owned by AWS and cannot be deleted")
    resource = inputs.account.baselines.get(baseline_id)
    if resource is None or not resource.full:
        return
    groups = sorted(resource.raw.get("PatchGroups") or ())
    leaving = Leaving(resource, system, bool(identity.get("DefaultBaseline")))
    facts = {"patch_groups": groups, "default": leaving.is_default}
    before = {**values_of(entry.kind, resource.raw), **facts}
    change = Change("baseline", str(resource.name), "delete", baseline_id, before, late=entry.pruned)
    first, *others = _removal_steps(inputs, change, entry.kind, leaving, baselines.claims)
    # The replacement must exist first. Otherwise the default baseline would decide what the nodes install.
    needs = {step.key for step in ends} | baselines.steps
    late = any(step.is_late for step in ends)
    steps = [first.waiting(needs, baselines.creations), *others]
    part.add(change, [replace(step, late=late) for step in steps])


def _removal_steps(inputs: Inputs, change: Change, kind: Kind, leaving: Leaving, claims: Claims) -> list[Step]:
    """Remove what uses the baseline first: AWS does not delete a default baseline or one with patch groups."""
    resource, system, steps = leaving.resource, leaving.system, list[Step]()
    # A declared baseline that becomes the default sets it. Restoring the one of AWS as well could run after it.
    claim = claims.default_step(system) if leaving.is_default else None
    needs = frozenset({claim}) if claim else frozenset[str]()
    if leaving.is_default and not claim:
        steps.append(_default_step(inputs, change, system, _aws_default(inputs, system)))
    for group in sorted(resource.raw.get("PatchGroups") or ()):
        steps.append(_group_step(change, _DEREGISTER_GROUP, resource.id, group, tolerate=GONE))
    # The service may need a moment until it considers a baseline unused.
    retry = frozenset({"ResourceInUseException"})
    request = {"BaselineId": resource.id}
    key = f"{change.title} {resource.id} delete"
    steps.append(Step(key, change, kind.delete, request, needs, tolerate=GONE, retry=retry))
    return [replace(steps[0], guard=Guard(kind, resource.id, resource.name)), *steps[1:]]
