# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter patchfleet.aws.next_runs."""

from __future__ import annotations

DOCUMENTATION = r"""
name: next_runs
author:
  - Patchfleet contributors (@patchfleet)
version_added: 1.0.0
short_description: Calculate the next runs of a maintenance window schedule
description:
  - Returns the times when an AWS Systems Manager maintenance window with this schedule expression opens next.
  - The filter runs on the controller and does not call AWS. To get the runs that AWS has planned for an existing
    window, use M(patchfleet.aws.ssm_maintenance_window_info).
positional: _input
options:
  _input:
    description: The schedule expression, V(cron(...\)), V(rate(...\)) or V(at(...\)), as in
      O(patchfleet.aws.ssm_maintenance_window#module:schedule).
    type: str
    required: true
  timezone:
    description:
      - The time zone of the expression and of the result in IANA format, such as V(Europe/Berlin).
      - The default is UTC.
    type: str
  offset:
    description:
      - The number of days, V(1) to V(6), between the day of the expression and the run.
      - Only for a C(cron) expression that uses C(#) or C(L) in the day-of-week field. V(0) means no offset.
    type: int
  count:
    description: The maximum number of runs to return.
    type: int
    default: 5
  start:
    description: The date and time when the window becomes active, in ISO-8601 format with an offset or C(Z).
    type: str
  end:
    description: The date and time when the window becomes inactive, in ISO-8601 format with an offset or C(Z).
    type: str
  after:
    description:
      - Only return runs after this date and time, in ISO-8601 format with an offset or C(Z). The default is the
        current time.
      - Specify it to get the same result each time, for example in documents.
    type: str
notes:
  - AWS calculates a C(rate) schedule from the time when the window was created or updated, which the filter does not
    know. The filter calculates it from O(start), which is then the first run, or otherwise from O(after).
  - AWS skips the first run of a schedule with an O(offset) if the window was created between the day of the
    expression and the run. The filter assumes that the window is older.
  - If daylight saving time skips a local time, the run is later by the length of the gap. If a local time occurs
    twice, the window runs once, at the first occurrence.
seealso:
  - plugin: patchfleet.aws.ssm_maintenance_window
    plugin_type: module
  - name: Cron and rate expressions for Systems Manager
    description: The reference of schedule expressions in the AWS documentation.
    link: https://docs.aws.amazon.com/systems-manager/latest/userguide/reference-cron-and-rate-expressions.html
"""

EXAMPLES = r"""
- name: Show when a window opens five days after the second Tuesday
  ansible.builtin.debug:
    msg: "{{ 'cron(0 2 ? * TUE#2 *)' | patchfleet.aws.next_runs(timezone='Europe/Berlin', offset=5, count=3) }}"

- name: Fail unless the window opens before a date
  ansible.builtin.assert:
    that:
      - schedule | patchfleet.aws.next_runs(timezone='America/New_York', end='2026-04-01T00:00:00Z')

# With after, the result is the same each time:
# {{ 'cron(0 2 ? * TUE#2 *)' | patchfleet.aws.next_runs(after='2026-01-01T00:00:00Z', count=2) }}
# => ["2026-01-13T02:00:00+00:00", "2026-02-10T02:00:00+00:00"]
"""

RETURN = r"""
_value:
  description:
    - The runs in ascending order, in ISO-8601 format and in the time zone of the window.
    - Empty if the window does not open again.
  type: list
  elements: str
  sample:
    - "2026-01-13T02:00:00+01:00"
    - "2026-01-20T02:00:00+01:00"
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.text import printable
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules import clock
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules.schedule import (
    ScheduleError,
    check_date,
    next_runs,
    parse_instant,
)


def _instant(name: str, value: object) -> datetime | None:
    """The time of an option. YAML and Jinja can return dates as well as strings."""
    if value is None or value == "":
        return None
    problems = check_date(str(value))
    if problems:
        raise AnsibleFilterError(f"{name}: {'; '.join(problems)}")
    return parse_instant(str(value))


def _whole(name: str, value: object) -> int:
    """The number of an option, which templates can return as a string."""
    try:
        return int(str(value))
    except ValueError as error:
        raise AnsibleFilterError(f"{name}: {value!r} is not a whole number") from error


def filter_next_runs(
    value: object,
    timezone: str | None = None,
    offset: int | None = None,
    count: int = 5,
    start: str | datetime | None = None,
    end: str | datetime | None = None,
    after: str | datetime | None = None,
) -> list[str]:
    """The next runs of the schedule expression `value` in ISO-8601 format. Raises AnsibleFilterError."""
    if not isinstance(value, str):
        raise AnsibleFilterError(f"the input must be one schedule expression, not {type(value).__name__}")
    bounds = {name: _instant(name, moment) for name, moment in (("start", start), ("end", end))}
    since = _instant("after", after) or clock.now()
    days, limit = _whole("offset", offset or 0), _whole("count", count)
    try:
        runs = next_runs(value, str(timezone) if timezone else None, days, **bounds, after=since, count=limit)
    except ScheduleError as error:
        raise AnsibleFilterError(printable(str(error))) from None
    return [run.isoformat() for run in runs]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"next_runs": filter_next_runs}
