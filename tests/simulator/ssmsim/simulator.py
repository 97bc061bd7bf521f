# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated service, between a call and the handler of its operation."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from ssmsim import cloudtrail, execution_work, model, needs, node_runs, resource_groups, validate
from ssmsim.access import Policies
from ssmsim.distortions import distorted
from ssmsim.ec2_instances import described, plant_instances
from ssmsim.errors import ServiceError, not_implemented
from ssmsim.faults import Call, Faults, Injection
from ssmsim.fleet import of
from ssmsim.fleet_seed import plant_fleet
from ssmsim.needs import TAGGED, Need
from ssmsim.registry import OPERATIONS
from ssmsim.seed import places, plant
from ssmsim.store import Clock, Region, World
from ssmsim.tags import store_tags, tags_of

DEFAULT_ACCOUNT = "123456789012"
PROFILES = ("strict", "lenient")

for _module in (
    "windows",
    "window_targets",
    "window_tasks",
    "window_schedule",
    "tags",
    "baselines",
    "patch_groups",
    "commands",
    "command_reads",
    "execution_reads",
    "window_openings",
    "patch_states",
    "instance_information",
    "available_patches",
    "compliance",
    "inventory",
    "data_sync",
):
    import_module(f"ssmsim.{_module}")


@dataclass(frozen=True)
class Reply:
    """A response: a dict in wire format, or bytes with headers. ``transport``: a fault in its transmission."""

    status: int
    answer: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    transport: str | None = None
    content: bytes | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)


