# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which baselines decide once a planned setup is applied: what is there and planned, and what comes out."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._fleet.model import Account, Window
from ansible_collections.patchfleet.aws.plugins.module_utils._forecast.planned import PlannedSetup, known_id

SYSTEM = "WINDOWS"
AWS = "arn:aws:ssm:eu-central-1:123456789012:patchbaseline/pb-0000000000000000a"
OWN, OTHER, NEW = "pb-00000000000000001", "pb-00000000000000002", f"new {SYSTEM} linux"


def account(default: str = "pb-0000000000000000a") -> Account:
    """An account with the default of AWS and two baselines, each with a group."""
    names = {AWS: "AWS-DefaultPatchBaseline", OWN: "own", OTHER: "other"}
    return Account(
        registered={(SYSTEM, "web"): OWN, (SYSTEM, "db"): OTHER},
        defaults={SYSTEM: default},
        identities={
            one.rpartition("/")[2]: {"BaselineId": one, "BaselineName": name, "OperatingSystem": SYSTEM}
            for one, name in names.items()
        },
        baselines={OWN: {}, OTHER: {}},
    )


def planned(baseline_id: str | None = OWN, **changed: Any) -> dict[str, Any]:
    """A baseline as a setup returns it."""
    entry = {"baseline_id": baseline_id, "name": "linux", "operating_system": SYSTEM, "patch_groups": ["web"]}
    return {**entry, "default": False, **changed}


def change(action: str, fields: tuple[str, ...] = (), baseline_id: str | None = OWN) -> dict[str, Any]:
    """A change as a setup returns it."""
    return {"kind": "baseline", "action": action, "id": baseline_id, "fields": [*fields]}


@pytest.mark.parametrize(
    ("default", "baselines", "changes", "groups", "after", "rewritten"),
    [
        pytest.param("a", [planned()], [], {"web": OWN, "db": OTHER}, "a", set(), id="nothing"),
        pytest.param(
            "a", [planned(patch_groups=["db"])], [change("update", ("patch_groups",))], {"db": OWN}, "a", set(),
            id="other groups",
        ),
        pytest.param(
            "a", [planned()], [change("update", ("rejected_patches", "tags"))], {"web": OWN, "db": OTHER}, "a", {OWN},
            id="other patches",
        ),
        pytest.param(
            "a", [planned(default=True)], [change("update", ("default",))], {"web": OWN, "db": OTHER}, OWN, set(),
            id="the default",
        ),
        pytest.param(
            OWN, [planned(default=False)], [change("update", ("default",))], {"web": OWN, "db": OTHER}, "a", set(),
            id="no longer the default",
        ),
        pytest.param(
            OTHER, [planned()], [], {"web": OWN, "db": OTHER}, OTHER, set(), id="the default of another baseline"
        ),
        pytest.param(
            "a", [planned(None, default=True)], [change("create", baseline_id=None)], {"web": NEW, "db": OTHER}, NEW,
            {NEW}, id="a new one",
        ),
        pytest.param(OWN, [], [change("delete")], {"db": OTHER}, "a", set(), id="a removal"),
    ],
)  # fmt: skip
def test_which_baselines_will_decide(
    default: str,
    baselines: list[dict[str, Any]],
    changes: list[dict[str, Any]],
    groups: dict[str, str],
    after: str,
    rewritten: set[str],
) -> None:
    aws = "pb-0000000000000000a"
    known = account(aws if default == "a" else default)
    setup = PlannedSetup({"changes": changes, "baselines": baselines, "windows": []})

    setup.apply(known)

    assert {group: holder for (_system, group), holder in known.registered.items()} == groups
    assert known.defaults == {SYSTEM: aws if after == "a" else after}
    assert setup.rewritten == rewritten
    # What those approve cannot be read before they are so.
    assert {name for name, raw in known.baselines.items() if raw is None} == rewritten
    assert (OWN in known.identities) == (not changes or changes[0]["action"] != "delete")


def test_windows_are_as_planned_and_what_goes_is_gone() -> None:
    kept = Window("mw-1", "old", {"Enabled": True}, targets={"t": {"Name": "web"}, "gone": {}}, tasks={"gone too": {}})
    known = Account([kept, Window("mw-2", "leaving", {})])
    removed = [{"kind": "window", "action": "delete", "id": one, "fields": []} for one in ("mw-2", "gone", "gone too")]
    window = {"window_id": "mw-1", "name": "prod", "schedule": "rate(1 day)", "duration": 2, "cutoff": 1}
    target = {"window_target_id": None, "name": "web", "patch_groups": ["web"], "targets": None}
    inside = {"targets": [target], "patch_tasks": [], "tasks": []}
    facts = {"enabled": True, "allow_unassociated_targets": True, "next_execution_time": "2026-01-02T00:00Z"}
    setup = PlannedSetup({"changes": removed, "baselines": [], "windows": [{**window, **inside, **facts}]})

    setup.apply(known)

    assert known.windows == [kept]
    assert (kept.name, kept.allows_unassociated, setup.windows) == ("prod", True, {"mw-1"})
    # A new target of the name takes the place of the old one.
    assert [*kept.targets] == ["new web"]
    assert kept.tasks == {}


@pytest.mark.parametrize(("given", "known"), [(None, None), ("new prod", None), ("mw-1", "mw-1")])
def test_what_does_not_exist_yet_has_no_id(given: str | None, known: str | None) -> None:
    assert known_id(given) == known
