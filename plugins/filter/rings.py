# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter patchfleet.aws.rings."""

from __future__ import annotations

DOCUMENTATION = r"""
name: rings
author:
  - Patchfleet contributors (@patchfleet)
version_added: 0.1.0
short_description: Patch rings as baselines and maintenance windows
description:
  - Turns a list of rings, which patch one after the other after each Patch Tuesday, into the variables
    C(patching_baselines) and C(patching_windows) of the role P(patchfleet.aws.patching#role).
  - Each ring becomes one maintenance window with one target and one Install task, and one patch baseline for each entry
    of O(baselines).
  - The result is plain data. Print it, change it, combine it with windows of your own.
  - Patch Tuesday is the second Tuesday of a month. The schedules open exactly as many days after it as you declare, in
    every month and in the ring's own time zone.
  - Calculates on the controller and calls no API.
positional: _input
options:
  _input:
    description:
      - The rings, in the order in which they patch.
      - All mistakes are reported at once. The role checks the values that reach a window or a task unchanged.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the ring. With O(prefix) it is the name of its window, and it begins the names of its baselines.
        type: str
        required: true
      patch_groups:
        description:
          - Patch groups of the ring, as in O(patchfleet.aws.ssm_window_target#module:patch_groups).
          - Required with O(baselines), which are registered for these groups.
          - One of the options that select nodes is required. They are those of M(patchfleet.aws.ssm_window_target).
        type: list
        elements: str
      patch_group_key:
        description: Tag key that holds the patch group.
        type: str
        choices: [PatchGroup, Patch Group]
        default: PatchGroup
      instance_tags:
        description: Tags of the nodes, as in O(patchfleet.aws.ssm_window_target#module:instance_tags).
        type: dict
      tag_keys:
        description: Tag keys of the nodes, as in O(patchfleet.aws.ssm_window_target#module:tag_keys).
        type: list
        elements: str
      instance_ids:
        description: IDs of the nodes, as in O(patchfleet.aws.ssm_window_target#module:instance_ids).
        type: list
        elements: str
      resource_group:
        description: Resource group, as in O(patchfleet.aws.ssm_window_target#module:resource_group).
        type: str
      resource_types:
        description: Resource types, as in O(patchfleet.aws.ssm_window_target#module:resource_types).
        type: list
        elements: str
      targets:
        description: Targets in the form of the API, as in O(patchfleet.aws.ssm_window_target#module:targets).
        type: list
        elements: dict
      days_after_patch_tuesday:
        description:
          - Days from Patch Tuesday to the day on which the window opens, V(0) to V(20).
          - Exactly one of this option, O(_input[].days_after_previous) and C(schedule) in O(_input[].window) is
            required.
        type: int
      days_after_previous:
        description: Days from the ring before this one to this ring. Not for the first ring.
        type: int
      time:
        description:
          - Time of day at which the window opens, C(HH:MM) in quotes. Required unless the window has a schedule.
        type: str
      timezone:
        description: IANA name of the time zone of O(_input[].time).
        type: str
        default: UTC
      duration:
        description: Hours for which the window is open.
        type: int
        default: 4
      cutoff:
        description: Hours before the end of the window in which no node begins any more.
        type: int
        default: 1
      max_concurrency:
        description: Number or percentage of nodes that patch at a time.
        type: str
      max_errors:
        description: Number or percentage of errors tolerated.
        type: str
      approve_after_days:
        description:
          - Days between the release of a patch and its approval in this ring, for the rules of O(baselines) that name
            no delay and no date.
          - The default is the number of days between the first ring and this one. So this ring installs what the first
            ring could install, and nothing that was released since.
          - A ring that opens before its Windows baseline approves the patches of Patch Tuesday is an error, because
            they would wait for a month.
          - Always V(0) in baselines for Debian, Raspberry Pi OS and Ubuntu, which publish no release dates.
        type: int
      gate_percent:
        description:
          - Gives the ring a gate. Its window is declared disabled, and the playbook C(patchfleet.aws.ring_gate) enables
            it for its next run once this share of the nodes of the ring before is compliant, in percent.
          - The ring before has to open earlier, and to select its nodes by patch groups, tags or IDs.
        type: float
      window:
        description:
          - More options of M(patchfleet.aws.ssm_maintenance_window), which win over those that the ring gives.
          - With a C(schedule) here, the ring has no days after Patch Tuesday.
        type: dict
      task:
        description: More options of M(patchfleet.aws.ssm_patch_task), which win over those that the ring gives.
        type: dict
  baselines:
    description:
      - Patch baselines that each ring gets a copy of, with the options of M(patchfleet.aws.ssm_patch_baseline).
      - A copy is called C(PREFIX RING-NAME), without the space, and is registered for the patch groups of its ring.
      - Approval rules that name neither C(approve_after_days) nor C(approve_until_date) get the delay of the ring.
    type: list
    elements: dict
    default: []
  defaults:
    description:
      - Options of a ring for all rings that do not give them. C(window) and C(task) are merged option by option.
    type: dict
    default: {}
  prefix:
    description: What all names of windows and baselines begin with.
    type: str
    default: ""
  scan:
    description:
      - Schedule of one more window, which scans the nodes of all rings, such as V(cron(0 1 ? * * *\)) for every night.
      - It is read in the time zone of the first ring.
    type: str
notes:
  - AWS moves a schedule by at most six days. The third Tuesday is always seven days after the second, and the fourth
    fourteen, so days 7 to 13 are counted from C(TUE#3) and days 14 to 20 from C(TUE#4).
  - AWS skips the first run of a schedule with an offset if the window was created between its Tuesday and the run.
seealso:
  - plugin: patchfleet.aws.ring_gates
    plugin_type: filter
  - plugin: patchfleet.aws.next_runs
    plugin_type: filter
  - plugin: patchfleet.aws.ssm_patch_setup
    plugin_type: module
"""

