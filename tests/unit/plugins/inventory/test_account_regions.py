# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin account_regions by the command ansible-inventory, against moto's Organizations."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
import yaml
from ansible.errors import AnsibleParserError
from ansible_collections.patchfleet.aws.plugins.inventory.account_regions import InventoryModule
from simulator import STILL, in_step, serving

PRODUCTION, STAGING = "111111111111", "222222222222"
Hosts = dict[str, dict[str, Any]]


def _plain(value: dict[str, Any]) -> Any:
    """Text that the command marks as not to be templated, as text."""
    return value.get("__ansible_unsafe", value)


class Listing:
    """What ansible-inventory says of a file: the variables of each host, the hosts of each group, what went wrong."""

    def __init__(self, endpoint: str, folder: Path, options: dict[str, Any]) -> None:
        path = folder / "fleet.account_regions.yml"
        path.write_text(yaml.safe_dump({"plugin": "patchfleet.aws.account_regions", **options}))
        settings = {
            **in_step(endpoint),
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
            "ANSIBLE_NOCOLOR": "1",
        }
        command = ["ansible-inventory", "-i", str(path), "--list"]
        done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
        self.error = " ".join(done.stderr.split()) if done.returncode else ""
        self.groups: dict[str, Any] = json.loads(done.stdout, object_hook=_plain) if not self.error else {}
        self.hosts: Hosts = self.groups.pop("_meta", {}).get("hostvars", {})

    def ids(self) -> set[str]:
        """The accounts of the hosts."""
        assert not self.error
        return {host["aws_account_id"] for host in self.hosts.values()}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A simulated AWS."""
    with serving(*STILL) as address:
        yield address


def door(endpoint: str, name: str, body: Any = None) -> None:
    """Use a door of the simulator."""
    simulator = HTTPConnection(urlsplit(endpoint).netloc)
    simulator.request("POST", f"/_sim/{name}", json.dumps(body) if body else None)
    simulator.getresponse().read()


@pytest.fixture
def inventory(endpoint: str, tmp_path: Path) -> Callable[..., Listing]:
    """Lists a file with these options."""
    return lambda **options: Listing(endpoint, tmp_path, options)


@pytest.fixture
def organizations(endpoint: str) -> Iterator[Any]:
    """AWS Organizations, with an organisation of the management account alone."""
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    client = boto3.client("organizations", "us-east-1", endpoint_url=endpoint, **keys)
    client.create_organization(FeatureSet="ALL")
    yield client
    door(endpoint, "reset")


def test_listed_accounts_times_regions(inventory: Callable[..., Listing]) -> None:
    data = inventory(
        accounts=[PRODUCTION, {"id": STAGING, "name": "staging"}],
        regions=["eu-central-1", "cn-north-1"],
        role_name="ops/patching",
        external_id="fleet",
    )

    hosts = data.hosts
    assert sorted(hosts) == sorted(
        f"{one}_{region}" for one in (PRODUCTION, STAGING) for region in ("eu-central-1", "cn-north-1")
    )
    assert hosts[f"{STAGING}_cn-north-1"] == {
        "ansible_connection": "local",
        "aws_account_id": STAGING,
        "aws_account_name": "staging",
        "aws_region": "cn-north-1",
        "aws_role_arn": f"arn:aws-cn:iam::{STAGING}:role/ops/patching",
        "aws_external_id": "fleet",
    }
    assert hosts[f"{PRODUCTION}_eu-central-1"]["aws_account_name"] == PRODUCTION
    assert set(data.groups["account_regions"]["hosts"]) == set(hosts)


def test_without_a_role_the_credentials_of_the_run_are_used(inventory: Callable[..., Listing]) -> None:
    [host] = inventory(accounts=[PRODUCTION], regions=["eu-central-1"]).hosts.values()

    assert not {"aws_role_arn", "aws_external_id"} & set(host)


def test_names_and_groups_are_composed(inventory: Callable[..., Listing]) -> None:
    data = inventory(
        accounts=[{"id": PRODUCTION, "name": "production"}],
        regions=["eu-central-1", "eu-west-1"],
        hostname="aws_account_name ~ '-' ~ aws_region",
        keyed_groups=[{"key": "aws_region", "prefix": "region"}],
        groups={"irish": "aws_region == 'eu-west-1'"},
        compose={"approve_after_days": "7"},
        strict=True,
    )

    assert sorted(data.hosts) == ["production-eu-central-1", "production-eu-west-1"]
    assert data.groups["region_eu_west_1"]["hosts"] == ["production-eu-west-1"]
    assert data.groups["irish"]["hosts"] == ["production-eu-west-1"]
    assert data.hosts["production-eu-west-1"]["approve_after_days"] == 7


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        ({"accounts": ["12345"], "regions": ["eu-west-1"]}, ["'12345' is not an account ID"]),
        ({"accounts": [{"name": "x"}], "regions": ["eu-west-1"]}, ["'' is not an account ID"]),
        ({"regions": ["eu-west-1"]}, ["accounts: is empty"]),
        (
            {"accounts": [111], "exclude_accounts": ["x"], "regions": [], "external_id": "x"},
            [
                "'111' is not an account ID",
                "'x' is not an account ID",
                "regions: is empty",
                "external_id: requires role_name",
            ],
        ),
        ({"accounts": [PRODUCTION, STAGING], "regions": ["eu-west-1"], "hostname": "aws_region"}, ["two hosts"]),
        (
            {"accounts": [PRODUCTION], "regions": ["eu-west-1"], "role_nmae": "x"},
            ["role_nmae is not an option; did you"],
        ),
        (
            {"accounts": [PRODUCTION], "regions": ["eu-west-1"], "hostname": "'localhost'"},
            ["cannot be the name of a host"],
        ),
        (
            {
                "accounts": [{"id": PRODUCTION, "name": "a b"}, {"id": STAGING, "name": "A-b"}],
                "regions": ["eu-west-1"],
                "keyed_groups": [{"key": "aws_account_name"}],
            },
            [f"the accounts {PRODUCTION}, {STAGING} have the same name"],
        ),
        (
            {
                "accounts": [{"id": PRODUCTION, "name": "eu_west_1"}],
                "regions": ["eu-west-1"],
                "keyed_groups": [{"key": "aws_region", "separator": ""}],
                "hostname": "aws_account_name",
            },
            ["hostname: 'eu_west_1' cannot be the name of a host"],
        ),
        (
            {"accounts": [PRODUCTION], "regions": ["eu-west-1"], "compose": {"x": "nowhere"}, "strict": True},
            ["'nowhere' is undefined"],
        ),
    ],
)
def test_what_is_wrong_is_told_at_once(
    inventory: Callable[..., Listing], options: dict[str, Any], texts: list[str]
) -> None:
    error = inventory(**options).error

    assert [text for text in texts if text not in error] == []


def test_an_error_leaves_no_host_behind(endpoint: str, tmp_path: Path) -> None:
    path = tmp_path / "fleet.account_regions.yml"
    accounts = [{"id": PRODUCTION, "name": "one"}, {"id": STAGING, "name": "two"}]
    options = {"accounts": accounts, "regions": ["eu-west-1"], "compose": {"x": "1 / (aws_account_name == 'one')"}}
    path.write_text(yaml.safe_dump({"plugin": "patchfleet.aws.account_regions", "strict": True, **options}))
    command = ["ansible-inventory", "-i", str(path), "--list"]

    done = subprocess.run(command, env=in_step(endpoint), capture_output=True, text=True, check=True)

    assert not json.loads(done.stdout)["_meta"]["hostvars"]


def test_the_accounts_of_an_organisation_page_by_page(inventory: Callable[..., Listing], organizations: Any) -> None:
    made = [
        organizations.create_account(AccountName=f"a{number}", Email=f"a{number}@example.com")["CreateAccountStatus"]
        for number in range(25)
    ]
    ids = [one["AccountId"] for one in made]
    organizations.close_account(AccountId=ids[0])

    data = inventory(organization=True, exclude_accounts=[ids[1]], regions=["eu-central-1"], role_name="patching")

    management = organizations.describe_organization()["Organization"]["MasterAccountId"]
    assert data.ids() == {management, *ids[2:]}
    assert data.hosts[f"{ids[2]}_eu-central-1"]["aws_account_name"] == "a2"
    assert inventory(organization=True, accounts=[ids[3], ids[0]], regions=["eu-central-1"]).ids() == {ids[3]}


def test_units_and_the_units_below_them(inventory: Callable[..., Listing], organizations: Any) -> None:
    [root] = organizations.list_roots()["Roots"]
    upper = organizations.create_organizational_unit(ParentId=root["Id"], Name="upper")["OrganizationalUnit"]["Id"]
    lower = organizations.create_organizational_unit(ParentId=upper, Name="lower")["OrganizationalUnit"]["Id"]
    ids = []
    for unit in (upper, lower, root["Id"]):
        made = organizations.create_account(AccountName=unit, Email="one@example.com")["CreateAccountStatus"]
        ids.append(made["AccountId"])
        if unit != root["Id"]:
            organizations.move_account(AccountId=ids[-1], SourceParentId=root["Id"], DestinationParentId=unit)

    assert inventory(organizational_units=[upper], regions=["eu-central-1"]).ids() == set(ids[:2])
    assert inventory(organizational_units=[lower, lower], regions=["eu-central-1"]).ids() == {ids[1]}


def test_a_refusal_names_the_action(inventory: Callable[..., Listing], endpoint: str, organizations: Any) -> None:
    door(endpoint, "faults", [{"service": "organizations", "op": "ListAccounts", "do": "AccessDeniedException"}])

    error = inventory(organization=True, regions=["eu-central-1"]).error

    assert "organizations:ListAccounts" in error
    assert "AccessDeniedException" in error


def test_the_name_of_an_account_is_no_path_no_option_and_no_template(
    inventory: Callable[..., Listing], organizations: Any, tmp_path: Path
) -> None:
    effect = tmp_path / "effect"
    names = [
        f"{{{{ lookup('ansible.builtin.pipe', 'touch {effect}') }}}}",
        f"#jinja2:variable_start_string:'[['\n[[ lookup('ansible.builtin.pipe', 'touch {effect}') ]]",
        *(
            "../../etc",
            "..",
            "-e@file",
            "all:!one",
            "a,b",
            "one[0]",
            "\x1b[2J",
            "web\u202e",
            "~root",
            "all blue",
            "B\u00fcro(EU)",
        ),
    ]
    for number, name in enumerate(names):
        organizations.create_account(Email=f"{number}@example.com", AccountName=name)

    data = inventory(organization=True, regions=["eu-central-1"], hostname="aws_account_name")

    assert {host["aws_account_name"] for host in data.hosts.values()} >= set(names)
    assert all(re.fullmatch(r"\w[\w.@+()-]*", host) for host in data.hosts)
    assert "B\u00fcro(EU)" in data.hosts
    assert len(data.hosts) == len(names) + 1
    assert not effect.exists()


def test_the_name_of_a_host_is_a_limit_that_means_this_host_alone(endpoint: str, tmp_path: Path) -> None:
    path = tmp_path / "fleet.account_regions.yml"
    accounts = [{"id": PRODUCTION, "name": "all blue"}, {"id": STAGING, "name": "staging"}]
    options = {"accounts": accounts, "regions": ["eu-west-1"], "hostname": "aws_account_name"}
    path.write_text(yaml.safe_dump({"plugin": "patchfleet.aws.account_regions", **options}))
    hosts = ["ansible", "-i", str(path), "--list-hosts", "all"]

    every = subprocess.run(hosts, env=in_step(endpoint), capture_output=True, text=True, check=True).stdout
    name = next(line.strip() for line in every.splitlines() if "blue" in line)
    one = subprocess.run([*hosts, "--limit", name], env=in_step(endpoint), capture_output=True, text=True, check=True)

    assert name == f"all_blue_{PRODUCTION}_eu-west-1"
    assert one.stdout.split() == ["hosts", "(1):", name]


def test_accounts_that_were_read_for_other_units_are_not_used_again(
    inventory: Callable[..., Listing], organizations: Any, tmp_path: Path
) -> None:
    [root] = organizations.list_roots()["Roots"]
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    found = []
    for name in ("one", "two"):
        unit = organizations.create_organizational_unit(ParentId=root["Id"], Name=name)["OrganizationalUnit"]["Id"]
        made = organizations.create_account(AccountName=name, Email="one@example.com")["CreateAccountStatus"]
        moved = {"SourceParentId": root["Id"], "DestinationParentId": unit}
        organizations.move_account(AccountId=made["AccountId"], **moved)
        found.append((inventory(organizational_units=[unit], regions=["eu-west-1"], **cache), made["AccountId"]))

    assert [listing.ids() for listing, _account in found] == [{account} for _listing, account in found]


def test_an_error_that_quotes_aws_acts_on_no_terminal() -> None:
    with pytest.raises(AnsibleParserError) as raised:
        InventoryModule()._do_fail("AWS says \x1b[2J\x9b31m\u202e\u2028")

    assert str(raised.value).isprintable()
