# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reader of patch baselines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from .._aws.answers import require
from .._aws.client import GONE, Api, Job, run_jobs
from .._aws.errors import ApiError
from .._aws.structures import Raw
from .._options.kind import values_of
from .._options.option import nested
from .._resources import patch_baseline
from .._resources.ownership import SETUP_TAG, user_tags
from .effective_patches import effective_patches
from .export import declare_aws_baseline, declare_baseline
from .readers import WORKERS, checker, declared, is_wanted


class BaselineReader:
    """Reads the listing of baselines and, if requested, the patch groups, then each baseline that matches."""

    def __init__(self, api: Api, params: Mapping[str, Any]) -> None:
        self._api = api
        self._params = params
        self._ids = (
            None if params["baseline_ids"] is None else {patch_baseline.bare_id(one) for one in params["baseline_ids"]}
        )
        self._listed: list[Raw] = []
        self._groups: dict[str, list[str]] = {}
        self._raws: dict[str, Raw] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self._patches: dict[str, list[dict[str, Any]] | None] = {}
        self._with_patches = "effective_patches" in params["include"]

    def read(self) -> list[dict[str, Any]]:
        """The entries of the result."""
        # GetPatchBaseline returns the groups of own baselines.
        groups = "patch_groups" in self._params["include"] and self._params["owner"] != "self"
        run_jobs([self._list, *([self._list_groups] if groups else [])], WORKERS)
        identities = [one for one in self._listed if self._fits(one)]
        run_jobs([job for one in identities for job in self._jobs(one["BaselineId"])], WORKERS)
        counts = Counter(_key(one) for one in self._listed)
        found = [one for one in identities if one["BaselineId"] in self._raws]
        if self._with_patches:
            found = [one for one in found if one["BaselineId"] in self._patches]
        return [
            self._entry(one, counts[_key(one)])
            for one in sorted(found, key=lambda one: (*_key(one), one["BaselineId"]))
        ]

    def warnings(self) -> list[str]:
        """The warnings about the entries."""
        unsupported = [one for one in self._listed if self._patches.get(one["BaselineId"], []) is None]
        if not unsupported:
            return []
        named = ", ".join(f"{name} ({system})" for name, system in sorted(map(_key, unsupported)))
        return [
            "effective_patches: AWS returns them only for Windows baselines (UnsupportedOperatingSystem), so they are"
            f" null for {named}"
        ]

    def _list(self) -> Iterable[Job]:
        filters = []
        if self._params["owner"] != "all":
            filters.append({"Key": "OWNER", "Values": [{"self": "Self", "aws": "AWS"}[self._params["owner"]]]})
        if self._params["operating_system"]:
            filters.append({"Key": "OPERATING_SYSTEM", "Values": [self._params["operating_system"]]})
        only = {"Filters": filters} if filters else {}
        listed = self._api.pages("DescribePatchBaselines", "BaselineIdentities", "BaselineId", **only)
        # A listing that changes while it is read can return an entry twice.
        self._listed = list({raw["BaselineId"]: raw for raw in listed}.values())
        return ()

    def _list_groups(self) -> Iterable[Job]:
        operation = "DescribePatchGroups"
        for mapping in self._api.pages(operation, "Mappings", "PatchGroup", "BaselineIdentity"):
            require(operation, mapping["BaselineIdentity"], ("BaselineId",))
            groups = self._groups.setdefault(patch_baseline.bare_id(mapping["BaselineIdentity"]["BaselineId"]), [])
            if mapping["PatchGroup"] not in groups:
                groups.append(mapping["PatchGroup"])
        return ()

    def _fits(self, identity: Raw) -> bool:
        return (
            is_wanted(_key(identity)[0], self._params["names"])
            and (self._ids is None or patch_baseline.bare_id(identity["BaselineId"]) in self._ids)
            and (bool(identity.get("DefaultBaseline")) or not self._params["default_only"])
        )

    def _jobs(self, baseline_id: str) -> list[Job]:
        # AWS-owned baselines cannot be tagged.
        return [
            lambda: self._get(baseline_id),
            *([] if patch_baseline.is_aws_owned(baseline_id) else [lambda: self._list_tags(baseline_id)]),
            *([lambda: self._list_patches(baseline_id)] if self._with_patches else []),
        ]

    def _get(self, baseline_id: str) -> Iterable[Job]:
        try:
            self._raws[baseline_id] = self._api.get("GetPatchBaseline", "BaselineId", BaselineId=baseline_id)
        except ApiError as error:
            if error.code not in GONE:
                raise
        return ()

    def _list_tags(self, baseline_id: str) -> Iterable[Job]:
        try:
            self._tags[baseline_id] = self._api.tags(patch_baseline.KIND.resource_type, baseline_id)
        except ApiError as error:
            if error.code not in GONE:
                raise
        return ()

    def _list_patches(self, baseline_id: str) -> Iterable[Job]:
        try:
            self._patches[baseline_id] = effective_patches(self._api, baseline_id)
        except ApiError as error:
            if error.code not in GONE:
                raise
        return ()

    def _entry(self, identity: Raw, namesakes: int) -> dict[str, Any]:
        baseline_id, default = identity["BaselineId"], bool(identity.get("DefaultBaseline"))
        raw, tags = self._raws[baseline_id], self._tags.get(baseline_id, {})
        owned_by_aws = patch_baseline.is_aws_owned(baseline_id)
        groups = (
            self._groups.get(patch_baseline.bare_id(baseline_id), []) if owned_by_aws else raw.get("PatchGroups") or []
        )
        entry = {
            **nested(values_of(patch_baseline.KIND, raw)),
            "baseline_id": baseline_id,
            "owner": "aws" if owned_by_aws else "self",
            "default": default,
            **patch_baseline.KIND.facts(raw),
            "tags": user_tags(tags),
            "setup": tags.get(SETUP_TAG),
        }
        if "patch_groups" in self._params["include"]:
            entry["patch_groups"] = sorted(groups)
        if self._with_patches:
            entry["effective_patches"] = self._patches[baseline_id]
        if self._params["as_override"]:
            entry["override"] = self._override(raw)
        if owned_by_aws:
            aws_default = patch_baseline.aws_default(self._listed, _key(identity)[1])
            return {**entry, **declared(declare_aws_baseline(identity, groups, aws_default))}
        return {**entry, **declared(declare_baseline(raw, tags, default, namesakes, checker(self._api)))}

    def _override(self, raw: Raw) -> str:
        shape = self._api.input_shape("GetDeployablePatchSnapshotForInstance").members["BaselineOverride"]
        return json.dumps([_trimmed({name: raw.get(name) for name in shape.members})], indent=2)


def _key(identity: Raw) -> tuple[str, str]:
    return identity.get("BaselineName") or "", identity.get("OperatingSystem") or ""


def _trimmed(value: Any) -> Any:
    """A structure without null values, at every depth."""
    if isinstance(value, dict):
        return {name: _trimmed(entry) for name, entry in value.items() if entry is not None}
    return [_trimmed(entry) for entry in value] if isinstance(value, list) else value
