# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An invented kind of resource with its own service, which shows what the engine does for a kind without code."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.loaders
import botocore.session
from ansible_collections.patchfleet.aws.plugins.module_utils._options.kind import Kind, Listing, Rule, Values
from ansible_collections.patchfleet.aws.plugins.module_utils._options.option import Option
from botocore.awsrequest import AWSResponse

Raw = dict[str, Any]
VERSION = "2026-01-01"
TEXT, FLAG, COUNT, TAGS = "Text", "Flag", "Count", "Tags"
MEMBERS = {"Name": TEXT, "Message": TEXT, "Color": TEXT, "Priority": COUNT, "Silent": FLAG}
PAGE = {"MaxResults": COUNT, "NextToken": TEXT}
TAGGED = {"ResourceType": TEXT, "ResourceId": TEXT}
# The input and output of each operation.
OPERATIONS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "CreateNotice": ({**MEMBERS, "Tags": TAGS, "ClientToken": TEXT}, {"NoticeId": TEXT}),
    "UpdateNotice": ({**MEMBERS, "NoticeId": TEXT, "Replace": FLAG}, {"NoticeId": TEXT}),
    "DeleteNotice": ({"NoticeId": TEXT}, {"NoticeId": TEXT}),
    "GetNotice": ({"NoticeId": TEXT}, {**MEMBERS, "NoticeId": TEXT}),
    "DescribeNotices": (PAGE, {"Notices": "Notices", "NextToken": TEXT}),
    # With prune, a setup searches all resources that it owns.
    "DescribeMaintenanceWindows": (PAGE, {"WindowIdentities": "Notices", "NextToken": TEXT}),
    "DescribePatchBaselines": (PAGE, {"BaselineIdentities": "Notices", "NextToken": TEXT}),
    "AddTagsToResource": ({**TAGGED, "Tags": TAGS}, {}),
    "ListTagsForResource": (TAGGED, {"TagList": TAGS}),
}


def _structure(members: dict[str, str]) -> Raw:
    return {"type": "structure", "members": {name: {"shape": shape} for name, shape in members.items()}}


def _model() -> Raw:
    shapes: Raw = {
        TEXT: {"type": "string", "max": 64},
        FLAG: {"type": "boolean"},
        COUNT: {"type": "integer", "min": 0, "max": 100},
        "Tag": _structure({"Key": TEXT, "Value": TEXT}),
        TAGS: {"type": "list", "member": {"shape": "Tag"}},
        "Notice": _structure({**MEMBERS, "NoticeId": TEXT}),
        "Notices": {"type": "list", "member": {"shape": "Notice"}},
    }
    operations = {}
    for name, (taken, given) in OPERATIONS.items():
        shapes |= {f"{name}Request": _structure(taken), f"{name}Result": _structure(given)}
        operations[name] = {
            "name": name,
            "http": {"method": "POST", "requestUri": "/"},
            "input": {"shape": f"{name}Request"},
            "output": {"shape": f"{name}Result"},
        }
    metadata = {
        "apiVersion": VERSION,
        "endpointPrefix": "notices",
        "jsonVersion": "1.1",
        "protocol": "json",
        "serviceId": "Notices",
        "signatureVersion": "v4",
        "targetPrefix": "Notices",
    }
    return {"version": "2.0", "metadata": metadata, "operations": operations, "shapes": shapes}


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


