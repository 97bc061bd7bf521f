# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chooses the endpoint: the simulator, one given by `--endpoint`, or an AWS account by `--aws`."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from .command_support import NODES
from .support import REGION, Client, Doors, Endpoint, Maker, Recorder, hooked, new_account

SIMULATOR = Path(__file__).resolve().parent.parent
PROFILES = ("strict", "lenient")
PROFILE = "PATCHFLEET_SIM_PROFILE"
CONFIRMATION = "PATCHFLEET_VERIFY_AWS"
START_SECONDS = 30
OBSERVED = pytest.StashKey[dict[str, set[str]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("contract", "endpoint of the contract tests")
    group.addoption("--endpoint", help="URL to test instead of a simulator started for the session")
    group.addoption(
        "--profile", choices=PROFILES, help=f"simulator's profile, else {PROFILE}; with --endpoint: it is one"
    )
    group.addoption("--aws", action="store_true", help=f"test an AWS account; {CONFIRMATION} must name its number")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[OBSERVED] = {}
    if config.getoption("--aws", default=False) and not os.environ.get(CONFIRMATION):
        raise pytest.UsageError(f"--aws creates and deletes resources: set {CONFIRMATION} to the account's number")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "endpoint" not in metafunc.fixturenames:
        return
    option = metafunc.config.getoption
    profile = option("--profile", default=None)
    if option("--aws", default=False):
        places = ["aws"]
    elif option("--endpoint", default=None):
        places = [profile or "unknown"]
    else:
        places = [profile or os.environ.get(PROFILE) or "lenient"]
    metafunc.parametrize("endpoint", places, indirect=True, scope="session")


@pytest.fixture(scope="session")
def endpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    option = request.config.getoption
    if request.param == "aws":
        yield confirmed_account()
    elif option("--endpoint"):
        yield Endpoint(option("--endpoint").rstrip("/"), option("--profile"))
    else:
        yield from started_simulator(request.param, tmp_path_factory.mktemp("simulator") / "stderr")


def confirmed_account() -> Endpoint:
    account = Endpoint(None, None)
    number = account.client("sts").get_caller_identity()["Account"]
    if number != os.environ[CONFIRMATION]:
        pytest.exit(f"{CONFIRMATION} names {os.environ[CONFIRMATION]}, the credentials belong to {number}", 2)
    return account


def started_simulator(profile: str, log: Path) -> Iterator[Endpoint]:
    """A simulator on a free loopback port, stopped by its process when the session leaves the profile."""
    command = [sys.executable, "-m", "ssmsim", "--port", "0", "--profile", profile]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(SIMULATOR), os.environ.get("PYTHONPATH", "")])}
    with log.open("w") as stderr:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True)
    try:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
        line = process.stdout.readline() if ready else ""
        if not line.startswith("READY "):
            pytest.exit(f"the simulator did not start: {line}{log.read_text()}", 2)
        yield Endpoint(line.split()[1], profile)
    finally:
        process.terminate()
        process.wait(START_SECONDS)


@pytest.fixture(scope="session")
def shared_client(endpoint: Endpoint) -> Client:
    """One client for all tests: to make one costs more than what a test says to the simulator."""
    client = endpoint.client()
    if endpoint.aws:
        client.meta.events.register("before-call.ssm.RegisterDefaultPatchBaseline", refuse_on_aws)
    return client


@pytest.fixture
def account(endpoint: Endpoint) -> str:
    """The number of the test's own account; on AWS the one account there is."""
    return os.environ[CONFIRMATION] if endpoint.aws else new_account()


@pytest.fixture
def role(account: str) -> str:
    """The ARN of a role of the account, which need not exist; one of another account may not be passed."""
    return f"arn:aws:iam::{account}:role/patchfleet-verify"


@pytest.fixture
def ssm(endpoint: Endpoint, shared_client: Client, account: str) -> Iterator[Client]:
    """The client in the test's account; its windows, baselines and group registrations are removed afterwards."""
    endpoint.speak_for(account)
    recorder = Recorder(shared_client)
    with hooked(shared_client, "after-call.ssm.*", recorder.note):
        yield shared_client
    recorder.clean()


def refuse_on_aws(**_: Any) -> None:
    raise AssertionError("the default baselines of an AWS account are not to be touched")


@pytest.fixture
def make(ssm: Client) -> Maker:
    return Maker(ssm)


@pytest.fixture
def window(make: Maker) -> str:
    return make.window()


@pytest.fixture
def managed(ssm: Client, doors: Doors, account: str) -> Client:
    """The client in an account with managed nodes, one of each sort."""
    doors.post("seed", {"regions": [{"account": account, "region": REGION, "fleet": {"nodes": NODES}}]})
    return ssm


@pytest.fixture
def later(doors: Doors) -> Iterator[Callable[[float], None]]:
    """Puts the clock forward; afterwards it is back at the true time."""
    yield lambda seconds: doors.post("clock", {"advance": seconds})
    doors.post("clock", {"set": datetime.now(UTC).isoformat()})


@pytest.fixture
def private_account(endpoint: Endpoint) -> None:
    """For tests that fill quotas or change account-wide settings."""
    if endpoint.aws:
        pytest.skip("needs an account of its own")


@pytest.fixture
def doors(endpoint: Endpoint) -> Doors:
    if endpoint.url is None or endpoint.profile is None:
        pytest.skip("needs the simulator's doors")
    return Doors(endpoint.url)


@pytest.fixture
def settle(request: pytest.FixtureRequest, endpoint: Endpoint) -> Callable[..., None]:
    """Judge a point that the documentation leaves open: the simulator's reading is its profile's, else any will do."""

    def judge(point: str, observed: Any, *, strict: Any, lenient: Any, also: tuple[Any, ...] = ()) -> None:
        request.config.stash[OBSERVED].setdefault(point, set()).add(f"{observed!r}")
        readings = {"strict": [strict], "lenient": [lenient]}
        assert observed in readings.get(endpoint.profile or "", [strict, lenient, *also]), point

    return judge


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    observed = config.stash[OBSERVED]
    if not observed or not (config.getoption("--aws", default=False) or config.getoption("--endpoint", default=None)):
        return
    terminalreporter.section("readings of the open points")
    for point, readings in sorted(observed.items()):
        terminalreporter.write_line(f"{point}: {', '.join(sorted(readings))}")
