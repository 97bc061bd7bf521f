# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The format of every value that becomes a name, an ARN or a part of a policy. Pure functions.

Each format lists the allowed characters. C(*), C(?) and C(${...}) match several resources in a policy, so no format
allows them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._options.limits import ACCOUNT_FORM, ACCOUNT_RULE, BUCKET_NAME, BUCKET_NAME_RULE, blank_entries, shown
from .._resources.ownership import RESERVED_TAGS, given_tags, is_reserved, setup_mistake

_WILDCARD = re.compile(r"[*?]|\$\{")
_PARTITION = r"arn:aws(?:-[a-z]+)*"
_REGION = "[a-z]+(?:-[a-z]+)+-[0-9]{1,2}"
_ACCOUNT = ACCOUNT_FORM.pattern
_IAM_NAME = "[A-Za-z0-9_+=,.@-]"
_ROLE_NAME = _IAM_NAME + "{1,64}"
_IAM_PATH = f"(?:{_IAM_NAME}{{1,128}}/){{0,16}}"
_ROLE_ARN = f"{_PARTITION}:iam::{_ACCOUNT}:role/{_IAM_PATH}{_ROLE_NAME}"
_TOPIC_NAME = "[A-Za-z0-9_-]{1,256}"
_RULE_NAME = "[A-Za-z0-9._-]{1,64}"
_DOCUMENT_NAME = "[A-Za-z0-9_.-]{3,128}"
_VERSION = r"(?::(?:[1-9][0-9]*|\$DEFAULT|\$LATEST))?"
_FUNCTION = r"[A-Za-z0-9_-]{1,64}(?::(?:\$LATEST|[A-Za-z0-9_-]{1,128}))?"
_MACHINE = "[A-Za-z0-9_.+=@-]{1,80}"
_KEY = r"(?:mrk-[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
_ALIAS = "alias/[A-Za-z0-9/_-]{1,250}"
# Characters that need no escaping in a policy, a lifecycle rule and an object key.
_PREFIX = "[A-Za-z0-9/_.=+@:,!'()-]{0,500}"
_TAG = r"[\w \u00a0\u2000-\u200a\u202f\u205f\u3000.:/=+@-]"


@dataclass(frozen=True)
class _Form:
    """The pattern that a value must match, and the rule for messages about values that do not."""

    pattern: str
    rule: str

    def mistake(self, path: str, value: Any) -> str | None:
        """The violation in a value, or None."""
        text = str(value)
        if re.fullmatch(self.pattern, text):
            return None
        reason = "; wildcards are not allowed, so list each one" if _WILDCARD.search(text) else ""
        return f"{path}: {shown(text)} {self.rule}{reason}"


def _either(name: str, arn: str) -> str:
    return f"(?:{name})|(?:{arn})"


def _in_region(service: str, resource: str, account: str = _ACCOUNT) -> str:
    return f"{_PARTITION}:{service}:{_REGION}:{account}:{resource}"


def _key(rule: str) -> _Form:
    return _Form(_either(f"{_KEY}|{_ALIAS}", _in_region("kms", f"(?:key/{_KEY}|{_ALIAS})")) + "|", rule)


