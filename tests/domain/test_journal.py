"""The journal's entry: one spelling for one value, and a hash that notices everything."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.domain.journal import FORMAT, GENESIS, Entry, Moment, canonical, digest, digest_of

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
BODIES = st.dictionaries(st.text(), VALUES, max_size=5)


def entry(body: str = '{"total":1234}', prev: bytes = GENESIS) -> Entry:
    """The first entry of a till."""
    moment = Moment(1_763_800_000_000, 60)
    found = digest("K1", 1, "0192f0c1", moment, "AN", "sale", body, prev)
    return Entry("K1", 1, "0192f0c1", moment.at, moment.offset, "AN", "sale", body, prev, found, b"signed")


@pytest.mark.parametrize(
    ("value", "spelling"),
    [
        ({"b": 1, "a": [True, None, "é€"]}, '{"a":[true,null,"é€"],"b":1}'),
        ({}, "{}"),
        ({"name": 'a"b\n\x1b'}, '{"name":"a\\"b\\n\\u001b"}'),
        ({"Z": 1, "a": 2, "é": 3}, '{"Z":1,"a":2,"é":3}'),
    ],
)
def test_one_spelling(value: Any, spelling: str) -> None:
    assert canonical(value) == spelling


def test_the_hash_by_hand() -> None:
    """The very bytes, so that another program in another language can check a journal."""
    by_hand = (
        '{"at":1763800000000,"body":"{\\"total\\":1234}","format":1,"id":"0192f0c1","kind":"sale","offset":60,'
        '"prev":"' + "00" * 32 + '","seq":1,"till":"K1","who":"AN"}'
    )
    assert FORMAT == 1
    assert bytes(32) == GENESIS
    assert entry().hash == sha256(by_hand.encode()).digest()
    assert digest_of(entry()) == entry().hash


@pytest.mark.parametrize(
    "changes",
    [
        {"till": "K2"},
        {"seq": 2},
        {"id": "0192f0c2"},
        {"at": 1763800000001},
        {"offset": 120},
        {"who": "BO"},
        {"kind": "void"},
        {"body": '{"total":1235}'},
        {"body": '{"total": 1234}'},
        {"prev": b"\x01" + bytes(31)},
    ],
)
def test_any_change_shows(changes: dict[str, Any]) -> None:
    changed = replace(entry(), **changes)
    assert digest_of(changed) != changed.hash


def test_the_signature_is_not_part_of_the_hash_it_signs() -> None:
    assert digest_of(replace(entry(), signature=b"other")) == entry().hash


def test_no_two_fields_can_be_shifted_into_each_other() -> None:
    moment = Moment(1, 0)
    assert digest("K1", 11, "a", moment, "", "b", "{}", GENESIS) != digest(
        "K11", 1, "a", moment, "", "b", "{}", GENESIS
    )
    assert digest("K1", 1, "ab", moment, "c", "d", "{}", GENESIS) != digest(
        "K1", 1, "a", moment, "bc", "d", "{}", GENESIS
    )


def test_half_a_character_can_still_be_hashed() -> None:
    """A lone surrogate from a broken import must not keep a sale out of the journal."""
    broken = entry(canonical({"name": "\ud800"}))
    assert digest_of(broken) == broken.hash


@given(BODIES)
def test_the_facts_come_out_as_they_went_in(body: dict[str, Any]) -> None:
    assert entry(canonical(body)).facts == body


@given(BODIES)
def test_canonical_is_a_fixed_point_whatever_the_order_of_the_keys(body: dict[str, Any]) -> None:
    spelling = canonical(body)
    assert canonical(json.loads(spelling)) == spelling
    assert canonical(dict(reversed(body.items()))) == spelling
    assert "\n" not in spelling


@given(BODIES, BODIES)
def test_other_facts_have_another_hash(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert (entry(canonical(one)).hash == entry(canonical(other)).hash) is (canonical(one) == canonical(other))
