# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inventory plugin patchfleet.aws.account_regions."""

from __future__ import annotations

DOCUMENTATION = r"""
name: account_regions
author:
  - Patchfleet contributors (@patchfleet)
version_added: 1.0.0
seealso:
  - plugin: amazon.aws.aws_ec2
    plugin_type: inventory
    description: Hosts from EC2 instances rather than from accounts.
short_description: Create inventory hosts from AWS accounts and Regions
description:
  - Creates an inventory host for each account in each Region, for playbooks that manage the patching of many
    accounts.
  - You list the accounts in the inventory file, or the plugin reads them from AWS Organizations.
  - Each host gets the variables C(aws_account_id), C(aws_account_name) and C(aws_region). If you specify a role, it
    also gets C(aws_role_arn) and C(aws_external_id). The playbooks of this collection use these variables.
    C(ansible_connection=local) is set, because Ansible does not connect to these hosts.
  - The playbooks of this collection fail for a host if the credentials belong to another account than
    C(aws_account_id).
  - All hosts are members of the group C(account_regions).
  - The name of the inventory file must end in C(account_regions.yml) or C(account_regions.yaml).
options:
  accounts:
    description:
      - The accounts, each as a 12-digit ID in quotes, or as a dictionary with C(id) and C(name).
      - With O(organization) or O(organizational_units), the plugin uses only these accounts of the organization.
    type: list
    elements: raw
    default: []
  organization:
    description: Read the active accounts of the organization that the credentials belong to.
    type: bool
    default: false
  organizational_units:
    description: The IDs of roots (C(r-)) and organizational units (C(ou-)) whose active accounts to read, including
      accounts in child units.
    type: list
    elements: str
    default: []
  exclude_accounts:
    description: The IDs of accounts to exclude.
    type: list
    elements: str
    default: []
  regions:
    description: The Regions of each account.
    type: list
    elements: str
    required: true
  role_name:
    description:
      - The name of the IAM role to assume in each account, with its path if it has one. The plugin sets it as
        C(aws_role_arn), with the partition of the Region.
      - Without a role, all hosts use the credentials of the run.
    type: str
  external_id:
    description: The external ID to use when assuming the role. The plugin sets it as C(aws_external_id).
    type: str
  hostname:
    description:
      - A Jinja2 expression for the name of a host, which can use the variables of the host. The name must be
        different for each host.
      - The name of an account must not become a path, an option or a host pattern. The plugin therefore replaces all
        characters except letters, digits and V(_.@+(\)-) with C(_). It then also appends the account and Region.
    type: str
    default: aws_account_id ~ '_' ~ aws_region
extends_documentation_fragment:
  - inventory_cache
  - constructed
  - patchfleet.aws.requirements
  - amazon.aws.common.plugins
  - amazon.aws.region.plugins
  - amazon.aws.assume_role.plugins
notes:
  - The plugin adds either all hosts of the file or, if there is an error, none.
  - The owner of an account chooses its name. If O(groups), O(keyed_groups) or O(compose) use C(aws_account_name), the
    plugin fails for two accounts with the same name. To avoid this, name the accounts in O(accounts).
  - Requires the permission C(organizations:ListAccounts) for O(organization), and
    C(organizations:ListAccountsForParent) and C(organizations:ListOrganizationalUnitsForParent) for
    O(organizational_units). You can only call these in the management account of the organization and in its
    delegated administrator accounts.
"""