class Simulator:
    """Many accounts in many Regions, in one process.

    ``profile`` selects behavior that is unknown, ``clock`` is the start time of the virtual clock, ``seed`` is the
    content of a seed file, and ``runs`` is whether the clock runs in real time, by default only without ``clock``.
    Calls of several threads are processed one at a time.
    """

    def __init__(
        self,
        profile: str = "lenient",
        clock: datetime | str | None = None,
        seed: dict[str, Any] | None = None,
        *,
        runs: bool | None = None,
    ) -> None:
        self._clock = moment(clock) if clock is not None else None
        self._runs = clock is None if runs is None else runs
        self._seed = seed or {}
        self._lock = threading.RLock()
        self._profile = profile
        # Whether moto lists the instances of fleets that are not too large for it, which takes longer.
        self.instances_by_moto = True
        model.service()  # read now, so that the first call does not wait for it
        self.reset()

    def handle(self, operation: str, region: str, account: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Process one SSM call and return the HTTP status with the response, or the error (``__type`` and ``message``).

        An injected ``drop`` or ``lost`` raises ConnectionError, like the connection of a client.
        """
        call = Call("ssm", operation, region, account)
        reply = self.carry_out(call, body, lambda: self.answer(call, body))
        if reply.transport in ("drop", "lost"):
            raise ConnectionError(f"{operation}: the connection was closed without an answer")
        return reply.status, reply.answer

    def carry_out(
        self,
        call: Call,
        sent: dict[str, Any],
        effect: Callable[[], Reply],
        write: bool | None = None,
        needed: list[Need] | None = None,
    ) -> Reply:
        """Return the response of ``effect``, a fault or a policy to a call, and log the call.

        ``write``: whether the call changes something. By default, this depends on the name of the operation.
        ``needed``: the required permissions. By default, they are those of an SSM call with this request.
        """
        injection = self.faults.inject(call)
        if injection.delay:
            time.sleep(injection.delay)
        if needed is None:
            needed = needs.of_ssm(call, sent, call.account in self._linked, self._world.strict)
        reply = _disturbed(call, sent, injection, lambda: self._allowed(call, needed) or effect())
        actions: dict[str, list[str]] = {}
        for need in needed:
            actions.setdefault(need.action, []).extend(need.resources)
        if reply.status < 300 and "iam:CreateServiceLinkedRole" in actions:
            self._linked.add(call.account)
        if call.service == "ssm":
            self._record(call, sent, reply)
        self._log.append(
            {
                "service": call.service,
                "op": call.op,
                "region": call.region,
                "account": call.account,
                "input": sent,
                "actions": actions,
                "status": reply.status,
                "error": reply.error or reply.transport,
                "write": not call.op.startswith(("Describe", "Get", "List")) if write is None else write,
            }
        )
        return reply

    def _record(self, call: Call, sent: Any, reply: Reply) -> None:
        """Record a call in CloudTrail if it changes something. Reads are not looked up here."""
        one = cloudtrail.Recorded(
            len(self._trail),
            self._world.clock.now().timestamp(),
            call.op,
            call.region,
            call.account,
            dict(self.caller),
            sent if isinstance(sent, dict) else {},
            reply.answer if reply.status < 300 else {},
            reply.error,
        )
        if not one.is_read:
            self._trail.append(one)

    def looked_up(self, call: Call, request: dict[str, Any]) -> Reply:
        """The response of CloudTrail to LookupEvents."""
        with self._lock:
            region, now = self._region(call.account, call.region), self._world.clock.now().timestamp()
            try:
                return Reply(200, cloudtrail.lookup(region, request, self._trail, now))
            except ServiceError as error:
                return refusal(error)

    def answer(self, call: Call, body: Any) -> Reply:
        """The response of the service, without faults."""
        try:
            return Reply(200, self.execute(call.op, call.region, call.account, body))
        except ServiceError as error:
            return refusal(error)

    def execute(self, operation: str, region: str, account: str, body: Any) -> dict[str, Any]:
        """Run an operation. Raises ServiceError."""
        if operation not in model.operations():
            raise ServiceError("UnknownOperationException", f"{operation} is no operation of the service")
        if operation not in OPERATIONS:
            raise not_implemented(operation)
        if not isinstance(body, dict):
            raise ServiceError("SerializationException", "The request is not a JSON object")
        with self._lock:
            self._world.agenda.run_due()
            request = validate.request(operation, body, strict=self._world.strict)
            result = OPERATIONS[operation](self._region(account, region), request)
            output = model.output_shape(operation)
            shaped: dict[str, Any] = validate.modelled(output, result) if output else {}
            return shaped

    def reset(self, profile: str | None = None) -> None:
        """Restore the initial state, including seed and clock, with another or the current profile."""
        wanted = profile or self._profile
        if wanted not in PROFILES:
            raise ValueError(f"the profile is one of {', '.join(PROFILES)}, not {wanted}")
        with self._lock:
            self._profile = wanted
            self._world = World(strict=wanted == "strict", clock=Clock(self._clock, runs=self._runs))
            self._regions: dict[tuple[str, str], Region] = {}
            self._log: list[dict[str, Any]] = []
            self._linked: set[str] = set()
            self._trail: list[cloudtrail.Recorded] = []
            # The userIdentity of further calls in the format of CloudTrail. The default is a user.
            self.caller: dict[str, Any] = {}
            self.faults = Faults()
            self.policies = Policies()
            self.plant(self._seed)

    def plant(self, seed: dict[str, Any]) -> None:
        """Create the resources of a seed in addition to existing ones. Raises ValueError if the service rejects any."""
        with self._lock:
            plant(seed, self.execute, self._tag, DEFAULT_ACCOUNT)
            self._world.commands = self._world.commands | node_runs.checked(seed.get("commands", {}))
            self._world.executions = self._world.executions | execution_work.checked(seed.get("executions", {}))
            for region, account, place in places(seed, DEFAULT_ACCOUNT):
                if place.get("fleet"):
                    plant_fleet(of(self._region(account, region)), {"seed": seed.get("seed", 0), **place["fleet"]})

    def plant_instances(self, region: str, account: str) -> None:
        """Create the instances of a fleet in moto's EC2."""
        with self._lock:
            plant_instances(of(self._region(account, region)))

    def described_instances(self, region: str, account: str, sent: dict[str, Any]) -> Reply | None:
        """The response of DescribeInstances for a fleet that is too large for moto's EC2. None for other fleets."""
        with self._lock:
            content = described(of(self._region(account, region)), sent, by_moto=self.instances_by_moto)
        return None if content is None else Reply(200, content=content, headers=[("Content-Type", "text/xml")])

    def group_resources(self, call: Call, request: dict[str, Any]) -> Reply:
        """The response of Resource Groups to ListGroupResources."""
        with self._lock:
            answer = resource_groups.members(self._region(call.account, call.region), request)
        if answer is None:
            code = "NotFoundException"
            return Reply(404, {"__type": code, "Message": f"Cannot find group {request.get('Group')}"}, code)
        return Reply(200, answer)

    def now(self) -> datetime:
        """The time of the virtual clock, in UTC."""
        return self._world.clock.now()

    def passed(self) -> float:
        """The seconds that have passed on the virtual clock, regardless of changes to its time."""
        return self._world.clock.passed()

    def set_clock(self, to: datetime | str) -> None:
        """Set the virtual clock to a time, and run all actions that are due."""
        with self._lock:
            self._world.clock.set(moment(to))
            self._world.agenda.run_due()

    def advance(self, seconds: float) -> None:
        """Advance the virtual clock, and run all actions that are due."""
        with self._lock:
            self._world.clock.advance(seconds)
            self._world.agenda.run_due()

    def run_clock(self, runs: bool) -> None:
        """Let the virtual clock run in real time, or stand still until it is changed."""
        with self._lock:
            self._world.clock.run(runs)

    def set_faults(self, rules: list[dict[str, Any]], seed: int | None = None) -> None:
        """Replace the fault rules (see ``faults.Rule``). An empty list clears them. ``seed``: for random numbers."""
        self.faults.set(rules, seed)

    def set_policies(self, documents: dict[str, Any]) -> None:
        """Replace all policies (see ``access.Policies``). An empty dict allows everything."""
        self.policies.set(documents)

    def set_lag(self, seconds: float) -> None:
        """Delay the visibility of writes for reads by this many seconds. With 0, they are visible immediately.

        The seconds pass in real time if the clock runs, and with ``advance``.
        """
        with self._lock:
            self._world.lag = float(seconds)

    def log(self) -> list[dict[str, Any]]:
        """All calls since the start or since the log was cleared, including failed and injected ones."""
        return list(self._log)

    def clear_log(self) -> None:
        """Clear only the logged calls."""
        self._log.clear()

    def _allowed(self, call: Call, needed: list[Need]) -> Reply | None:
        error = self.policies.judge(call, needed, lambda arn: self._tags_by_arn(call, arn))
        return refusal(error) if error else None

    def _tags_by_arn(self, call: Call, arn: str) -> dict[str, str]:
        """The tags of a window, a baseline, a node, or a role in moto."""
        kind, _slash, name = arn.rpartition(":")[2].partition("/")
        if call.service == "iam" and kind == "role":
            from ssmsim.others import role_tags

            return role_tags(call.account, name.rpartition("/")[2])
        region = self._region(call.account, call.region)
        if kind in TAGGED:
            return tags_of(region, TAGGED[kind], name)
        node = of(region).find(name) if kind in ("instance", "managed-instance") else None
        return of(region).tags_of(node) if node else {}

    def _tag(self, region: str, account: str, resource_type: str, resource_id: str, tags: list[dict[str, str]]) -> None:
        store_tags(self._region(account, region), resource_type, resource_id, tags, system=True)

    def _region(self, account: str, region: str) -> Region:
        key = (account, region)
        if key not in self._regions:
            self._regions[key] = Region(account, region, self._world, self._seed.get("seed", 0))
        return self._regions[key]


def refusal(error: ServiceError) -> Reply:
    """The error response in JSON 1.1."""
    return Reply(error.status, {"__type": error.code, "message": error.message}, error.code)


def moment(value: datetime | str) -> datetime:
    """An aware datetime. An ISO string without an offset is in UTC. Raises ValueError for other strings."""
    parsed = datetime.fromisoformat(value) if isinstance(value, str) else value
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _disturbed(call: Call, sent: dict[str, Any], injection: Injection, effect: Callable[[], Reply]) -> Reply:
    if injection.rule is None:
        return effect()
    if injection.distortion:
        return _distorted(injection.distortion, injection.draw or random.Random(), sent, effect())
    if injection.transport == "lost":
        return replace(effect(), transport="lost")
    return replace(refusal(injection.rule.error(call)), transport=injection.transport)


def _distorted(do: str, draw: random.Random, sent: dict[str, Any], reply: Reply) -> Reply:
    """A distorted response of the service. Errors are returned unchanged."""
    if reply.status != 200 or reply.content is not None:
        return reply
    changed = distorted(do, reply.answer, sent, draw)
    if isinstance(changed, bytes):
        return replace(reply, content=changed, headers=[("Content-Type", "application/x-amz-json-1.1")])
    return replace(reply, answer=changed)
