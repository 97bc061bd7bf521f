# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of the service: of its model, whose enums name the value that was probably meant, and of bucket names."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._options.limits import BUCKET_NAME, breaches

BASELINE = botocore.session.get_session().get_service_model("ssm").operation_model("CreatePatchBaseline").input_shape


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("Windows", "; did you mean WINDOWS?"),
        ("AMAZON_LINUX2023", "; did you mean AMAZON_LINUX_2023?"),
        ("BEOS", ""),
    ],
)
def test_a_value_that_is_nearly_right_is_named(value: str, hint: str) -> None:
    (finding,) = breaches(BASELINE.members["OperatingSystem"], value)

    assert finding.rule.startswith("must be one of WINDOWS, ")
    assert finding.rule.endswith(hint)
    assert ("did you mean" in finding.rule) is bool(hint)


@pytest.mark.parametrize(
    ("shape", "lowest", "highest", "unit"),
    [
        (BASELINE.members["Description"], "d", "d" * 1024, "characters"),
        (BASELINE.members["ApprovedPatches"], [], ["KB1"] * 50, "entries"),
        (BASELINE.members["ApprovalRules"].members["PatchRules"].member.members["ApproveAfterDays"], 0, 360, ""),
    ],
)
def test_a_limit_includes_its_ends(shape: Any, lowest: Any, highest: Any, unit: str) -> None:
    assert not [*breaches(shape, lowest), *breaches(shape, highest)]
    above = highest + (1 if isinstance(highest, int) else highest[:1])
    (finding,) = breaches(shape, above)
    assert finding.rule.endswith(f"{unit}, not {len(above)}" if unit else "must be from 0 to 360")


@pytest.mark.parametrize("name", ["abc", "b" * 63, "my-bucket.2", "1a2"])
def test_a_valid_bucket_name(name: str) -> None:
    assert BUCKET_NAME.fullmatch(name)


@pytest.mark.parametrize(
    "name", ["ab", "b" * 64, "MyBucket", "my_bucket", "a..b", "a-.b", "-logs", "logs-", "10.0.0.1"]
)
def test_an_invalid_bucket_name(name: str) -> None:
    assert not BUCKET_NAME.fullmatch(name)