EXAMPLES = r"""
# fleet.account_regions.yml: two accounts in two regions, four hosts
plugin: patchfleet.aws.account_regions
accounts:
  - id: "111111111111"
    name: production
  - id: "222222222222"
    name: staging
regions: [eu-central-1, eu-west-1]
role_name: patching
hostname: aws_account_name ~ '-' ~ aws_region

---
# organization.account_regions.yml: all accounts of an organization except one, in groups by Region and account
plugin: patchfleet.aws.account_regions
organization: true
exclude_accounts: ["333333333333"]
regions: [eu-central-1]
role_name: patching
keyed_groups:
  - key: aws_region
    prefix: region
  - key: aws_account_id
    prefix: account
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible_collections.amazon.aws.plugins.plugin_utils.inventory import AWSInventoryBase
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.text import printable
from ansible_collections.patchfleet.aws.plugins.module_utils._options.limits import ACCOUNT_FORM
from ansible_collections.patchfleet.aws.plugins.module_utils._options.mistakes import near_names

with suppress(ImportError):  # require_aws_sdk reports what is missing
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.session import Session

_GROUP = "account_regions"
# The operations of Organizations, by the name of the list in the response.
_OF_PARENT = {
    "Accounts": "list_accounts_for_parent",
    "OrganizationalUnits": "list_organizational_units_for_parent",
}
# Characters to replace in host names, which become part of file names and patterns. Account names can contain them. A
# space ends a pattern: as a limit, "all blue" would match all hosts.
_UNFIT = re.compile(r"[^\w.@+()-]")
# More pages than any organization has.
_MOST_PAGES = 10_000

_TAKEN = "{!r} cannot be the name of a host; use aws_account_id and aws_region in it"
# These names have other meanings: a group that is not in the inventory yet, and hosts that plays use by default.
_RESERVED = frozenset({_GROUP, "localhost", "127.0.0.1"})

Account = dict[str, str]
Variables = dict[str, str]


class InventoryModule(AWSInventoryBase):
    """Reads the accounts and adds the hosts."""

    NAME = "patchfleet.aws.account_regions"
    INVENTORY_FILE_SUFFIXES = ("account_regions.yml", "account_regions.yaml")

    def _do_fail(self, message: str) -> None:
        # The message can contain names of accounts and messages from AWS.
        raise AnsibleParserError(printable(message))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Fill the inventory from the file at path. Raises AnsibleParserError with all violations in it."""
        super().parse(inventory, loader, path, cache=cache)
        listed = [_account(entry) for entry in self.get_option("accounts")]
        if problems := self._problems(listed):
            self.fail_aws("; ".join(problems))
        accounts = self._chosen(listed, path, cache)
        hosts = [self._host(account, region) for account in accounts for region in self.get_option("regions")]
        if problems := [*self._colliding_accounts(accounts), *self._colliding_hosts(hosts)]:
            self.fail_aws("; ".join(problems))
        # If an expression of the file fails, it must fail before any host is added to the inventory.
        self.inventory = trial = InventoryData()
        self._add(hosts)
        if both := sorted({*trial.hosts} & {*trial.groups}):
            self.fail_aws("; ".join(f"hostname: {_TAKEN.format(name)}" for name in both))
        self.inventory = inventory
        self._add(hosts)

    def get_cache_key(self, path: str) -> str:
        """The cache key of the accounts, which depend on the organizational units and the credentials."""
        asked = [self.get_option(name) for name in ("organizational_units", "profile", "assume_role_arn")]
        return str(super().get_cache_key(f"{path} {json.dumps(asked)}"))

    def _read_config_data(self, path: str) -> dict[str, Any]:
        config: dict[str, Any] = super()._read_config_data(path)
        names = ((name, *_aliases(definition)) for name, definition in self.option_definitions.items())
        known = {"plugin", *(one for same in names for one in same)}
        # Ansible ignores unknown options. With a misspelled role, a file would use another account.
        if unknown := [str(name) for name in config if name not in known]:
            self.fail_aws("; ".join(_unknown(name, known) for name in unknown))
        return config

    def _chosen(self, listed: list[Account], path: str, cache: bool) -> list[Account]:
        """The accounts that become hosts. A name in the file takes precedence over the name in the organization."""
        accounts = self._from_organization(path, cache) if self._asks_organization() else listed
        wanted = {account["id"]: account["name"] for account in listed}
        excluded = set(self.get_option("exclude_accounts"))
        return [
            {"id": account["id"], "name": wanted.get(account["id"]) or account["name"]}
            for account in accounts
            if account["id"] not in excluded and (not wanted or account["id"] in wanted)
        ]

    def _asks_organization(self) -> bool:
        return bool(self.get_option("organization") or self.get_option("organizational_units"))

    def _problems(self, accounts: list[Account]) -> list[str]:
        ids = [account["id"] for account in accounts] + list(self.get_option("exclude_accounts"))
        found = [
            f"{one!r} is not an account ID; specify 12 digits in quotes, because YAML reads digits as a number"
            for one in ids
            if not ACCOUNT_FORM.fullmatch(str(one))
        ]
        if not accounts and not self._asks_organization():
            found.append("accounts: is empty; specify accounts, organization or organizational_units")
        if not self.get_option("regions"):
            found.append("regions: is empty; specify at least one Region")
        if self.get_option("external_id") and not self.get_option("role_name"):
            found.append("external_id: requires role_name, the role to assume")
        return found

    def _from_organization(self, path: str, cache: bool) -> list[Account]:
        known, accounts = self.get_cached_result(path, cache)
        if not known:
            accounts = list(self._read_organization())
        self.update_cached_result(path, cache, accounts)
        return list(accounts)

    def _read_organization(self) -> Iterator[Account]:
        # Organizations has one endpoint for each partition, which follows from the Region.
        client = self.client("organizations", region=self.get_option("regions")[0])
        units = list(self.get_option("organizational_units"))
        try:
            found = self._below(client, units) if units else _pages(client, "list_accounts", "Accounts")
            # AWS is replacing Status with State. A suspended or closing account accepts no calls.
            active = [one for one in found if one.get("State", one.get("Status")) == "ACTIVE"]
        except (BotoCoreError, ClientError) as error:
            action = getattr(error, "operation_name", "ListAccounts")
            self.fail_aws(f"The accounts of the organization cannot be read (organizations:{action})", error)
        unique = {one["Id"]: {"id": one["Id"], "name": one.get("Name", "")} for one in active}
        yield from (unique[one] for one in sorted(unique))

    def _below(self, client: Any, parents: list[str]) -> Iterator[dict[str, Any]]:
        """The accounts in these units and in all units below them."""
        seen = set()
        while parents:
            parent = parents.pop()
            if parent in seen:
                continue
            seen.add(parent)
            yield from _pages(client, _OF_PARENT["Accounts"], "Accounts", ParentId=parent)
            units = _pages(client, _OF_PARENT["OrganizationalUnits"], "OrganizationalUnits", ParentId=parent)
            parents += [unit["Id"] for unit in units]

    def _host(self, account: Account, region: str) -> tuple[str, Variables]:
        """The name and variables of the host for an account in a Region."""
        account_id = account["id"]
        variables = {
            "aws_account_id": account_id,
            "aws_account_name": account["name"] or account_id,
            "aws_region": region,
        }
        if role := self.get_option("role_name"):
            variables["aws_role_arn"] = f"arn:{_partition(region)}:iam::{account_id}:role/{role.lstrip('/')}"
        if external_id := self.get_option("external_id"):
            variables["aws_external_id"] = external_id
        name = _host_name(str(self._compose(self.get_option("hostname"), variables)), account_id, region)
        return name, {**variables, "ansible_connection": "local"}

    def _colliding_accounts(self, accounts: Iterable[Account]) -> Iterator[str]:
        """Violations if accounts have the same name and the file uses the names for groups or variables."""
        used = [self.get_option(name) for name in ("groups", "keyed_groups", "compose")]
        if "aws_account_name" not in json.dumps(used, default=str):
            return
        ids: dict[str, list[str]] = {}
        for account in accounts:
            # The form of the name in a group.
            ids.setdefault(re.sub(r"\W", "_", account["name"] or account["id"]).lower(), []).append(account["id"])
        for name, same in ids.items():
            if len(same) > 1:
                yield (
                    f"the accounts {', '.join(same)} have the same name, {name!r}; use aws_account_id instead, or"
                    " list all accounts in accounts, each with a name of its own"
                )

    def _colliding_hosts(self, hosts: Iterable[tuple[str, Variables]]) -> Iterator[str]:
        counts = Counter(name for name, _variables in hosts)
        groups = {*self.inventory.groups, *_RESERVED}
        for name, count in counts.items():
            if count > 1 or name in self.inventory.hosts:
                yield f"hostname: {name!r} is the name of two hosts; use aws_account_id and aws_region in it"
            if name in groups:
                yield f"hostname: {_TAKEN.format(name)}"

    def _add(self, hosts: Iterable[tuple[str, Variables]]) -> None:
        self.inventory.add_group(_GROUP)
        strict = self.get_option("strict")
        for host, variables in hosts:
            self.inventory.add_host(host, group=_GROUP)
            for key, value in variables.items():
                self.inventory.set_variable(host, key, value)
            self._set_composite_vars(self.get_option("compose"), variables, host, strict=strict)
            self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict=strict)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host, strict=strict)


