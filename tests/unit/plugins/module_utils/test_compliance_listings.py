# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listings of instances: EC2 takes no value of a filter for a pattern."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._compliance.listings import AwsListings


class Ec2:
    """Records the filters of a listing."""

    filters: list[dict[str, Any]]

    def pages(self, _operation: str, _result: str, **request: Any) -> Iterator[dict[str, Any]]:
        """No reservation."""
        self.filters = request["Filters"]
        return iter(())


@pytest.mark.parametrize(
    ("value", "sent"), [("web", "web"), ("web*", r"web\*"), ("we?", r"we\?"), (r"a\b", r"a\\b"), (r"\*", r"\\\*")]
)
def test_values_are_literal(value: str, sent: str) -> None:
    ec2: Any = Ec2()

    assert not [*AwsListings(ec2, lambda: ec2).instances([{"Name": "tag:Env", "Values": [value]}])]

    assert ec2.filters == [{"Name": "tag:Env", "Values": [sent]}]
