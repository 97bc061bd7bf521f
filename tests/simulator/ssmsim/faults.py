# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Injects faults according to rules while the simulator runs."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

from ssmsim.distortions import DISTORTIONS
from ssmsim.errors import ServiceError

TRANSPORT = frozenset({"drop", "lost", "html"})
_STATUS = {"InternalServerError": 500, "InternalFailure": 500, "ServiceUnavailable": 503, "html": 502}
_MESSAGES = {
    "ThrottlingException": "Rate exceeded",
    "ExpiredTokenException": "The security token included in the request is expired",
    "UnrecognizedClientException": "The security token included in the request is invalid.",
    "InternalServerError": "An error occurred on the server side.",
    "AccessDeniedException": (
        "User: arn:aws:iam::{account}:user/simulated is not authorized to perform: {service}:{op} on resource: * "
        "because no identity-based policy allows the {service}:{op} action"
    ),
}


@dataclass(frozen=True)
class Call:
    """The properties of a call that rules match."""

    service: str
    op: str
    region: str
    account: str


@dataclass
class Rule:
    """One rule. ``do`` is an error code, ``latency``, a broken connection or a distortion. ``op`` is a glob.

    The first ``after`` matching calls are unaffected. Each later call is affected with probability ``rate``, at most
    ``times`` calls. With ``per_second``, a call is affected only if a bucket of ``burst`` tokens, filled at this rate
    in real time, is empty. ``ms`` and ``jitter`` (a fraction of ``ms``, in both directions) are for latency,
    ``status`` and ``message`` for errors.
    """

    op: str = "*"
    do: str = ""
    service: str = "ssm"
    region: str | None = None
    account: str | None = None
    times: int | None = None
    after: int = 0
    rate: float = 1.0
    per_second: float | None = None
    burst: float = 1.0
    ms: float = 0.0
    jitter: float = 0.0
    status: int | None = None
    message: str | None = None

    def __post_init__(self) -> None:
        if not self.do:
            raise ValueError("a fault rule needs `do`")
        self._seen = 0
        self._injected = 0
        self._tokens = self.burst
        self._filled = time.monotonic()

    def hits(self, call: Call, draw: Callable[[], float]) -> bool:
        """Count the call, and return whether the rule affects it."""
        if not self._concerns(call):
            return False
        self._seen += 1
        spent = self.times is not None and self._injected >= self.times
        if self._seen <= self.after or spent or draw() >= self.rate or self._takes_token(time.monotonic()):
            return False
        self._injected += 1
        return True

    def _takes_token(self, now: float) -> bool:
        if self.per_second is None:
            return False
        self._tokens = min(self.burst, self._tokens + (now - self._filled) * self.per_second)
        self._filled = now
        is_there = self._tokens >= 1
        self._tokens -= is_there
        return is_there

    def _concerns(self, call: Call) -> bool:
        return (
            fnmatchcase(call.op, self.op)
            and fnmatchcase(call.service, self.service)
            and self.region in (None, call.region)
            and self.account in (None, call.account)
        )

    def error(self, call: Call) -> ServiceError:
        """The error response of the rule instead of the response of the service."""
        text = self.message or _MESSAGES.get(self.do, f"{self.do} was injected").format(**vars(call))
        return ServiceError(self.do, text, self.status or _STATUS.get(self.do, 400))


@dataclass(frozen=True)
class Injection:
    """The faults of one call: a delay in seconds, and at most one rule other than latency.

    ``draw`` is the source of random numbers for a distortion.
    """

    delay: float = 0.0
    rule: Rule | None = None
    draw: random.Random | None = None

    @property
    def transport(self) -> str | None:
        """``drop``, ``lost`` or ``html`` if the connection is affected."""
        return self.rule.do if self.rule and self.rule.do in TRANSPORT else None

    @property
    def distortion(self) -> str | None:
        """The distortion of the response, if any."""
        return self.rule.do if self.rule and self.rule.do in DISTORTIONS else None


class Faults:
    """The current rules and their injections. Latencies of several rules add up. Of others, the first applies."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self.set([])

    def set(self, rules: list[dict[str, Any]], seed: int | None = None) -> None:
        """Replace all rules. ``seed`` seeds the random numbers. Raises ValueError for an invalid rule."""
        known = {entry.name for entry in fields(Rule)}
        for rule in rules:
            if unknown := rule.keys() - known:
                raise ValueError(f"a fault rule has no {', '.join(sorted(unknown))}")
        parsed = [Rule(**rule) for rule in rules]
        with self._lock:
            self._rules = parsed
            self._rng = random.Random(self._seed if seed is None else seed)
            self._injected: list[dict[str, Any]] = []

    def inject(self, call: Call) -> Injection:
        """Determine the faults of a call."""
        if not self._rules:
            return Injection()
        with self._lock:
            delay, chosen = 0.0, None
            for rule in self._rules:
                if (rule.do == "latency" or chosen is None) and rule.hits(call, self._rng.random):
                    self._injected.append({**vars(call), "do": rule.do})
                    if rule.do == "latency":
                        delay += self._delay(rule)
                    else:
                        chosen = rule
            if chosen and chosen.do in DISTORTIONS:
                return Injection(delay, chosen, random.Random(self._rng.random()))
            return Injection(delay, chosen)

    def injected(self) -> list[dict[str, Any]]:
        """The injected faults since the rules were set, in order."""
        with self._lock:
            return list(self._injected)

    def _delay(self, rule: Rule) -> float:
        spread = rule.jitter * (2 * self._rng.random() - 1)
        return rule.ms / 1000 * max(0.0, 1 + spread)
