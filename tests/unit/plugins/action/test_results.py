# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of modules reach the controller as the data that they are. Here, because module_utils has no controller."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.module_utils.common.json import Direction, get_module_decoder
from ansible.vars.clean import strip_internal_keys
from ansible_collections.patchfleet.aws.plugins.module_utils._options import results
from ansible_collections.patchfleet.aws.plugins.module_utils._options.results import is_readable, readable
from hypothesis import given
from hypothesis import strategies as st

KEYS = ("__ansible_type", "__ansible_unsafe", "__ansible_vault", "_ansible_x", "_ansible_no_log", "__ansible_", "value")
TEXTS = st.sampled_from(
    ["_AnsibleTaggedStr", "WarningSummary", "x", "\ud800", "a\udfffb", "\ud83d\ude00", "caf\u00e9", ""]
)
DATA = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | TEXTS, inner, max_size=3),
    max_leaves=12,
)


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The warnings so far."""
    texts: list[str] = []
    monkeypatch.setattr(results, "warn", texts.append)
    return texts


def decoded(result: dict[str, Any]) -> Any:
    """The result as the controller reads it."""
    found = json.loads(json.dumps(result), cls=get_module_decoder("legacy", Direction.MODULE_TO_CONTROLLER))
    return strip_internal_keys(found)


@given(DATA)
def test_the_controller_reads_what_the_module_gave(data: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "warn", lambda _text: None)
        result = readable({"data": data})

    assert decoded(json.loads(json.dumps(result))) == result
    assert is_readable(result)
    json.dumps(result, ensure_ascii=False).encode()


@pytest.mark.parametrize("key", KEYS[:-1])
def test_a_key_of_ansible_is_left_out_and_the_warning_says_where(warned: list[str], key: str) -> None:
    result = readable({"windows": [{"name": "a", "tags": {key: "x", "b": "c"}}], "changed": False})

    assert result == {"windows": [{"name": "a", "tags": {"b": "c"}}], "changed": False}
    [text] = warned
    assert f"{key} in windows[0].tags" in text


@pytest.mark.parametrize("key", ["ansible_type", "___ansible_type", "x__ansible_type", "__Ansible_type", "__proto__"])
def test_other_keys_stay(warned: list[str], key: str) -> None:
    assert readable({"tags": {key: "x"}}) == {"tags": {key: "x"}}
    assert warned == []


def test_a_warning_is_short_and_prints(warned: list[str]) -> None:
    readable({f"w\x1b{number}": {"_ansible_x": 1, "text": "\ud800"} for number in range(100)})

    assert len(warned) == 2
    assert all(text.isprintable() and "and 95 more" in text and len(text) < 400 for text in warned)


def test_without_this_a_tag_becomes_another_value() -> None:
    """Otherwise the tests above prove nothing."""
    hostile = {"tags": {"__ansible_type": "_AnsibleTaggedStr", "value": "x", "tags": ""}}
    assert decoded(hostile) == {"tags": "x"}
    with pytest.raises(TypeError):
        decoded({"tags": {"__ansible_type": "x"}})
