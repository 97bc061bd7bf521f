# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a whole setup, made of the options of the single modules."""

from __future__ import annotations

from .._options.kind import Kind
from .._options.option import ACCOUNT_ID, Option
from .register import IN_WINDOWS, KINDS


def _listed(name: str, kind: Kind) -> Option:
    """The option of a setup that lists resources of a kind, with what is in each."""
    inside = tuple(_listed(*one) for one in IN_WINDOWS.items()) if kind.contents else ()
    return Option(name, kind.in_setup, type="list", elements="dict", suboptions=(*kind.options, *inside))


OPTIONS = (
    *(_listed(*one) for one in KINDS.items()),
    Option(
        "setup",
        "Name of the setup, stored as the tag C(patchfleet:setup) on its windows and baselines. Without it no tag is"
        " written, and O(prune) is refused.",
    ),
    Option(
        "take_over",
        "Change or remove windows and baselines that another setup or CloudFormation owns, and with O(state=absent) and"
        " O(setup) those that no setup owns. An entry's own C(take_over) wins over this one, either way.",
        type="bool",
        default=False,
    ),
    Option(
        "unset",
        (
            "What happens to options of a declared resource that the declaration does not mention.",
            "V(keep) leaves them as they are. V(reset) gives them the value of a new resource or clears them, so that a"
            " line which was deleted from the declaration is undone; C(enabled) and tags are excepted.",
        ),
        choices=("keep", "reset"),
        default="keep",
    ),
    Option(
        "prune",
        (
            "Remove windows and baselines that carry the tag of this O(setup) and are not declared, and targets and"
            " tasks inside its windows that are not declared.",
            "Comes last, and only if nothing failed. A window that is adopted in the same run keeps its targets and"
            " tasks. Refused without O(setup), and where O(windows) and O(baselines) are both empty.",
            "A list that is empty or missing prunes nothing of its kind, be it O(windows), O(baselines), or in a window"
            " its C(targets), or C(patch_tasks) and C(tasks) together. A warning names what is left; to remove the last"
            " ones, give them V(absent) as their C(state).",
        ),
        type="bool",
        default=False,
    ),
    Option(
        "prune_limit",
        "The most resources that one run may remove by O(prune), or by O(state=absent) besides what is declared."
        " Targets and tasks of a removed window count. Above it the run fails with the list before it writes anything.",
        type="int",
        default=10,
    ),
    ACCOUNT_ID,
    Option("concurrency", "API calls at a time.", type="int", default=16),
    Option(
        "state",
        (
            "V(present) makes everything as declared.",
            "V(absent) removes what is declared, whatever the O(windows[].state) and O(baselines[].state) say, and with"
            " O(setup) all that this setup owns; O(prune_limit) bounds how much of that may be undeclared.",
        ),
        choices=("present", "absent"),
        default="present",
    ),
)
