# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The administrative endpoints under ``/_sim/``, with which tests set up and inspect the simulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ssmsim.simulator import Simulator

PREFIX = "/_sim/"

Door = Callable[[Simulator, Any], Any]


def answer(simulator: Simulator, method: str, path: str, body: Any) -> tuple[int, Any]:
    """The status and JSON response of an endpoint: 404 if it does not exist, 400 if the body is invalid."""
    door = _DOORS.get((method, path.removeprefix(PREFIX)))
    if door is None:
        return 404, {"message": f"There is no {method} {path}"}
    try:
        return 200, door(simulator, body)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return 400, {"message": f"{type(error).__name__}: {error}"}


def _reset(simulator: Simulator, body: Any) -> Any:
    simulator.reset((body or {}).get("profile"))
    return {}


def _seed(simulator: Simulator, body: Any) -> Any:
    simulator.plant(body)
    return {}


def _now(simulator: Simulator, _: Any) -> Any:
    return {"now": simulator.now().isoformat()}


def _clock(simulator: Simulator, body: Any) -> Any:
    if body.keys() not in ({"set"}, {"advance"}, {"runs"}):
        raise ValueError('the body is {"set": ISO}, {"advance": seconds} or {"runs": true or false}')
    if "set" in body:
        simulator.set_clock(body["set"])
    elif "runs" in body:
        simulator.run_clock(bool(body["runs"]))
    else:
        simulator.advance(float(body["advance"]))
    return _now(simulator, body)


def _faults(simulator: Simulator, body: Any) -> Any:
    simulator.set_faults(body or [])
    return {}


def _injected(simulator: Simulator, _: Any) -> Any:
    return simulator.faults.injected()


def _policies(simulator: Simulator, body: Any) -> Any:
    simulator.set_policies(body or {})
    return {}


def _lag(simulator: Simulator, body: Any) -> Any:
    simulator.set_lag(body["seconds"])
    return {}


def _log(simulator: Simulator, _: Any) -> Any:
    return simulator.log()


def _clear_log(simulator: Simulator, _: Any) -> Any:
    simulator.clear_log()
    return {}


_DOORS: dict[tuple[str, str], Door] = {
    ("POST", "reset"): _reset,
    ("POST", "seed"): _seed,
    ("GET", "clock"): _now,
    ("POST", "clock"): _clock,
    ("GET", "faults"): _injected,
    ("POST", "faults"): _faults,
    ("POST", "policies"): _policies,
    ("POST", "lag"): _lag,
    ("GET", "log"): _log,
    ("POST", "log"): _clear_log,
}
