# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of ssm_patch_compliance_info, and those that it shares with other modules that read nodes."""

from __future__ import annotations

from .._options.option import CONCURRENCY, Option, Options
from .rows import STATES

INSTANCE_OPTIONS: Options = (
    Option("instance_ids", "Only nodes with these IDs (C(i-) or C(mi-)).", type="list", elements="str"),
    Option(
        "instance_tags",
        "Only nodes that have all of these tags, as a dictionary of tag keys and their value or list of values. Any"
        " value of a list matches.",
        type="dict",
    ),
)
ROWS_FILE = Option(
    "dest",
    (
        "Write the rows of O(level) to this file as they are read, instead of returning RV(instances) and"
        " RV(patches). Memory use then does not grow with the number of rows. The file name must end in"
        " C(.jsonl) or C(.csv), and the directory must exist.",
        "The module replaces the file only after everything is read. A new file gets the mode 0600.",
    ),
    type="path",
)
OPTIONS: Options = (
    Option(
        "patch_groups",
        "Only nodes of these patch groups. A node belongs to a group by its tag C(PatchGroup) or C(Patch Group), or"
        " by the group in its last report.",
        type="list",
        elements="str",
    ),
    *INSTANCE_OPTIONS,
    Option(
        "level",
        "The level of detail to return in addition to RV(summary) and RV(groups). V(instances) adds RV(instances)."
        " V(patches) adds RV(instances) and RV(patches).",
        choices=("summary", "instances", "patches"),
        default="summary",
    ),
    Option(
        "states",
        "Only return patches in these states in RV(patches). Requires O(level=patches).",
        type="list",
        elements="str",
        choices=STATES,
    ),
    Option(
        "severities",
        "Only return patches with these severities in RV(patches), as the publisher names them, such as"
        " V(Critical). Not case-sensitive. Requires O(level=patches).",
        type="list",
        elements="str",
    ),
    Option(
        "only_noncompliant",
        "Only return noncompliant nodes in RV(instances), and in RV(patches) only the patches that make them"
        " noncompliant, as AWS counts them. Nodes whose patch state could not be read are kept.",
        type="bool",
        default=False,
    ),
    Option(
        "stale_after_hours",
        "The number of hours, 1 to 87600, after the last scan or installation when the data of a node counts as stale.",
        type="int",
        default=168,
    ),
    Option(
        "include_unmanaged",
        (
            "Also report running EC2 instances that have the tag of a patch group but are not managed by Systems"
            " Manager. With O(instance_ids), report those instances with or without the tag.",
            "Requires the permission C(ec2:DescribeInstances).",
        ),
        type="bool",
        default=False,
    ),
    CONCURRENCY,
    ROWS_FILE,
)