EXAMPLES = r"""
# rings.yml, for ansible-playbook patchfleet.aws.setup -e @rings.yml
patch_rings:
  - name: test
    patch_groups: [test]
    days_after_patch_tuesday: 1
  - name: production
    patch_groups: [production]
    days_after_previous: 7
    max_concurrency: 10%
patch_ring_defaults:
  time: "03:00"
  timezone: Europe/Berlin
patch_ring_baselines:
  - name: windows
    operating_system: WINDOWS
    approval_rules:
      - filters:
          CLASSIFICATION: [CriticalUpdates, SecurityUpdates]
patch_rings_declared: "{{ patch_rings | patchfleet.aws.rings(patch_ring_baselines, patch_ring_defaults) }}"
patching_baselines: "{{ patch_rings_declared.patching_baselines }}"
patching_windows: "{{ patch_rings_declared.patching_windows }}"
"""

RETURN = r"""
_value:
  description: The variables C(patching_baselines) and C(patching_windows).
  type: dict
  sample:
    patching_baselines: []
    patching_windows:
      - name: test
        description: Ring test, 1 day after Patch Tuesday
        schedule: cron(0 3 ? * TUE#2 *)
        schedule_offset: 1
        schedule_timezone: Europe/Berlin
        duration: 4
        cutoff: 1
        enabled: true
        targets:
          - name: test
            patch_groups: [test]
        patch_tasks:
          - name: install
            operation: Install
            reboot_option: RebootIfNeeded
            window_targets: [test]
"""

import json
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.patchfleet.aws.plugins.module_utils._rings.expand import expand
from ansible_collections.patchfleet.aws.plugins.module_utils._rings.options import RingsError


def filter_rings(
    rings: object, baselines: object = (), defaults: object = None, prefix: str = "", scan: str | None = None
) -> dict[str, Any]:
    """The variables of the role patching for rings; AnsibleFilterError with all mistakes at once."""
    # Values of templates have types of their own; what is made of them has to be plain.
    given = json.loads(json.dumps([rings, baselines or [], defaults or {}]))
    try:
        return expand(given[0], given[1], given[2], str(prefix), scan)
    except RingsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"rings": filter_rings}
