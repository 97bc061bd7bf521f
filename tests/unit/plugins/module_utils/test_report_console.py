# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses in the AWS console are those of the partition and region, and no text of an account gets into one."""

from __future__ import annotations

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.model import Place
from ansible_collections.patchfleet.aws.plugins.module_utils._report.console import (
    node_address,
    patches_address,
    window_address,
)

NODE, HYBRID, WINDOW = "i-0123456789abcdef0", "mi-0123456789abcdef0", "mw-0123456789abcdef0"


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "us-east-1", "us-east-1.console.aws.amazon.com"),
        ("aws", "ap-southeast-4", "ap-southeast-4.console.aws.amazon.com"),
        ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
        ("aws-cn", "cn-northwest-1", "cn-northwest-1.console.amazonaws.cn"),
    ],
)
def test_the_console_is_that_of_the_region(partition: str, region: str, host: str) -> None:
    place = Place(partition, "111111111111", region)
    base, end = f"https://{host}/systems-manager", f"?region={region}"

    assert node_address(place, NODE) == f"{base}/fleet-manager/managed-nodes/{NODE}/general{end}"
    assert node_address(place, HYBRID) == f"{base}/fleet-manager/managed-nodes/{HYBRID}/general{end}"
    assert window_address(place, WINDOW) == f"{base}/maintenance-windows/{WINDOW}/description{end}"
    assert patches_address(place) == f"{base}/patch-manager/dashboard{end}"


@pytest.mark.parametrize(
    ("partition", "region", "name"),
    [
        ("aws-iso", "us-iso-east-1", NODE),
        ("", "us-east-1", NODE),
        ("aws", "", NODE),
        ("aws", "evil.example.com/?", NODE),
        ("aws", "us-east-1", "i-0123456789abcdef0/../x"),
        ("aws", "us-east-1", 'i-{}" onclick=x'),
    ],
)
def test_without_a_known_place_or_form_there_is_no_address(partition: str, region: str, name: str) -> None:
    assert node_address(Place(partition, "1", region), name) is None
