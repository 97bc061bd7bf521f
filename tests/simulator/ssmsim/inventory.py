# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GetInventory and ListInventoryEntries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from ssmsim.errors import ServiceError, invalid_filter, invalid_instance_id
from ssmsim.fleet import Node, of
from ssmsim.inventory_types import INFORMATION, TYPES, Content, capture_time, content, has_content
from ssmsim.paging import page
from ssmsim.registry import operation
from ssmsim.store import Record, Region

Row = dict[str, str]
Test = Callable[[Node], bool]

_SCHEMA_VERSION = "1.0"
_SCHEMA_VERSIONS = {"AWS:Application": "1.1"}
"""The schema versions of types that differ from the first version."""
_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "Equal": lambda held, value: held == value,
    "NotEqual": lambda held, value: held != value,
    "BeginWith": lambda held, value: held.startswith(value),
    "LessThan": lambda held, value: _ordered(held) < _ordered(value),
    "GreaterThan": lambda held, value: _ordered(held) > _ordered(value),
}


@operation("GetInventory")
def get_inventory(region: Region, request: Record) -> Record:
    aggregators = request.get("Aggregators", [])
    tests = [_test(region, entry, aggregated=bool(aggregators)) for entry in request.get("Filters", [])]
    nodes = [node for node in of(region) if all(test(node) for test in tests)]
    if aggregators:
        if "ResultAttributes" in request:
            raise _error("InvalidResultAttribute", "ResultAttributes can't be used together with Aggregators.")
        found = [entity for aggregator in aggregators for entity in _aggregated(region, nodes, aggregator)]
        return page(region, "GetInventory", request, found, "Entities")
    type_name = _type_name(request.get("ResultAttributes", [{"TypeName": INFORMATION}])[0]["TypeName"])
    # It is unknown whether the response contains nodes without data of the type.
    shown = nodes if region.strict else [node for node in nodes if has_content(region, node, type_name)]
    answer = page(region, "GetInventory", request, region.arrange(shown), "Entities")
    return answer | {"Entities": [_entity(region, node, type_name) for node in answer["Entities"]]}


@operation("ListInventoryEntries")
def list_inventory_entries(region: Region, request: Record) -> Record:
    node = of(region).find(request["InstanceId"])
    if node is None:
        raise invalid_instance_id(request["InstanceId"])
    type_name = _type_name(request["TypeName"])
    rows = content(region, node, type_name)
    for entry in request.get("Filters", []):
        attribute = entry["Key"].removeprefix(f"{type_name}.")
        if rows and not any(attribute in row for row in rows):
            raise invalid_filter(f"The filter key {entry['Key']} is not valid.")
        rows = [row for row in rows if _fits(row.get(attribute), entry)]
    answer = page(region, "ListInventoryEntries", request, region.arrange(rows), "Entries")
    return answer | {
        "TypeName": type_name,
        "InstanceId": node.instance_id,
        "SchemaVersion": _schema_version(type_name),
        "CaptureTime": capture_time(region, node, type_name),
    }


def _entity(region: Region, node: Node, type_name: str) -> Record:
    rows = content(region, node, type_name)
    taken = {"CaptureTime": capture_time(region, node, type_name)}
    return {"Id": node.instance_id, "Data": {type_name: _item(type_name, rows) | taken} if rows else {}}


def _item(type_name: str, rows: Content) -> Record:
    return {"TypeName": type_name, "SchemaVersion": _schema_version(type_name), "Content": rows}


def _schema_version(type_name: str) -> str:
    return _SCHEMA_VERSIONS.get(type_name, _SCHEMA_VERSION)


def _test(region: Region, entry: dict[str, Any], *, aggregated: bool = False) -> Test:
    """A test whether a node has an entry that matches a filter."""
    if entry.get("Type") == "Exists" and not aggregated:
        raise invalid_filter("The Exists operator must be used with an aggregator.")
    type_name, attribute = _split(entry["Key"], invalid_filter)
    return lambda node: any(_fits(row.get(attribute), entry) for row in content(region, node, type_name))


