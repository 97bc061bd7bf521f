# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The available Command documents, and the rules for their parameters."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from ssmsim.errors import ServiceError
from ssmsim.store import Region

Values = dict[str, list[str]]

DEFAULT_EXECUTION_SECONDS = 3600
PATCH_STEP_SECONDS = 7200
WINDOWS, LINUX, MACOS = "Windows", "Linux", "MacOS"

_GUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
# The value that a maintenance window sends as the snapshot, which all invocations of an execution share.
ORCHESTRATION_ID = "{{ aws:ORCHESTRATION_ID }}"
_URL = r"^$|^https://.+|^s3://([^/]+)/(.*?([^/]+))$"
_SECONDS = r"([1-9][0-9]{0,4})|(1[0-6][0-9]{4})|(17[0-1][0-9]{3})|(172[0-7][0-9]{2})|(172800)"


@dataclass(frozen=True)
class Parameter:
    """A parameter of a document, which is required without ``default``. ``many``: a StringList."""

    default: str | None = ""
    allowed: tuple[str, ...] = ()
    pattern: str = ""
    many: bool = False


@dataclass(frozen=True)
class Step:
    """A step: the plugin that runs it, and the platform in its precondition."""

    name: str
    action: str
    platform: str | None = None


@dataclass(frozen=True)
class Document:
    """A Command document.

    ``operates``: it scans or installs according to its parameter Operation. ``execution_seconds``: the timeout of all
    its steps, unless the parameter ``executionTimeout`` specifies it.
    """

    name: str
    steps: tuple[Step, ...]
    parameters: dict[str, Parameter] = field(default_factory=dict)
    platforms: tuple[str, ...] = (WINDOWS, LINUX, MACOS)
    operates: bool = False
    execution_seconds: int = DEFAULT_EXECUTION_SECONDS
    any_parameters: bool = False
    versions: int = 1

    def timeout(self, parameters: Values) -> int:
        """The execution timeout in seconds with these parameters."""
        given = parameters.get("executionTimeout")
        return int(given[0]) if given else self.execution_seconds

    @property
    def hash(self) -> str:
        """The Sha256 hash of the name, because the simulator has no contents."""
        return hashlib.sha256(self.name.encode()).hexdigest()


_PATCH_STEPS = (
    Step("PatchWindows", "aws:runPowerShellScript", WINDOWS),
    Step("PatchLinux", "aws:runShellScript", LINUX),
    Step("PatchMacOS", "aws:runShellScript", MACOS),
)
_OPERATION = {"Operation": Parameter(None, ("Scan", "Install"))}
_REBOOT = {"RebootOption": Parameter("RebootIfNeeded", ("RebootIfNeeded", "NoReboot"))}
_SNAPSHOT = {"SnapshotId": Parameter(pattern=rf"^$|^{_GUID}$|^{re.escape(ORCHESTRATION_ID)}$")}
_OVERRIDE_LIST = {"InstallOverrideList": Parameter(pattern=_URL)}
_SCRIPT = {
    "commands": Parameter(None, many=True),
    "workingDirectory": Parameter(),
    "executionTimeout": Parameter(str(DEFAULT_EXECUTION_SECONDS), pattern=_SECONDS),
}
OF_ASSOCIATIONS = "AWS-RunPatchBaselineAssociation"
HOOKS = ("PreInstallHookDocName", "PostInstallHookDocName", "OnExitHookDocName")


def _patching(name: str, parameters: dict[str, Parameter]) -> Document:
    return Document(name, _PATCH_STEPS, parameters, operates=True, execution_seconds=3 * PATCH_STEP_SECONDS)


def _windows_only(name: str, parameters: dict[str, Parameter], operates: bool = False) -> Document:
    steps = (Step("aws:runPowerShellScript", "aws:runPowerShellScript"),)
    return Document(name, steps, parameters, (WINDOWS,), operates)


def _simple(name: str, action: str, parameters: dict[str, Parameter], *platforms: str) -> Document:
    return Document(name, (Step(action, action),), parameters, platforms or (WINDOWS, LINUX, MACOS))