def _aliases(definition: dict[str, Any]) -> list[str]:
    return list(definition.get("aliases") or ())


def _unknown(name: str, known: Iterable[str]) -> str:
    near = near_names(name, known)
    return f"{name} is not an option" + (f"; did you mean {' or '.join(near)}?" if near else "")


def _account(entry: Any) -> Account:
    values = entry if isinstance(entry, dict) else {"id": entry}
    return {"id": str(values.get("id", "")), "name": str(values.get("name") or "")}


def _host_name(text: str, account_id: str, region: str) -> str:
    """A name that is not a path, an option or a pattern. Changed names get the account and Region to stay unique."""
    clean = re.sub(r"^(?!\w)", "_", _UNFIT.sub("_", text))
    return clean if clean == text else f"{clean}_{account_id}_{region}"


def _pages(client: Any, method: str, result: str, **request: str) -> Iterator[dict[str, Any]]:
    for number, page in enumerate(client.get_paginator(method).paginate(**request), 1):
        yield from page[result]
        if number >= _MOST_PAGES:
            raise AnsibleParserError(f"The listing of {result} does not end after {number} pages.")


def _partition(region: str) -> str:
    """The partition of a Region, even if the Region is newer than the installed botocore."""
    return str(Session().get_partition_for_region(region))
