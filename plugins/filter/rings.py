# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter patchfleet.aws.rings."""

from __future__ import annotations

DOCUMENTATION = r"""
name: rings
author:
  - Patchfleet contributors (@patchfleet)
version_added: 1.0.0
short_description: Convert patch rings to baselines and maintenance windows
description:
  - Converts a list of rings, which patch one after another after each Patch Tuesday, to the variables
    C(patching_baselines) and C(patching_windows) of the role P(patchfleet.aws.patching#role).
  - Each ring becomes a maintenance window with a target and an Install task, and a patch baseline for each entry in
    O(baselines).
  - The result is plain data. You can print it, change it, and combine it with your own windows.
  - Patch Tuesday is the second Tuesday of a month. Each window opens exactly the number of days after it that you
    declare, in every month and in the time zone of the ring.
  - The filter runs on the controller and does not call AWS.
positional: _input
options:
  _input:
    description:
      - The rings, in the order in which they patch.
      - The filter reports all errors at once. The role validates values that are passed on to a window or a task.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name of the ring. With O(prefix), it is the name of the window, and the names of the
          baselines begin with it.
        type: str
        required: true
      patch_groups:
        description:
          - The patch groups of the ring, as in O(patchfleet.aws.ssm_window_target#module:patch_groups).
          - Required with O(baselines), because the baselines are registered for these groups.
          - Each ring requires one of the options that select nodes. They are the same as in
            M(patchfleet.aws.ssm_window_target).
        type: list
        elements: str
      patch_group_key:
        description: The key of the tag that holds the patch group.
        type: str
        choices: [PatchGroup, Patch Group]
        default: PatchGroup
      instance_tags:
        description: The tags of the nodes, as in O(patchfleet.aws.ssm_window_target#module:instance_tags).
        type: dict
      tag_keys:
        description: The tag keys of the nodes, as in O(patchfleet.aws.ssm_window_target#module:tag_keys).
        type: list
        elements: str
      instance_ids:
        description: The IDs of the nodes, as in O(patchfleet.aws.ssm_window_target#module:instance_ids).
        type: list
        elements: str
      resource_group:
        description: The resource group, as in O(patchfleet.aws.ssm_window_target#module:resource_group).
        type: str
      resource_types:
        description: The resource types, as in O(patchfleet.aws.ssm_window_target#module:resource_types).
        type: list
        elements: str
      targets:
        description: The targets in the format of the API, as in O(patchfleet.aws.ssm_window_target#module:targets).
        type: list
        elements: dict
      days_after_patch_tuesday:
        description:
          - The number of days, V(0) to V(20), between Patch Tuesday and the day when the window opens.
          - Specify exactly one of this option, O(_input[].days_after_previous), and C(schedule) in
            O(_input[].window).
        type: int
      days_after_previous:
        description: The number of days between the previous ring and this ring. Not available for the first ring.
        type: int
      time:
        description: The time of day when the window opens, as C(HH:MM) in quotes. Required unless the window has a
          schedule.
        type: str
      timezone:
        description: The time zone of O(_input[].time) in IANA format.
        type: str
        default: UTC
      duration:
        description: The duration of the window in hours.
        type: int
        default: 4
      cutoff:
        description: The number of hours before the end of the window when no new node starts to patch.
        type: int
        default: 1
      max_concurrency:
        description: The maximum number or percentage of nodes to patch at the same time.
        type: str
      max_errors:
        description: The maximum number or percentage of errors allowed.
        type: str
      approve_after_days:
        description:
          - The number of days between the release of a patch and its approval in this ring. It applies to the rules
            of O(baselines) that specify no delay and no date.
          - The default is the number of days between the first ring and this ring. This ring then installs the
            patches that the first ring could install, and nothing that was released later.
          - The filter fails if a ring opens before its Windows baseline approves the patches of Patch Tuesday,
            because the ring would install them a month later.
          - The value is always V(0) in baselines for Debian, Raspberry Pi OS and Ubuntu, which publish no release
            dates.
        type: int
      gate_percent:
        description:
          - Adds a gate before the ring. The filter declares the window as disabled. The playbook
            C(patchfleet.aws.ring_gate) enables it for its next run when at least this percentage of the nodes in the
            previous ring is compliant.
          - The previous ring must open earlier, and must select its nodes by patch groups, tags or IDs.
        type: float
      window:
        description:
          - Additional options of M(patchfleet.aws.ssm_maintenance_window). They override those of the ring.
          - If you specify a C(schedule) here, you cannot specify days after Patch Tuesday.
        type: dict
      task:
        description: Additional options of M(patchfleet.aws.ssm_patch_task). They override those of the ring.
        type: dict
  baselines:
    description:
      - The patch baselines to create for each ring, with the options of M(patchfleet.aws.ssm_patch_baseline).
      - The name of each baseline is C(PREFIX RING-NAME) without the space. It is registered for the patch groups of
        its ring.
      - Approval rules without C(approve_after_days) and C(approve_until_date) get the delay of the ring.
    type: list
    elements: dict
    default: []
  defaults:
    description: Default options for all rings. C(window) and C(task) are merged option by option.
    type: dict
    default: {}
  prefix:
    description: The prefix of all window and baseline names.
    type: str
    default: ""
  scan:
    description:
      - The schedule of an additional window that scans the nodes of all rings, such as V(cron(0 1 ? * * *\)) for
        every night.
      - It uses the time zone of the first ring.
    type: str
notes:
  - AWS offsets a schedule by up to six days. The third Tuesday is always 7 days after the second Tuesday, and the
    fourth Tuesday 14 days. The schedules therefore use C(TUE#3) for days 7 to 13, and C(TUE#4) for days 14 to 20.
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
# rings.yml: use it with ansible-playbook patchfleet.aws.setup -e @rings.yml
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
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.text import printable
from ansible_collections.patchfleet.aws.plugins.module_utils._rings.expand import expand
from ansible_collections.patchfleet.aws.plugins.module_utils._rings.options import RingsError


def filter_rings(
    rings: object, baselines: object = (), defaults: object = None, prefix: str = "", scan: str | None = None
) -> dict[str, Any]:
    """The variables of the role patching for rings. Raises AnsibleFilterError with all violations."""
    # Values from templates have Ansible types. The result must have plain types.
    given = json.loads(json.dumps([rings, baselines or [], defaults or {}]))
    try:
        return expand(given[0], given[1], given[2], str(prefix), scan)
    except RingsError as error:
        raise AnsibleFilterError(printable(str(error))) from None


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"rings": filter_rings}
