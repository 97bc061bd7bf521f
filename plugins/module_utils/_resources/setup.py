# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a whole setup, derived from the options of the single modules."""

from __future__ import annotations

from .._options.kind import Kind
from .._options.option import ACCOUNT_ID, CONCURRENCY, Option
from .register import IN_WINDOWS, KINDS


def _listed(name: str, kind: Kind) -> Option:
    """The option of a setup that lists resources of a kind with their contents."""
    inside = tuple(_listed(*one) for one in IN_WINDOWS.items()) if kind.contents else ()
    return Option(name, kind.in_setup, type="list", elements="dict", suboptions=(*kind.options, *inside))


OPTIONS = (
    *(_listed(*one) for one in KINDS.items()),
    Option(
        "setup",
        "The name of the setup. The module stores it in the tag C(patchfleet:setup) of each window and baseline."
        " Without a name, the module writes no such tag, and you cannot use O(prune).",
    ),
    Option(
        "take_over",
        "Change or delete windows and baselines that another setup or CloudFormation owns. With O(state=absent) and"
        " O(setup), also delete those that no setup owns. The C(take_over) of an entry overrides this option.",
        type="bool",
        default=False,
    ),
    Option(
        "unset",
        (
            "What to do with options that you omit from a declared resource.",
            "V(keep) leaves them unchanged. V(reset) sets them to the value of a new resource, or clears them."
            " Removing a line from your declaration then undoes it. V(reset) does not apply to C(enabled) and tags.",
        ),
        choices=("keep", "reset"),
        default="keep",
    ),
    Option(
        "prune",
        (
            "Delete windows and baselines that have the tag of this O(setup) and that you do not declare, and"
            " deregister targets and tasks in its windows that you do not declare.",
            "The module prunes at the end of the run, and only if nothing failed. It keeps the targets and tasks of"
            " a window that it adopts or gives away in the same run. Requires O(setup), and at least one entry in"
            " O(windows) or O(baselines).",
            "An empty or missing list prunes nothing of its kind, and neither does a list whose entries are all"
            " V(absent). This applies to O(windows), to O(baselines), and for each window to C(targets), and to"
            " C(patch_tasks) and C(tasks) together. A warning lists what the module kept. To delete the last resources"
            " of a kind, set their C(state) to V(absent).",
        ),
        type="bool",
        default=False,
    ),
    Option(
        "prune_limit",
        "The maximum number of resources that one run can delete by O(prune), or by O(state=absent) in addition to"
        " declared resources. The targets and tasks of a deleted window count. If there are more, the module lists"
        " them and fails before it changes anything.",
        type="int",
        default=10,
    ),
    ACCOUNT_ID,
    CONCURRENCY,
    Option(
        "state",
        (
            "V(present) creates and updates the declared resources.",
            "V(absent) deletes the declared resources, regardless of O(windows[].state) and O(baselines[].state)."
            " With O(setup), it also deletes everything else that this setup owns, up to O(prune_limit).",
        ),
        choices=("present", "absent"),
        default="present",
    ),
)
