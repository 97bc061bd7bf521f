# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter next_runs: what a template gives it and gets back."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.patchfleet.aws.plugins.filter import next_runs as plugin

next_runs = plugin.FilterModule().filters()["next_runs"]
AFTER = "2026-01-01T00:00:00Z"


def test_runs_are_text_in_the_zone_of_the_window() -> None:
    runs = next_runs("cron(0 2 ? * TUE#2 *)", timezone="Europe/Berlin", offset=5, count=4, after=AFTER)

    assert runs == [
        "2026-01-18T02:00:00+01:00",
        "2026-02-15T02:00:00+01:00",
        "2026-03-15T02:00:00+01:00",
        "2026-04-19T02:00:00+02:00",
    ]


def test_five_runs_from_now_on_in_utc_unless_told_otherwise() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    runs = [datetime.fromisoformat(run) for run in next_runs("rate(1 hour)")]

    assert len(runs) == 5
    assert before + timedelta(hours=1) <= runs[0] <= datetime.now(UTC) + timedelta(hours=1)
    assert {run.utcoffset() for run in runs} == {timedelta(0)}


def test_start_and_end_bound_the_runs() -> None:
    bounds = {"start": "2026-01-06T16:00:00Z", "end": "2026-01-20T16:00:00Z"}

    assert next_runs("cron(0 16 ? * TUE *)", after=AFTER, **bounds) == [
        "2026-01-06T16:00:00+00:00",
        "2026-01-13T16:00:00+00:00",
    ]


@pytest.mark.parametrize("after", [AFTER, "2026-01-01 00:00:00+00:00", datetime(2026, 1, 1, tzinfo=UTC)])
def test_dates_come_as_text_or_as_yaml_dates(after: str | datetime) -> None:
    assert next_runs("rate(7 days)", count="1", offset="0", timezone="", end="", after=after) == [
        "2026-01-08T00:00:00+00:00"
    ]


@pytest.mark.parametrize(
    ("value", "options", "said"),
    [
        ("cron(0 2 ? * TUE#7 *)", {}, r"^the day-of-week field 'TUE#7': #n must be 1 to 5"),
        ("cron(0 24 ? 13 * *)", {}, r"the hours field '24'.*the month field '13'"),
        ("rate(7 days)", {"timezone": "europe/berlin"}, r"did you mean Europe/Berlin"),
        ("rate(7 days)", {"offset": 1}, r"an offset of 1 days: it must be"),
        ("cron(0 2 ? * TUE#2 *)", {"offset": "two"}, r"offset: 'two' is not a whole number"),
        ("rate(7 days)", {"count": 1.5}, r"count: 1.5 is not a whole number"),
        ("rate(7 days)", {"start": "2026-01-01"}, r"start: '2026-01-01' has no offset; specify 2026-01-01T00:00:00Z"),
        ("rate(7 days)", {"end": "never"}, r"end: 'never' is not an ISO-8601 date"),
        ("rate(7 days)", {"after": datetime(2026, 1, 1)}, r"after: '2026-01-01 00:00:00' has no offset"),
        (["rate(7 days)"], {}, r"one schedule expression, not list"),
        (None, {}, r"one schedule expression, not NoneType"),
    ],
)
def test_what_is_wrong_is_told(value: object, options: dict[str, Any], said: str) -> None:
    with pytest.raises(AnsibleFilterError, match=said):
        next_runs(value, **options)


@pytest.mark.parametrize(
    "value", ["rate(\x9b31m days)", "at(\u202e2026)", "cron(\u2028 2 ? * * *)", "cron(0 \x1b[2J ? * * *)"]
)
def test_an_error_about_text_of_an_account_acts_on_no_terminal(value: str) -> None:
    with pytest.raises(AnsibleFilterError) as raised:
        next_runs(value)

    assert str(raised.value).isprintable()


def test_documentation_has_the_parameters_and_their_defaults() -> None:
    documented = yaml.safe_load(plugin.DOCUMENTATION)["options"]
    parameters = dict(list(inspect.signature(next_runs).parameters.items())[1:])

    assert documented.pop("_input")["required"]
    assert {name: option.get("default") for name, option in documented.items()} == {
        name: parameter.default for name, parameter in parameters.items()
    }


def test_documented_result_is_the_real_one() -> None:
    documented = plugin.EXAMPLES.rpartition("# => ")[2]

    assert yaml.safe_load(documented) == next_runs("cron(0 2 ? * TUE#2 *)", after=AFTER, count=2)
