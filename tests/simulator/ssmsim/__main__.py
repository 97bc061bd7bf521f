# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m ssmsim --port N``: serve on loopback until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import json
import signal
import threading
from pathlib import Path
from typing import Any

from ssmsim.server import Server
from ssmsim.simulator import PROFILES, Simulator


def main() -> None:
    """Start, print READY with the address, and serve."""
    arguments = _arguments()
    seed = json.loads(arguments.seed.read_text()) if arguments.seed else None
    server = Server(Simulator(arguments.profile, arguments.clock, seed, runs=not arguments.still), arguments.port)

    def stop(*_: Any) -> None:
        # shutdown() waits for the loop that this handler interrupts.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"READY {server.url}", flush=True)
    server.serve_forever(poll_interval=0.05)
    server.server_close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("ssmsim", description="A small AWS Systems Manager service for tests.")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1; 0 picks a free one")
    parser.add_argument("--seed", type=Path, metavar="FILE", help="JSON of what is there at the start")
    parser.add_argument("--clock", metavar="ISO", help="moment at which the virtual clock starts; default: now")
    parser.add_argument("--still", action="store_true", help="the virtual clock stands still until it is moved")
    parser.add_argument("--profile", choices=PROFILES, default="lenient", help="how the unknown is read")
    return parser.parse_args()


if __name__ == "__main__":
    main()