_UPDATES = {"IncludeKbs": Parameter(), "ExcludeKbs": Parameter(), "Categories": Parameter()}
_DOCUMENTS = {
    document.name: document
    for document in (
        _patching(
            "AWS-RunPatchBaseline",
            {
                **_OPERATION,
                "AssociationId": Parameter(pattern=rf"^$|^{_GUID}$"),
                **_SNAPSHOT,
                **_OVERRIDE_LIST,
                "BaselineOverride": Parameter(pattern=_URL),
                **_REBOOT,
            },
        ),
        _patching(
            "AWS-RunPatchBaselineWithHooks",
            {**_OPERATION, **_SNAPSHOT, **_REBOOT, **{hook: Parameter("AWS-Noop") for hook in HOOKS}},
        ),
        _patching(
            OF_ASSOCIATIONS,
            {
                **_OPERATION,
                "AssociationId": Parameter(None, pattern=_GUID),
                "BaselineTags": Parameter(pattern=r"^$|^Key=.+,Values=.+$"),
                **_OVERRIDE_LIST,
                **_REBOOT,
            },
        ),
        _windows_only("AWS-ApplyPatchBaseline", {**_OPERATION, **_SNAPSHOT}, operates=True),
        _windows_only("AWS-FindWindowsUpdates", {"UpdateLevel": Parameter("None")}),
        _windows_only("AWS-InstallMissingWindowsUpdates", {"UpdateLevel": Parameter("None")}),
        _windows_only("AWS-InstallWindowsUpdates", {"Action": Parameter("Install", ("Install", "Scan")), **_UPDATES}),
        _simple("AWS-RunShellScript", "aws:runShellScript", _SCRIPT, LINUX, MACOS),
        _simple("AWS-RunPowerShellScript", "aws:runPowerShellScript", _SCRIPT),
        _simple("AWS-Noop", "aws:runDocument", {}),
        _simple("AWS-UpdateSSMAgent", "aws:updateSsmAgent", {"version": Parameter(), "allowDowngrade": Parameter()}),
    )
}


def find(region: Region, name: str) -> Document | None:
    """The document with a name or ARN, from AWS or from the seed."""
    short = name.rpartition("/")[2]
    if short in region.command_settings.get("documents", []):
        return Document(short, (Step("run", "aws:runDocument"),), any_parameters=True)
    return _DOCUMENTS.get(short)


def named(region: Region, request: dict[str, Any]) -> Document:
    """The document that a request names, with a matching version and hash. Raises ServiceError."""
    name: str = request["DocumentName"]
    document = find(region, name)
    if document is None:
        raise ServiceError("InvalidDocument", f"Document with name {name} does not exist.")
    version: str = request.get("DocumentVersion", "$DEFAULT")
    if not version.startswith("$") and int(version) > document.versions:
        raise ServiceError("InvalidDocumentVersion", f"Document {name} does not have version {version}.")
    wanted = request.get("DocumentHash")
    if wanted and (request.get("DocumentHashType") == "Sha1" or wanted != document.hash):
        raise ServiceError("InvalidDocument", f"The hash of document {name} is not the one that was sent.")
    return document


def judge(document: Document, parameters: Values) -> None:
    """Raise InvalidParameters for unknown, missing or invalid parameters.

    The error has no message: https://github.com/claranet/ssha/issues/71.
    """
    known = document.parameters
    strange = parameters.keys() - known.keys()
    lacking = any(one.default is None and not parameters.get(name) for name, one in known.items())
    unfit = any(not _fits(known[name], parameters[name]) for name in known.keys() & parameters.keys())
    if not document.any_parameters and (strange or lacking or unfit):
        raise ServiceError("InvalidParameters", "")


def resolved(document: Document, parameters: Values) -> dict[str, str]:
    """The first value of each parameter, with the defaults of the document."""
    defaults = {name: parameter.default or "" for name, parameter in document.parameters.items()}
    return defaults | {name: values[0] for name, values in parameters.items() if values}


def _fits(parameter: Parameter, values: list[str]) -> bool:
    fitting = (
        (not parameter.allowed or value in parameter.allowed)
        and (not parameter.pattern or re.fullmatch(parameter.pattern, value) is not None)
        for value in values
    )
    return (len(values) == 1 or parameter.many) and all(fitting)
