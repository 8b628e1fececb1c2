"""Who may use a server: by its address, its settings and its keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from unstill.adapters.key_store import KeyFile
from unstill.serving.access import FIRST_KEY, GivenKey, access, is_loopback
from unstill.settings import Settings


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("[::1]", True), ("localhost", True),
     ("0.0.0.0", False), ("::", False), ("192.168.1.5", False), ("example.org", False), ("", False)],
)  # fmt: skip
def test_only_this_computer(host: str, loopback: bool) -> None:
    """A name that is none of ours counts as exposed: whatever it resolves to."""
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("changes", "keys", "asks"),
    [
        ({}, 0, False),
        ({}, 1, True),
        ({"host": "0.0.0.0"}, 0, True),
        ({"api_key": "a-key-of-mine"}, 0, True),
        ({"auth": "keys"}, 0, True),
        ({"auth": "none"}, 1, False),
        ({"auth": "none", "host": "0.0.0.0"}, 0, False),
    ],
)
def test_when_a_key_is_asked_for(tmp_path: Path, changes: dict[str, Any], keys: int, asks: bool) -> None:
    """Without anybody setting anything only this computer gets in, and without a key."""
    store = KeyFile(tmp_path)
    for number in range(keys):
        store.add(f"key {number}")
    who = access(Settings(**changes), store)
    assert who.asks is asks
    assert (who.link is not None) is asks


def test_a_first_key_is_made_where_one_is_needed_and_there_is_none(tmp_path: Path) -> None:
    """It works, it is told once, and the next start makes no other."""
    store, settings = KeyFile(tmp_path), Settings(host="0.0.0.0")
    who = access(settings, store)
    assert who.exposed
    assert who.new_key is not None
    found = who.keys.check(who.new_key)
    assert found is not None
    assert found.name == FIRST_KEY
    assert who.new_key.encode() not in (tmp_path / "keys.json").read_bytes()
    assert access(settings, store).new_key is None


def test_a_revoked_key_is_none(tmp_path: Path) -> None:
    """With the last key revoked a server of this computer opens again; an exposed one makes a new key."""
    store = KeyFile(tmp_path)
    store.revoke(store.add("old")[0].id)
    assert not access(Settings(), store).asks
    assert access(Settings(host="0.0.0.0"), store).new_key is not None


def test_the_key_of_the_settings_counts_beside_the_others(tmp_path: Path) -> None:
    """It is a key like any other but for where it is kept; nothing near it is one."""
    inner = KeyFile(tmp_path)
    _, other = inner.add("laptop")
    who = access(Settings(api_key="a-key-of-mine"), inner)
    assert who.new_key is None
    keys = who.keys
    assert isinstance(keys, GivenKey)
    mine, laptop = keys.check("a-key-of-mine"), keys.check(other)
    assert mine is not None
    assert laptop is not None
    assert mine.id != laptop.id
    assert keys.find(mine.id) == mine
    assert [key.id for key in keys.list()] == [mine.id, laptop.id]
    for wrong in ("", "a-key-of-min", "a-key-of-mine ", "A-KEY-OF-MINE", "\ud800"):
        assert keys.check(wrong) is None


def test_every_start_has_its_own_secrets(tmp_path: Path) -> None:
    """The link of the last start opens nothing."""
    store = KeyFile(tmp_path)
    one, two = access(Settings(auth="keys"), store), access(Settings(auth="keys"), store)
    assert one.link != two.link
    assert one.operator != two.operator
