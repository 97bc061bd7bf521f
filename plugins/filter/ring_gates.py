# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter patchfleet.aws.ring_gates."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ring_gates
author:
  - Patchfleet contributors (@patchfleet)
version_added: 1.0.0
short_description: Calculate the current state of the gates between patch rings
description:
  - Returns for each ring with a gate whether the gate is due, which nodes it checks, and the options of the window
    for an open and a closed gate. The playbook C(patchfleet.aws.ring_gate) uses this result.
  - The filter runs on the controller and does not call AWS.
positional: _input
options:
  _input:
    description: The rings, as for P(patchfleet.aws.rings#filter).
    type: list
    elements: dict
    required: true
  defaults:
    description: Default options for all rings.
    type: dict
    default: {}
  prefix:
    description: The prefix of all window names.
    type: str
    default: ""
  now:
    description: The date and time to calculate the state for, in ISO-8601 format with an offset or C(Z). The default
      is the current time.
    type: str
notes:
  - An open gate sets the schedule of the window to its next run, as V(at(...\)). The window then opens only once,
    even if you do not run the gate again. It also opens if its Tuesday has already passed. AWS might skip that run
    for a schedule with an offset.
seealso:
  - plugin: patchfleet.aws.rings
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the ring that is next
  ansible.builtin.debug:
    msg: "{{ patch_rings | patchfleet.aws.ring_gates(patch_ring_defaults) | selectattr('phase', 'eq', 'due') }}"
"""

RETURN = r"""
_value:
  description: One entry for each ring with a gate, in the order of the rings.
  type: list
  elements: dict
  contains:
    ring:
      description: The name of the ring.
      type: str
      sample: production
    previous:
      description: The name of the previous ring.
      type: str
      sample: test
    gate_percent:
      description: The minimum percentage of compliant nodes in the previous ring.
      type: float
      sample: 95.0
    phase:
      description: V(due) if the ring is the next to patch and the window of the previous ring has ended. V(running)
        while the window of the ring itself can be open. V(waiting) until the next window of the previous ring has
        ended.
      type: str
      sample: due
    previous_opened:
      description: The time when the window of the previous ring last opened.
      type: str
      sample: "2026-01-14T03:00:00+01:00"
    opens:
      description: The time when the window of the ring opens next.
      type: str
      sample: "2026-01-21T03:00:00+01:00"
    scope:
      description: The nodes of the previous ring, as options of M(patchfleet.aws.ssm_patch_compliance_info).
      type: dict
      sample:
        patch_groups: [test]
    stale_after_hours:
      description:
        - The number of hours since the previous ring opened, rounded up. A node that has not reported within these
          hours counts as stale.
        - Because of the rounding, a report from up to one hour before the ring opened can still count.
      type: int
      sample: 9
    open:
      description: The options of the window for an open gate.
      type: dict
      sample:
        name: production
        schedule: at(2026-01-21T03:00:00)
        schedule_offset: 0
        schedule_timezone: Europe/Berlin
        enabled: true
    closed:
      description: The options of the window for a closed gate.
      type: dict
      sample:
        name: production
        schedule: cron(0 3 ? * TUE#3 *)
        schedule_offset: 1
        schedule_timezone: Europe/Berlin
        enabled: false
"""

import json
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.text import printable
from ansible_collections.patchfleet.aws.plugins.module_utils._rings.gates import gates
from ansible_collections.patchfleet.aws.plugins.module_utils._rings.options import RingsError
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules import clock
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules.schedule import check_date, parse_instant


def filter_ring_gates(
    rings: object, defaults: object = None, prefix: str = "", now: object = None
) -> list[dict[str, Any]]:
    """The gates of rings. Raises AnsibleFilterError with all violations."""
    if now is not None and (problems := check_date(str(now))):
        raise AnsibleFilterError(printable(f"now: {'; '.join(problems)}"))
    moment = parse_instant(str(now)) if now is not None else None
    given_rings, given_defaults = json.loads(json.dumps([rings, defaults or {}]))
    try:
        return gates(given_rings, moment or clock.now(), given_defaults, str(prefix))
    except RingsError as error:
        raise AnsibleFilterError(printable(str(error))) from None


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"ring_gates": filter_ring_gates}