def _fits(held: str | None, entry: dict[str, Any]) -> bool:
    kind, values = entry.get("Type", "Equal"), entry["Values"]
    if kind == "Exists":
        return (held is not None) == (values != ["false"])
    if held is None:
        return False
    quantifier = all if kind == "NotEqual" else any
    return quantifier(_COMPARISONS[kind](held, value) for value in values)


def _aggregated(region: Region, nodes: list[Node], aggregator: dict[str, Any]) -> Iterator[Record]:
    """The numbers of nodes by the values of an attribute, or by whether they match a group."""
    if ("Expression" in aggregator) == ("Groups" in aggregator):
        raise _error("InvalidAggregator", "An aggregator needs either Expression or Groups.")
    for group in aggregator.get("Groups", []):
        tests = [_test(region, entry, aggregated=True) for entry in group["Filters"]]
        matching = sum(all(test(node) for test in tests) for node in nodes)
        row = {"Name": group["Name"], "matchingCount": str(matching), "notMatchingCount": str(len(nodes) - matching)}
        yield {"Id": group["Name"], "Data": {"Group": _item("AWS:Group", [row])}}
    if "Expression" in aggregator:
        type_name, _ = _split(aggregator["Expression"], _invalid_aggregator)
        paths = list(_paths(aggregator))
        counts = Counter(values for node in nodes for path in paths for values in _values(region, node, path))
        rows = [{**dict(values), "Count": str(count)} for values, count in sorted(counts.items())]
        yield {"Data": {type_name: _item(type_name, rows)}}


def _paths(aggregator: dict[str, Any]) -> Iterator[list[tuple[str, str]]]:
    """The attributes of an aggregator and of each nested one, from the outermost on."""
    if "Expression" not in aggregator:
        raise _invalid_aggregator("A nested aggregator needs an Expression.")
    own = _split(aggregator["Expression"], _invalid_aggregator)
    if "Aggregators" not in aggregator:
        yield [own]
    for nested in aggregator.get("Aggregators", []):
        yield from ([own, *path] for path in _paths(nested))


def _values(region: Region, node: Node, path: list[tuple[str, str]]) -> set[tuple[tuple[str, str], ...]]:
    """The combinations of a node's values for attributes of one or more types."""
    combinations: set[tuple[tuple[str, str], ...]] = {()}
    for type_name in dict.fromkeys(name for name, _ in path):
        attributes = [attribute for name, attribute in path if name == type_name]
        rows = content(region, node, type_name)
        held = {
            tuple((name, row[name]) for name in attributes) for row in rows if all(name in row for name in attributes)
        }
        combinations = {known + new for known in combinations for new in held}
    return combinations


def _split(key: str, error: Callable[[str], ServiceError]) -> tuple[str, str]:
    """The type and the attribute of ``AWS:PatchSummary.PatchGroup``."""
    type_name, _, attribute = key.partition(".")
    if not attribute or not _known(type_name):
        raise error(f"{key} is not valid: a key names an inventory type and an attribute, {INFORMATION}.PlatformType.")
    return type_name, attribute


def _known(type_name: str) -> bool:
    return type_name in TYPES or type_name.startswith("Custom:")


def _type_name(name: str) -> str:
    if not _known(name):
        raise _error("InvalidTypeName", f"The inventory type {name} is not valid.")
    return name


def _ordered(text: str) -> tuple[int, float, str]:
    """The sort key of a value: numbers by value, before all other strings."""
    try:
        return (0, float(text), "")
    except ValueError:
        return (1, 0.0, text)


def _invalid_aggregator(message: str) -> ServiceError:
    return _error("InvalidAggregator", message)


def _error(kind: str, message: str) -> ServiceError:
    return ServiceError(f"{kind}Exception", message)