class Service:
    """The service, with the notices by ID, their tags, and the operations that were called."""

    def __init__(self, folder: Path) -> None:
        self.notices: dict[str, Raw] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.calls: list[tuple[str, Raw]] = []
        self._operations: dict[str, Callable[[Raw], Raw | None]] = {
            "CreateNotice": self._create,
            "UpdateNotice": self._update,
            "DeleteNotice": self._delete,
            "GetNotice": self._get,
            "DescribeNotices": self._list,
            "AddTagsToResource": self._add_tags,
            "ListTagsForResource": self._list_tags,
            "DescribeMaintenanceWindows": lambda _body: {"WindowIdentities": []},
            "DescribePatchBaselines": lambda _body: {"BaselineIdentities": []},
        }
        path = folder / "notices" / VERSION / "service-2.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(_model()), encoding="utf-8")
        session = botocore.session.Session()
        session.register_component("data_loader", botocore.loaders.Loader(extra_search_paths=[str(folder)]))
        self.client = session.create_client(
            "notices",
            region_name="eu-central-1",
            endpoint_url="http://127.0.0.1:1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        self.client.meta.events.register("before-send.notices", self._answer)

    def _answer(self, request: Any, **_more: Any) -> AWSResponse:
        operation, body = request.headers["X-Amz-Target"].decode().partition(".")[2], json.loads(request.body)
        self.calls.append((operation, body))
        answer = self._operations[operation](body)
        content = {"__type": "DoesNotExistException", "message": "there is none"} if answer is None else answer
        return AWSResponse(request.url, 400 if answer is None else 200, {}, _Body(json.dumps(content).encode()))

    def writes(self) -> list[str]:
        """The write operations that were called since the last read."""
        found = [name for name, _body in self.calls if not name.startswith(("Get", "Describe", "List"))]
        self.calls.clear()
        return found

    def _create(self, body: Raw) -> Raw:
        notice_id = f"notice-{len(self.tags)}"
        self.notices[notice_id] = {name: value for name, value in body.items() if name in MEMBERS}
        self.tags[notice_id] = {tag["Key"]: tag["Value"] for tag in body.get("Tags", ())}
        return {"NoticeId": notice_id}

    def _update(self, body: Raw) -> Raw:
        kept = {} if body.get("Replace") else self.notices[body["NoticeId"]]
        given = {name: value for name, value in body.items() if name in MEMBERS}
        self.notices[body["NoticeId"]] = {**kept, **given}
        return {"NoticeId": body["NoticeId"]}

    def _delete(self, body: Raw) -> Raw:
        del self.notices[body["NoticeId"]]
        return body

    def _get(self, body: Raw) -> Raw | None:
        return {**self.notices[body["NoticeId"]], **body} if body["NoticeId"] in self.notices else None

    def _list(self, _body: Raw) -> Raw:
        return {"Notices": [{"NoticeId": key, "Name": one["Name"]} for key, one in self.notices.items()]}

    def _add_tags(self, body: Raw) -> Raw:
        self.tags[body["ResourceId"]] |= {tag["Key"]: tag["Value"] for tag in body["Tags"]}
        return {}

    def _list_tags(self, body: Raw) -> Raw:
        return {"TagList": [{"Key": key, "Value": value} for key, value in self.tags[body["ResourceId"]].items()]}


def _color_violations(_values: Values, _before: Values, after: Values) -> list[str]:
    return ["color: a silent notice takes none"] if after.get("silent") and after.get("color") else []


KIND = Kind(
    name="notice",
    module="notice",
    in_setup="Notices.",
    options=(
        Option("name", "Name.", api="Name", clearable=False),
        Option("notice_id", "ID."),
        Option("message", "Text.", api="Message", clearable=False),
        Option("color", "Color. An empty string removes it.", api="Color"),
        Option("priority", "Priority.", type="int", api="Priority", created=1),
        Option("silent", "Whether it makes no sound.", type="bool", api="Silent", absent=False),
        Option("setup", "Owner."),
        Option("take_over", "Whether to take what others own.", type="bool"),
        Option("tags", "Tags.", type="dict"),
        Option("purge_tags", "Whether other tags go.", type="bool", default=True),
        Option("state", "State.", choices=("present", "absent"), default="present"),
    ),
    id_option="notice_id",
    id_member="NoticeId",
    id_pattern=re.compile(r"notice-\d+"),
    create="CreateNotice",
    update="UpdateNotice",
    delete="DeleteNotice",
    listing=Listing("DescribeNotices", "Notices", ("NoticeId", "Name")),
    get="GetNotice",
    decisive=("NoticeId", "Name", "Message"),
    resource_type="Notice",
    required=("message",),
    rules=(Rule(_color_violations, ("color", "silent")),),
)
