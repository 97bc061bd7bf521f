# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook compliance_report on several accounts: why each of those that failed was not read, and their names."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import yaml
from ansible_collections.patchfleet.aws.tests.support.ansible_commands import playbook as playbook_command
from ansible_collections.patchfleet.aws.tests.support.doors import door
from simulator import REGION, in_step

GOOD, NAMELESS, FOREIGN, CLOSED, EXPIRED, WRONG, ASTRAY = (f"{number}" * 12 for number in range(1, 8))
HOSTS = {
    "good": {"aws_account_id": GOOD, "aws_account_name": "Alpha", "aws_access_key": GOOD},
    "nameless": {"aws_account_id": NAMELESS, "aws_access_key": NAMELESS},
    "foreign": {"aws_account_id": FOREIGN, "aws_account_name": "", "aws_access_key": GOOD},
    "astray": {"aws_account_id": ASTRAY, "aws_access_key": GOOD, "aws_role_arn": f"arn:aws:iam::{GOOD}:role/patching"},
    "closed": {"aws_account_id": CLOSED, "aws_access_key": CLOSED, "aws_role_arn": f"arn:aws:iam::{CLOSED}:role/none"},
    "expired": {"aws_account_id": EXPIRED, "aws_account_name": "Delta", "aws_access_key": EXPIRED},
    "wrong": {"aws_account_id": WRONG, "aws_access_key": WRONG, "patch_report_stale_after_hours": "soon"},
}
REASONS = {
    f"{FOREIGN} {REGION}": f"The host foreign failed before it was read: its credentials belong to account {GOOD}",
    f"{ASTRAY} {REGION}": f"The host astray failed before it was read: its credentials belong to account {GOOD}",
    f"{CLOSED} {REGION}": "The host closed failed before it was read: sts:AssumeRole failed:",
    f"Delta ({EXPIRED}) {REGION}": "The host expired failed before it was read: ssm:DescribeInstanceInformation"
    " failed:",
    f"{WRONG} {REGION}": "The host wrong failed before it was read: Invalid input; nothing was done:"
    " patch_report_stale_after_hours must be an integer, but is 'soon'",
}


def run(endpoint: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Report on all accounts, some of which cannot be read."""
    nodes = [{"InstanceId": "i-0123456789abcdef0", "MissingCount": 1}]
    regions = [{"account": account, "region": REGION, "fleet": {"nodes": nodes}} for account in (GOOD, NAMELESS)]
    faults = [
        {"op": "DescribeInstanceInformation", "account": EXPIRED, "do": "ExpiredTokenException"},
        {"service": "sts", "op": "AssumeRole", "account": CLOSED, "do": "AccessDenied"},
    ]
    door(endpoint, "seed", {"regions": regions})
    door(endpoint, "faults", faults)
    connection = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    place = {"aws_region": REGION, "aws_secret_key": "not-a-real-secret", "patch_report_dest": str(folder / "report")}
    inventory = {"all": {"vars": {**connection, **place}, "hosts": HOSTS}}
    (folder / "inventory.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    command = [*playbook_command(), "-i", "inventory.yml", "patchfleet.aws.compliance_report", "-e", "patch_hosts=all"]
    environment = {**in_step(endpoint), "ANSIBLE_NOCOLOR": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_each_account_that_failed_is_listed_with_the_reason(endpoint: str, tmp_path: Path) -> None:
    done = run(endpoint, tmp_path)

    report = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    gaps = {(one["account_id"], gap["message"]) for one in report["readings"] for gap in one["gaps"]}
    for where, reason in REASONS.items():
        [message] = [text for _account, text in gaps if text.startswith(reason)]
        line = f"Not read: {where.replace(f' {REGION}', f', {REGION}')}: {message}"
        assert json.dumps(line) in done.stdout
    assert len(gaps) == len(REASONS)
    # Accounts without a name are shown by their ID alone.
    assert f"{NAMELESS} {REGION}" in page
    assert f"Alpha ({GOOD}) {REGION}" in page
    assert not {"None", "()"} & {*page.partition("<body")[2].partition("<script")[0].replace("<", " ").split()}
