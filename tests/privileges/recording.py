# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IAM actions that are needed, as the log of the simulator tells them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import (
    ACCOUNT,
    CLOCK,
    REGION,
    Account,
    connect,
)
from ssmsim import Simulator, others

from .module_cases import MODULE_CASES, ModuleCase
from .playbook_runs import Run

PROFILES = ("strict", "lenient")


@dataclass
class Actions:
    """The actions of one module, role or playbook. somewhere: those that were checked on more than ``*``."""

    read: set[str] = field(default_factory=set)
    write: set[str] = field(default_factory=set)
    somewhere: set[str] = field(default_factory=set)

    def add(self, calls: Iterable[dict[str, Any]]) -> None:
        """Take in logged calls."""
        for call in calls:
            (self.write if call["write"] else self.read).update(call["actions"])
            self.somewhere.update(action for action, resources in call["actions"].items() if resources != ["*"])

    def join(self, other: Actions) -> None:
        """Take in the actions of another one."""
        self.read |= other.read
        self.write |= other.write
        self.somewhere |= other.somewhere

    @property
    def all(self) -> set[str]:
        """Reads and writes."""
        return self.read | self.write


@contextmanager
def account(profile: str) -> Iterator[Account]:
    """An empty account in this process."""
    with pytest.MonkeyPatch.context() as patch:
        simulator = Simulator(profile=profile, clock=CLOCK)
        made = Account(simulator, profile)
        made.documented = False
        connect(made, patch)
        yield made
    others.reset()


def prepare(made: Account, case: ModuleCase) -> None:
    """Make what a case begins with."""
    made.simulator.plant({"regions": [{"account": ACCOUNT, "region": REGION, "fleet": case.fleet}]})
    for module, args in case.before:
        made.run(module, **args)
    made.simulator.advance(case.later)
    made.clear_log()


def record(made: Account, case: ModuleCase, actions: Actions) -> list[dict[str, Any]]:
    """Run the modules of a case; take in the calls of the one that it is about, and return what it predicted."""
    prepare(made, case)
    predicted = []
    for args in case.given:
        predicted.append(made.run(case.module, check=True, **args))
        (made.fails if case.fails else made.run)(case.module, **args)
    actions.add(made.simulator.log())
    return predicted


def of_modules() -> dict[str, Actions]:
    """The actions of each module, over all its cases in both profiles."""
    found: dict[str, Actions] = {}
    for case in MODULE_CASES:
        for profile in PROFILES:
            with account(profile) as made:
                record(made, case, found.setdefault(case.module, Actions()))
    return found


def of_plays(log: Iterable[dict[str, Any]], runs: Iterable[Run], kind: str) -> dict[str, Actions]:
    """The actions of each role or playbook, by the account in which it ran."""
    calls = list(log)
    found: dict[str, Actions] = {}
    for run in runs:
        if run.kind == kind:
            found.setdefault(run.name, Actions()).add(call for call in calls if call["account"] == run.account)
    return found
