# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An organization whose accounts have the names that owners choose: every playbook over all of them, one closed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import yaml
from ansible_collections.patchfleet.aws.tests.support.doors import door
from ansible_collections.patchfleet.aws.tests.support.profiles import chosen_profile
from simulator import STILL, serving

from .controller import Controller
from .test_jobs import made
from .test_several_hosts import lines

REGION = "eu-central-1"
ALL = {"patch_hosts": "account_regions"}
HOSTILE = "{{ lookup('ansible.builtin.pipe', 'touch hostile') }}"
# By unit. Some of these become the same text once unfit signs are replaced; one reads as the pattern of all hosts.
NAMES = {
    "web": ['He said "no", twice', "O'Brien & Söhne", "-e @secrets", "all blue", "all/blue"],
    "data": ["Ärzte", "Ürzte", "🚀", HOSTILE, "<b>shop</b>; rm -rf ~", "broken", "gone"],
}


class Organization:
    """The accounts by name; broken has a role that nobody may assume, gone is suspended, "" is the one that pays."""

    def __init__(self, endpoint: str) -> None:
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        client = boto3.client("organizations", "us-east-1", endpoint_url=endpoint, **keys)
        client.create_organization(FeatureSet="ALL")
        [root] = client.list_roots()["Roots"]
        self.units: list[str] = []
        self.ids: dict[str, str] = {}
        for unit, names in NAMES.items():
            made = client.create_organizational_unit(ParentId=root["Id"], Name=unit)["OrganizationalUnit"]["Id"]
            self.units.append(made)
            for name in names:
                account = client.create_account(AccountName=name, Email="one@example.com")["CreateAccountStatus"]
                self.ids[name] = account["AccountId"]
                where = {"SourceParentId": root["Id"], "DestinationParentId": made}
                client.move_account(AccountId=account["AccountId"], **where)
        client.close_account(AccountId=self.ids["gone"])
        fleet = {"count": 2, "patch_group_tag": "PatchGroup", "patch_groups": {"web": 1}, "connection_lost": 0}
        places = [{"account": one, "region": REGION, "fleet": fleet} for one in self.ids.values()]
        door(endpoint, "seed", {"regions": places})
        role = f"arn:aws:iam::{self.ids['broken']}:role/patching"
        refused = {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": role}
        allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        door(endpoint, "policies", {"123456789012": {"Version": "2012-10-17", "Statement": [allowed, refused]}})
        self.managed = {name: one for name, one in self.ids.items() if name not in ("broken", "gone")}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A simulator."""
    with serving(*STILL, "--profile", chosen_profile()) as address:
        yield address


@pytest.fixture(scope="module")
def organization(endpoint: str) -> Organization:
    """The organization in it."""
    return Organization(endpoint)


@pytest.fixture(scope="module")
def controller(tmp_path_factory: pytest.TempPathFactory, endpoint: str, organization: Organization) -> Controller:
    """A controller over the units of the organization, with the hosts of the example."""
    units = {"organizational_units": organization.units, "regions": [REGION], "role_name": "patching"}
    inventory = {"plugin": "patchfleet.aws.account_regions", **units, "hostname": "aws_account_name ~ '-' ~ aws_region"}
    made = Controller(tmp_path_factory.mktemp("controller"), inventory, endpoint)
    for name in ("export", "audit"):
        play = [{"name": name, "import_playbook": f"patchfleet.aws.{name}"}]
        (made.project / f"{name}.yml").write_text(yaml.safe_dump(play), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def titles(organization: Organization) -> set[str]:
    """How messages name the accounts that can be managed."""
    return {f"{name} ({number}), {REGION}" for name, number in organization.managed.items()}


def test_each_host_is_one_account_and_its_name_is_a_limit(controller: Controller, organization: Organization) -> None:
    known = controller._inventory["_meta"]["hostvars"]

    assert len(known) == len(organization.managed) + 1
    assert all(re.fullmatch(r"\w[\w.@+()-]*", name) for name in known)
    [name] = [name for name, one in known.items() if "all blue" in str(one["aws_account_name"])]
    [job] = controller.launch("Patchfleet setup (check)", limit=name)
    assert job.hosts == {name}


def test_slices_declare_all_accounts_but_the_closed_one(
    controller: Controller, organization: Organization, titles: set[str], endpoint: str
) -> None:
    first = controller.launch("Patchfleet setup", slices=2, forks=3)
    again = controller.launch("Patchfleet setup", slices=2, forks=3)

    for jobs, changed in ((first, True), (again, False)):
        told = [one for job in jobs for one in job.results["patchfleet_setup"].values()]
        assert {one["account"] for one in told} == titles
        assert {one["changed"] for one in told} == {changed}
        [failure] = [text for job in jobs for text in job.failures.values()]
        assert failure.startswith(f"broken ({organization.ids['broken']}), {REGION}: The role ")
    assert made(endpoint) == {(number, REGION): 1 for number in organization.managed.values()}


def test_one_report_names_all_accounts(controller: Controller, organization: Organization, tmp_path: Path) -> None:
    [job] = controller.launch("Patchfleet compliance report", extra_vars={"patch_report_dest": str(tmp_path)})

    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    known = {name for name in organization.ids if name != "gone"}
    assert {one["account_name"] for one in report["readings"]} == known
    assert [text.partition(":")[2].partition(",")[0] for text in job.results["patchfleet_report"]["not_read"]] == [
        f" broken ({organization.ids['broken']})"
    ]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<b>shop</b>" not in page
    assert HOSTILE.partition("'")[0] in page


@pytest.mark.parametrize("playbook", ["export", "audit"])
def test_each_account_has_a_file_of_its_own(
    controller: Controller, organization: Organization, titles: set[str], tmp_path: Path, playbook: str
) -> None:
    job = controller.play(f"{playbook}.yml", {**ALL, f"{playbook}_dest": str(tmp_path / "of.jsonl")})

    assert len(job.failures) == 1
    told = lines(job, "Show the summary")
    assert {one[0] for one in told.values()} == titles
    assert len(list(tmp_path.iterdir())) == len(organization.managed)


def test_nothing_of_a_name_was_run(controller: Controller) -> None:
    assert list(controller.project.parent.rglob("hostile")) == []
