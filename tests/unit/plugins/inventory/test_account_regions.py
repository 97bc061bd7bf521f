# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin account_regions, in this process, against moto's Organizations."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from ansible import constants
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.patchfleet.aws.plugins.inventory import account_regions as plugin
from ansible_collections.patchfleet.aws.tests.support.account import Account

PRODUCTION, STAGING = "111111111111", "222222222222"
NAME = plugin.InventoryModule.NAME
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


def _loaded(text: str) -> dict[str, Any]:
    """Documentation as Ansible reads it, with defaults that may be expressions."""
    return dict(DataLoader().load(trust_as_template(text)))


def documented() -> dict[str, Any]:
    """The options of the plugin, with those of its fragments, as the loader of plugins collects them."""
    documentation = _loaded(plugin.DOCUMENTATION)
    options = dict(documentation["options"])
    for name in documentation["extends_documentation_fragment"]:
        *collection, file, section = name.split(".") if name.count(".") == 3 else (*name.split("."), "documentation")
        package = f"ansible_collections.{'.'.join(collection)}" if collection else "ansible"
        module = importlib.import_module(f"{package}.plugins.doc_fragments.{file}")
        options |= _loaded(getattr(module.ModuleDocFragment, section.upper())).get("options", {})
    return options


constants.config.initialize_plugin_configuration_definitions("inventory", NAME, documented())


class Listing:
    """What the plugin makes of a file: the variables of each host, the hosts of each group, what went wrong.

    others: hosts of another inventory file.
    """

    def __init__(self, folder: Path, options: dict[str, Any], others: tuple[str, ...] = ()) -> None:
        path = folder / "fleet.account_regions.yml"
        path.write_text(yaml.safe_dump({"plugin": NAME, **options}))
        inventory = InventoryData()
        for host in others:
            inventory.add_host(host)
        reader = plugin.InventoryModule()
        reader._load_name = NAME
        assert reader.verify_file(str(path))
        self.error = ""
        try:
            reader.parse(inventory, DataLoader(), str(path))
            if options.get("cache"):
                reader.update_cache_if_changed()
        except AnsibleError as error:
            self.error = " ".join(str(error).split())
        self.groups = {name: [host.name for host in group.hosts] for name, group in inventory.groups.items()}
        self.hosts = {name: _own(host.vars) for name, host in inventory.hosts.items()}

    def ids(self) -> set[str]:
        """The accounts of the hosts."""
        assert not self.error
        return {host["aws_account_id"] for host in self.hosts.values()}


def _own(variables: dict[str, Any]) -> dict[str, Any]:
    """Without the variables that Ansible sets for every host."""
    return {name: value for name, value in variables.items() if name not in ("inventory_file", "inventory_dir")}