_ROLE_FORM = _Form(_ROLE_ARN, "is not the ARN of a role, such as arn:aws:iam::123456789012:role/patching")
_DOCUMENT_ARN = _in_region("ssm", f"document/{_DOCUMENT_NAME}", f"(?:{_ACCOUNT})?")
_RUNBOOK_ARN = _in_region("ssm", f"automation-definition/{_DOCUMENT_NAME}{_VERSION}", f"(?:{_ACCOUNT})?")
_A_PREFIX = _Form(_PREFIX, "is not a key prefix of letters, digits and /_.=+@:,!'()-")
_ROLE = {
    "arn": _ROLE_FORM,
    "path": _Form(
        f"/{_IAM_PATH}", "is not a valid path of a role; it must begin and end with a slash, such as /patching/"
    ),
    "description": _Form(
        r"[\t\n\r\u0020-\u007e\u00a1-\u00ff]{0,1000}",
        "is not a valid description of a role: at most 1000 Latin-1 characters",
    ),
    "permissions_boundary": _Form(
        f"|{_PARTITION}:iam::(?:{_ACCOUNT}|aws):policy/{_IAM_PATH}{_IAM_NAME}{{1,128}}",
        "is not the ARN of a managed policy, such as arn:aws:iam::123456789012:policy/patchfleet-boundary",
    ),
}
_FORMS: dict[str, dict[str, _Form]] = {
    "service_role": {
        **_ROLE,
        "documents": _Form(
            _either(_DOCUMENT_NAME, _DOCUMENT_ARN), "is not the name or ARN of a document, such as AWS-RunPatchBaseline"
        ),
        "runbooks": _Form(
            _either(_DOCUMENT_NAME, f"{_DOCUMENT_ARN}|{_RUNBOOK_ARN}"),
            "is not the name or ARN of a runbook, such as AWS-RestartEC2Instance",
        ),
        "lambda_functions": _Form(
            _either(_FUNCTION, _in_region("lambda", f"function:{_FUNCTION}")), "is not the name or ARN of a function"
        ),
        "state_machines": _Form(
            _either(_MACHINE, _in_region("states", f"stateMachine:{_MACHINE}")),
            "is not the name or ARN of a state machine",
        ),
        "pass_roles": _ROLE_FORM,
    },
    "notification_role": _ROLE,
    "notification_topic": {
        "arn": _Form(
            _in_region("sns", rf"{_TOPIC_NAME}(?:\.fifo)?"),
            "is not the ARN of a topic, such as arn:aws:sns:eu-west-1:123456789012:patching",
        ),
        "display_name": _Form(
            r"[^\x00-\x1f\x7f]{0,100}", "is not a valid display name: at most 100 printable characters"
        ),
        "kms_key": _key("is not the alias, ID or ARN of a key, such as alias/patching"),
    },
    "output_bucket": {
        "arn": _Form(
            rf"{_PARTITION}:s3:::[A-Za-z0-9._-]{{3,255}}", "is not the ARN of a bucket, such as arn:aws:s3:::output"
        ),
        "prefix": _A_PREFIX,
        "kms_key": _key("is not the ARN of a key, such as arn:aws:kms:eu-west-1:123456789012:alias/patching"),
        "writer_roles": _Form(
            _either(f"{_IAM_PATH}{_ROLE_NAME}", _ROLE_ARN), "is not the name or ARN of a role, such as web-nodes"
        ),
    },
    "events_rule": {
        "arn": _Form(
            _in_region("events", f"rule/(?:[A-Za-z0-9._/-]{{1,256}}/)?{_RULE_NAME}"),
            "is not the ARN of a rule, such as arn:aws:events:eu-west-1:123456789012:rule/patching-events",
        ),
        "description": _Form(
            r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]{0,512}", "is not a valid description of a rule: at most 512 characters"
        ),
        "detail_types": _Form(r"[^\x00-\x1f\x7f]{1,256}", "is not a detail-type of an event: printable characters"),
    },
}
_DATA_SYNC = {
    "prefix": _A_PREFIX,
    "accounts": _Form(_ACCOUNT, ACCOUNT_RULE),
    "organization_id": _Form("o-[a-z0-9]{10,32}", "is not an organization ID, such as o-exampleorgid"),
}
_NAMES = {
    "service_role": (_ROLE_NAME, f"it must match {_ROLE_NAME}"),
    "notification_role": (_ROLE_NAME, f"it must match {_ROLE_NAME}"),
    "notification_topic": (_TOPIC_NAME, f"it must match {_TOPIC_NAME}"),
    "output_bucket": (BUCKET_NAME.pattern, f"it {BUCKET_NAME_RULE}"),
    "events_rule": (_RULE_NAME, f"it must match {_RULE_NAME}"),
}
# Names of existing resources that AWS no longer allows for new ones, or that this module does not create.
_EXISTING_NAMES = {"notification_topic": rf"{_TOPIC_NAME}(?:\.fifo)?", "output_bucket": "[A-Za-z0-9._-]{3,255}"}


def name_mistakes(option: str, name: Any, existing: bool) -> Iterator[str]:
    """Violations in the name of a resource."""
    pattern, rule = _NAMES[option]
    if existing:
        pattern = _EXISTING_NAMES.get(option, pattern)
    if not re.fullmatch(pattern, str(name)):
        yield f"{option}.name: {shown(str(name))} is not a valid name; {rule}"


def form_mistakes(option: str, given: Mapping[str, Any]) -> Iterator[str]:
    """Violations in the format of the specified suboptions."""
    yield from _tag_mistakes(f"{option}.tags", given.get("tags"))
    yield from _mistakes(option, _FORMS[option], given)
    yield from _mistakes(f"{option}.data_sync", _DATA_SYNC, given.get("data_sync") or {})


def setup_mistakes(setup: str) -> Iterator[str]:
    """Violations in the name of the setup, which is the value of a tag."""
    if mistake := setup_mistake(setup):
        yield mistake
    elif not re.fullmatch(f"{_TAG}{{1,256}}", setup):
        yield f"setup: {shown(setup)} is not a valid tag value: at most 256 letters, digits, spaces and _.:/=+-@"


def _mistakes(option: str, forms: Mapping[str, _Form], given: Mapping[str, Any]) -> Iterator[str]:
    for name, form in forms.items():
        value, path = given.get(name), f"{option}.{name}"
        if isinstance(value, list):
            yield from blank_entries(path, value)
            marked = [(f"{path}[{n}]", entry) for n, entry in enumerate(value) if str(entry or "").strip()]
        else:
            # An empty ARN counts as omitted.
            marked = [] if value is None or (name == "arn" and not value) else [(path, value)]
        yield from filter(None, (form.mistake(where, entry) for where, entry in marked))


def _tag_mistakes(path: str, tags: Mapping[str, Any] | None) -> Iterator[str]:
    for key, value in (given_tags(tags) or {}).items():
        if is_reserved(key):
            yield f"{path}: {shown(key)} begins with a reserved prefix ({', '.join(RESERVED_TAGS)}); use another key"
        for text, least, most, noun in ((key, 1, 128, "key"), (value, 0, 256, "value")):
            if not re.fullmatch(f"{_TAG}{{{least},{most}}}", text):
                rule = f"{least} to {most} letters, digits, spaces and _.:/=+-@"
                yield f"{path}: {shown(text)} is not a valid tag {noun}: {rule}"
