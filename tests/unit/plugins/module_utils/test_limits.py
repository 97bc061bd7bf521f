# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A value outside the list of the service's model: the message names the one that was probably meant."""

from __future__ import annotations

import botocore.session
import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._options.limits import breaches

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
