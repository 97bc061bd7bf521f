# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter patchfleet.aws.ring_gates."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ring_gates
author:
  - Patchfleet contributors (@patchfleet)
version_added: 0.1.0
short_description: The gates between patch rings, as they are now
description:
  - Says for each ring with a gate whether it is due, whose compliance decides, and how its window looks when it is open
    or closed. The playbook C(patchfleet.aws.ring_gate) acts on it.
  - Calculates on the controller and calls no API.
positional: _input
options:
  _input:
    description: The rings, as for P(patchfleet.aws.rings#filter).
    type: list
    elements: dict
    required: true
  defaults:
    description: Options of a ring for all rings that do not give them.
    type: dict
    default: {}
  prefix:
    description: What all names of windows begin with.
    type: str
    default: ""
  now:
    description: The moment to look at, ISO-8601 with an offset or C(Z). Now if not given.
    type: str
notes:
  - An open gate gives the window the schedule C(at(...\)) of its next run. So it opens once, even if the gate is not
    run again, and even if its Tuesday has passed, after which AWS may skip the run of a schedule with an offset.
seealso:
  - plugin: patchfleet.aws.rings
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show which ring is next
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
      description: Name of the ring.
      type: str
      sample: production
    previous:
      description: Name of the ring before it.
      type: str
      sample: test
    gate_percent:
      description: Percentage of nodes of the ring before that must be compliant.
      type: float
      sample: 95.0
    phase:
      description:
        - V(due) if the ring is the next to patch and the window of the ring before has ended. V(running) while its own
          window may be open. V(waiting) until the next window of the ring before has ended.
      type: str
      sample: due
    previous_opened:
      description: When the ring before opened last.
      type: str
      sample: "2026-01-14T03:00:00+01:00"
    opens:
      description: When this ring opens next.
      type: str
      sample: "2026-01-21T03:00:00+01:00"
    scope:
      description: The nodes of the ring before, as options of M(patchfleet.aws.ssm_patch_compliance_info).
      type: dict
      sample:
        patch_groups: [test]
    stale_after_hours:
      description:
        - Hours since the ring before opened, rounded up. A node that has not reported in these hours counts as stale.
        - A report of the last hour before the ring opened may be within them.
      type: int
      sample: 9
    open:
      description: Options of the window when the gate is open.
      type: dict
      sample:
        name: production
        schedule: at(2026-01-21T03:00:00)
        schedule_offset: 0
        schedule_timezone: Europe/Berlin
        enabled: true
    closed:
      description: Options of the window when the gate is closed.
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
from ansible_collections.patchfleet.aws.plugins.module_utils._rings.gates import gates
from ansible_collections.patchfleet.aws.plugins.module_utils._rings.options import RingsError
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules import clock
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules.schedule import check_date, parse_instant


def filter_ring_gates(
    rings: object, defaults: object = None, prefix: str = "", now: object = None
) -> list[dict[str, Any]]:
    """The gates of rings; AnsibleFilterError with all mistakes at once."""
    if now is not None and (problems := check_date(str(now))):
        raise AnsibleFilterError(f"now: {'; '.join(problems)}")
    moment = parse_instant(str(now)) if now is not None else None
    given_rings, given_defaults = json.loads(json.dumps([rings, defaults or {}]))
    try:
        return gates(given_rings, moment or clock.now(), given_defaults, str(prefix))
    except RingsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"ring_gates": filter_ring_gates}