@pytest.fixture
def inventory(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Listing]:
    """Lists a file with these options."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    return lambda **options: Listing(tmp_path, options)


@pytest.fixture
def organizations(account: Account) -> Any:
    """AWS Organizations, with an organisation of the management account alone."""
    client = boto3.client("organizations", "us-east-1", **{name.lower(): value for name, value in KEYS.items()})
    client.create_organization(FeatureSet="ALL")
    return client


def test_listed_accounts_times_regions(inventory: Callable[..., Listing]) -> None:
    data = inventory(
        accounts=[PRODUCTION, {"id": STAGING, "name": "staging"}],
        regions=["eu-central-1", "cn-north-1"],
        role_name="/ops/patching",
        external_id="fleet",
    )

    assert not data.error
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
    assert set(data.groups["account_regions"]) == set(hosts)


def test_without_a_role_the_credentials_of_the_run_are_used(inventory: Callable[..., Listing]) -> None:
    [host] = inventory(accounts=[PRODUCTION], regions=["eu-central-1"]).hosts.values()

    assert not {"aws_role_arn", "aws_external_id"} & set(host)


def test_names_and_groups_are_composed(inventory: Callable[..., Listing]) -> None:
    data = inventory(
        accounts=[{"id": PRODUCTION, "name": "production"}],
        regions=["eu-central-1", "eu-west-1"],
        hostname="aws_account_name ~ '-' ~ aws_region",
        keyed_groups=[{"key": "aws_region", "prefix": "region"}, {"key": "aws_account_name", "prefix": "account"}],
        groups={"irish": "aws_region == 'eu-west-1'"},
        compose={"approve_after_days": "7"},
        strict=True,
    )

    assert sorted(data.hosts) == ["production-eu-central-1", "production-eu-west-1"]
    assert data.groups["region_eu_west_1"] == ["production-eu-west-1"]
    assert data.groups["account_production"] == ["production-eu-central-1", "production-eu-west-1"]
    assert data.groups["irish"] == ["production-eu-west-1"]
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
        *(
            (
                {"accounts": [PRODUCTION], "regions": ["eu-west-1"], "hostname": f"'{name}'"},
                [f"hostname: '{name}' cannot be the name of a host"],
            )
            for name in ("localhost", "127.0.0.1", "all", "ungrouped", "account_regions")
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


def test_a_host_of_another_file_is_not_changed(tmp_path: Path) -> None:
    name = f"{PRODUCTION}_eu-west-1"

    data = Listing(tmp_path, {"accounts": [PRODUCTION], "regions": ["eu-west-1"]}, (name,))

    assert f"hostname: '{name}' is the name of two hosts" in data.error
    assert data.hosts == {name: {}}


def test_an_error_leaves_no_host_behind(inventory: Callable[..., Listing]) -> None:
    accounts = [{"id": PRODUCTION, "name": "one"}, {"id": STAGING, "name": "two"}]

    data = inventory(
        accounts=accounts, regions=["eu-west-1"], compose={"x": "1 / (aws_account_name == 'one')"}, strict=True
    )

    assert data.error
    assert data.hosts == {}


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
    assert list(data.hosts) == sorted(data.hosts)
    assert data.hosts[f"{ids[2]}_eu-central-1"]["aws_account_name"] == "a2"
    chosen = inventory(
        organization=True, accounts=[{"id": ids[3], "name": "own"}, ids[4], ids[0]], regions=["eu-central-1"]
    )
    assert {host["aws_account_id"]: host["aws_account_name"] for host in chosen.hosts.values()} == {
        ids[3]: "own",
        ids[4]: "a4",
    }


def test_the_state_of_an_account_takes_precedence_over_its_former_status(
    inventory: Callable[..., Listing], organizations: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = [{"Id": PRODUCTION, "State": "ACTIVE"}, {"Id": STAGING, "State": "SUSPENDED", "Status": "ACTIVE"}]
    monkeypatch.setattr(plugin, "_pages", lambda *_args: iter(listed))

    assert inventory(organization=True, regions=["eu-central-1"]).ids() == {PRODUCTION}


def test_a_listing_that_never_ends_is_an_error(
    inventory: Callable[..., Listing], organizations: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin, "_MOST_PAGES", 1)

    assert "does not end after 1 pages" in inventory(organization=True, regions=["eu-central-1"]).error


def test_units_and_the_units_below_them(
    inventory: Callable[..., Listing], organizations: Any, account: Account
) -> None:
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
    account.requests.clear()
    assert inventory(organizational_units=[lower, upper], regions=["eu-central-1"]).ids() == set(ids[:2])
    # For each unit, its accounts and its units are read once.
    assert len(account.requests) == 4


def test_a_refusal_names_the_action(inventory: Callable[..., Listing], account: Account, organizations: Any) -> None:
    account.faults({"service": "organizations", "op": "ListAccounts", "do": "AccessDeniedException"})

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
            "a;b",
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
    assert {Templar(DataLoader()).template(host["aws_account_name"]) for host in data.hosts.values()} >= set(names)
    assert not effect.exists()


def test_accounts_that_were_read_for_other_units_are_not_used_again(
    inventory: Callable[..., Listing], organizations: Any, tmp_path: Path
) -> None:
    [root] = organizations.list_roots()["Roots"]
    cache = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}
    found = []
    for name in ("one", "two"):
        unit = organizations.create_organizational_unit(ParentId=root["Id"], Name=name)["OrganizationalUnit"]["Id"]
        made = organizations.create_account(AccountName=name, Email="one@example.com")["CreateAccountStatus"]
        moved = {"SourceParentId": root["Id"], "DestinationParentId": unit}
        organizations.move_account(AccountId=made["AccountId"], **moved)
        found.append((inventory(organizational_units=[unit], regions=["eu-west-1"], **cache), made["AccountId"]))

    assert [listing.ids() for listing, _account in found] == [{account} for _listing, account in found]


def test_accounts_are_read_once_for_the_same_credentials(
    inventory: Callable[..., Listing], account: Account, organizations: Any, tmp_path: Path
) -> None:
    cache = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}
    first = inventory(organization=True, regions=["eu-west-1"], **cache)
    account.requests.clear()

    assert inventory(organization=True, regions=["eu-west-1"], **cache).ids() == first.ids()
    assert not account.requests


def test_other_credentials_have_another_cache() -> None:
    reader = plugin.InventoryModule()
    reader._load_name = NAME
    options = {"organizational_units": [], "profile": None, "assume_role_arn": None}
    keys = set()
    for given in ({}, {"profile": "x"}, {"assume_role_arn": "x"}, {"organizational_units": ["x"]}):
        reader._options = {**options, **given}
        keys.add(reader.get_cache_key("fleet.account_regions.yml"))

    assert len(keys) == 4


def test_an_error_that_quotes_aws_acts_on_no_terminal() -> None:
    with pytest.raises(AnsibleParserError) as raised:
        plugin.InventoryModule()._do_fail("AWS says \x1b[2J\x9b31m\u202e\u2028")

    assert str(raised.value).isprintable()
