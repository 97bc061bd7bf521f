# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that are not what the service meant to say."""

from __future__ import annotations

import json
import threading
from typing import Any
from urllib.request import Request, urlopen

import pytest
from ssmsim import Simulator
from ssmsim.faults import Call
from ssmsim.server import Server

LISTING, HERE = "DescribeMaintenanceWindows", ("eu-west-1", "123456789012")
NAMES = [f"window-{letter}" for letter in "abcdefghijkl"]


@pytest.fixture
def simulator() -> Simulator:
    """Windows for more than one page of the smallest size."""
    simulator = Simulator()
    for name in NAMES:
        body = {"Name": name, "Schedule": "rate(1 day)", "Duration": 2, "Cutoff": 0, "AllowUnassociatedTargets": False}
        simulator.execute("CreateMaintenanceWindow", *HERE, body)
    return simulator


def distorted(simulator: Simulator, do: str, seed: int = 0, **request: Any) -> dict[str, Any]:
    """The answer to one listing."""
    simulator.set_faults([{"do": do}], seed)
    status, answer = simulator.handle(LISTING, *HERE, {"MaxResults": 50, **request})
    assert status == 200
    return answer


def names(answer: dict[str, Any]) -> list[str]:
    """The windows that an answer names."""
    return [entry["Name"] for entry in answer["WindowIdentities"]]


def test_a_page_that_repeats(simulator: Simulator) -> None:
    assert names(distorted(simulator, "repeat")) == NAMES * 2


def test_entries_in_another_order(simulator: Simulator) -> None:
    orders = [names(distorted(simulator, "shuffle", seed)) for seed in range(5)]
    assert all(sorted(order) == NAMES for order in orders)
    assert any(order != NAMES for order in orders)
    assert orders[0] == names(distorted(simulator, "shuffle", 0))


def test_one_entry_is_lost(simulator: Simulator) -> None:
    lost = [set(NAMES) - set(names(distorted(simulator, "lose", seed))) for seed in range(20)]
    assert {len(one) for one in lost} == {1}
    assert len(set.union(*lost)) > 1


def test_a_listing_that_is_cut_short_has_no_next_page(simulator: Simulator) -> None:
    answer = distorted(simulator, "shorten", MaxResults=10)
    assert names(answer) == NAMES[:5]
    assert "NextToken" not in answer


def test_an_empty_page_leads_to_the_one_that_was_asked_for(simulator: Simulator) -> None:
    answer = distorted(simulator, "blank")
    assert answer["WindowIdentities"] == []
    again = distorted(simulator, "blank", NextToken=answer["NextToken"])
    assert again["NextToken"] not in ("", answer["NextToken"])
    simulator.set_faults([])
    _status, answer = simulator.handle(LISTING, *HERE, {"MaxResults": 50, "NextToken": again["NextToken"]})
    assert names(answer) == NAMES


def test_a_page_that_comes_again_under_new_tokens(simulator: Simulator) -> None:
    answers = [distorted(simulator, "endless")]
    for _ in range(3):
        answers.append(distorted(simulator, "endless", NextToken=answers[-1]["NextToken"]))
    assert all(names(answer) == NAMES for answer in answers)
    assert len({answer["NextToken"] for answer in answers}) == 4


def test_a_listing_in_which_nothing_is_seen(simulator: Simulator) -> None:
    assert distorted(simulator, "vacant") == {"WindowIdentities": []}


def test_what_has_no_pages_has_no_empty_one(simulator: Simulator) -> None:
    simulator.set_faults([{"do": "blank"}])
    request = {"ResourceType": "MaintenanceWindow", "ResourceId": _first(simulator)}
    assert simulator.handle("ListTagsForResource", *HERE, request) == (200, {"TagList": []})


def test_a_member_is_missing(simulator: Simulator) -> None:
    lengths = sorted(len(entry) for entry in distorted(simulator, "strip")["WindowIdentities"])
    assert lengths == [lengths[-1] - 1] + [lengths[-1]] * 11
    simulator.set_faults([{"do": "strip"}])
    request = {"WindowId": _first(simulator)}
    _status, answer = simulator.handle("GetMaintenanceWindow", *HERE, request)
    whole = simulator.execute("GetMaintenanceWindow", *HERE, request)
    assert len(whole) - len(answer) == 1


def test_an_error_is_not_distorted(simulator: Simulator) -> None:
    simulator.set_faults([{"do": "cut"}])
    reply = simulator.carry_out(Call("ssm", "X", *HERE), {}, lambda: simulator.answer(Call("ssm", "X", *HERE), {}))
    assert (reply.error, reply.content) == ("UnknownOperationException", None)


def test_json_that_is_cut_over_http(simulator: Simulator) -> None:
    server = Server(simulator, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        simulator.set_faults([{"do": "cut"}])
        headers = {"X-Amz-Target": f"AmazonSSM.{LISTING}", "Authorization": "AWS4 Credential=a/b/eu-west-1/ssm/aws4"}
        with urlopen(Request(server.url, b"{}", headers)) as answer:
            content = answer.read()
    finally:
        server.shutdown()
        server.server_close()
    with pytest.raises(ValueError, match=r"line|column|Expecting|Unterminated"):
        json.loads(content)


def _first(simulator: Simulator) -> str:
    answer = simulator.execute(LISTING, *HERE, {})
    return str(answer["WindowIdentities"][0]["WindowId"])
