# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module of this collection in this process, and write down the API calls that it makes.

usage: record.py MODULE OPTIONS RECORDING

OPTIONS: a JSON file. RECORDING: written as calls.py takes it.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from ansible.module_utils.testing import patch_module_args
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.client import Answer, Api
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.errors import ApiError


def record(module: str, options: dict[str, Any]) -> list[dict[str, Any]]:
    """Run the module; return its calls in the order of their answers."""
    calls: list[dict[str, Any]] = []
    call = Api.call

    def recorded(self: Api, operation: str, **request: Any) -> Answer:
        one = {"service": self._model.service_name, "operation": operation, "request": request, "fails": False}
        try:
            return call(self, operation, **request)
        except ApiError:
            one["fails"] = True
            raise
        finally:
            calls.append(one)

    Api.call = recorded  # type: ignore[method-assign]
    main = import_module(f"ansible_collections.patchfleet.aws.plugins.modules.{module}").main
    with patch_module_args(options):
        try:
            main()
        except SystemExit as end:
            if end.code:
                raise
    return calls


if __name__ == "__main__":
    found = record(sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
    Path(sys.argv[3]).write_text(json.dumps(found), encoding="utf-8")
