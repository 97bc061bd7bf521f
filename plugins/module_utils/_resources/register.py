# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The register of all kinds by the setup option that lists them, in the order of a setup's result."""

from __future__ import annotations

from .._options.kind import Kind
from . import patch_baseline, patch_task, window, window_target, window_task

KINDS: dict[str, Kind] = {
    "baselines": patch_baseline.KIND,
    "windows": window.KIND,
}
IN_WINDOWS: dict[str, Kind] = {
    "targets": window_target.KIND,
    "patch_tasks": patch_task.KIND,
    "tasks": window_task.KIND,
}


def lists_of(name: str) -> list[str]:
    """The options of a window that list its contents of one kind."""
    return [option for option, kind in IN_WINDOWS.items() if kind.name == name]
