# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules as processes of their own, over HTTP: killed by SIGKILL, several at once, throttled in real time."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import CREDENTIALS, REGION
from ansible_collections.patchfleet.aws.tests.support.profiles import chosen_profile
from ssmsim import Simulator
from ssmsim.server import Server

from .faulty_account import FaultyAccount
from .test_disturbed_runs import RUNS, SEED, assert_accounted, expected, prepared
from .transitions import TRANSITIONS

Json = Any
MODULE = "ansible_collections.patchfleet.aws.plugins.modules.ssm_patch_setup"


class Site:
    """The account behind a real server, and processes that run against it."""

    def __init__(self, account: FaultyAccount, folder: Path) -> None:
        self.account = account
        self._folder = folder
        self._server = Server(account.simulator, 0)
        self._lock = threading.Lock()
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def start(self, **args: Json) -> subprocess.Popen[str]:
        """Start the module with these options."""
        given = {"region": REGION, **CREDENTIALS, "endpoint_url": self._server.url, **args}
        path = self._folder / f"{len(list(self._folder.iterdir()))}.json"
        path.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": given}))
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_"))}
        command = [sys.executable, "-m", MODULE, str(path)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean)

    def end(self, process: subprocess.Popen[str]) -> dict[str, Json]:
        """What a process printed."""
        printed, errors = process.communicate(timeout=300)
        assert printed, errors
        assert "Traceback" not in errors
        result: dict[str, Json] = json.loads(printed)
        return result

    @contextmanager
    def killing(self, at: int, late: bool) -> Iterator[list[subprocess.Popen[str]]]:
        """Kill the process that is put into the list, at its call of this number, before or after its effect."""
        simulator, victims = self.account.simulator, []
        real, left = simulator.carry_out, at

        def carry_out(*args: Any, **options: Any) -> Any:
            nonlocal left
            with self._lock:
                left -= 1
                if left > 0:
                    return real(*args, **options)
                if left == 0 and late:
                    real(*args, **options)
                victims[0].kill()
            raise ConnectionError("the client is gone")

        simulator.carry_out = carry_out
        try:
            yield victims
        finally:
            del simulator.carry_out


@pytest.fixture
def site(seed: int, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Site]:
    """The server; what the test itself calls takes the short way."""
    site = Site(FaultyAccount(simulator, chosen_profile(), monkeypatch), tmp_path)
    yield site
    site.close()
    site.account.simulator.reset()


@pytest.mark.parametrize("seed", range(SEED, SEED + max(2, RUNS // 20)))
def test_the_next_run_makes_good_what_a_killed_process_left(site: Site, seed: int) -> None:
    draw = random.Random(seed)
    transition = draw.choice(list(TRANSITIONS))
    account, wanted = site.account, expected(transition)
    declaration = prepared(account, transition)
    with site.killing(draw.randrange(1, 70), late=draw.random() < 0.5) as victims:
        victims.append(site.start(**declaration))
        victims[0].communicate(timeout=300)
    assert victims[0].returncode in (-9, 0)
    account.settled(**declaration)
    assert account.content() == wanted, transition


@pytest.mark.parametrize("seed", range(SEED, SEED + max(1, RUNS // 100)))
def test_processes_at_once_make_one_setup(site: Site, seed: int) -> None:
    draw = random.Random(seed)
    transition = draw.choice(list(TRANSITIONS))
    account, wanted = site.account, expected(transition)
    declaration = prepared(account, transition)
    processes = [site.start(**declaration) for _controller in range(draw.choice((2, 5)))]
    for process in processes:
        site.end(process)
    account.settled(**declaration)
    assert account.content() == wanted, transition


@pytest.mark.parametrize("seed", range(SEED, SEED + max(1, RUNS // 100)))
def test_a_throttled_process_slows_down_and_comes_to_its_end(site: Site, seed: int) -> None:
    draw = random.Random(seed)
    transition = draw.choice(list(TRANSITIONS))
    account, wanted = site.account, expected(transition)
    declaration = prepared(account, transition)
    predicted = account.setup(check=True, **declaration)
    rate = draw.uniform(0.05, 0.3)
    account.faults_from(seed, {"do": "ThrottlingException", "rate": rate}, {"do": "InternalServerError", "rate": 0.05})
    result = site.end(site.start(**declaration))
    account.faults()
    assert_accounted(predicted, result)
    account.settled(**declaration)
    assert account.content() == wanted, transition
