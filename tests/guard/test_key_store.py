"""Keys and sessions in their files."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import stat
import threading
from pathlib import Path

import pytest

from unstill.adapters.key_store import KeyFile, SessionFile
from unstill.core.keys import is_secret
from unstill.domain.errors import OutOfRange
from unstill.domain.service_errors import KeyNotFound, KeysDamaged


def test_the_secret_is_shown_once_and_never_stored(tmp_path: Path) -> None:
    """What is stored is its HMAC under the pepper, and the files are the owner's alone."""
    key, secret = KeyFile(tmp_path).add("  my   laptop ")
    assert re.fullmatch(r"uns_[A-Za-z0-9_-]{32}", secret)
    assert is_secret(secret)
    assert key.name == "my laptop"
    text = (tmp_path / "keys.json").read_text()
    assert secret not in text
    assert secret[4:] not in text
    digest = hmac.new((tmp_path / "pepper").read_bytes(), secret.encode(), hashlib.sha256).hexdigest()
    assert json.loads(text)["rows"][0]["digest"] == digest
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_check_list_revoke(tmp_path: Path) -> None:
    now = [7200.0]
    store = KeyFile(tmp_path, lambda: now[0])
    (first, secret), (second, other) = store.add("a"), store.add("b")
    now[0] = 9000.0
    found = store.check(secret)
    assert found is not None
    assert (found.id, found.last_used_at) == (first.id, 7200.0)
    assert store.revoke(first.id).revoked_at == 9000.0
    assert store.check(secret) is None
    assert store.find(first.id) is None
    assert store.find(second.id) is not None
    assert [(k.id, k.revoked_at) for k in KeyFile(tmp_path).list()] == [(first.id, 9000.0), (second.id, None)]
    assert KeyFile(tmp_path).check(other) is not None
    with pytest.raises(KeyNotFound):
        store.revoke("key_none")
    with pytest.raises(OutOfRange):
        store.add(" ")


def test_every_key_is_compared_whatever_matches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time tells neither whether a secret is right nor which one it is."""
    store = KeyFile(tmp_path)
    secrets = [store.add(str(number))[1] for number in range(5)]
    compared = []
    real = hmac.compare_digest

    def counting(a: bytes, b: bytes) -> bool:
        compared.append((len(a), len(b)))
        return real(a, b)

    monkeypatch.setattr(hmac, "compare_digest", counting)
    for secret in (secrets[0], secrets[4], "uns_" + "x" * 32, ""):
        compared.clear()
        store.check(secret)
        assert compared == [(64, 64)] * 5


def test_checks_hardly_ever_write(tmp_path: Path) -> None:
    store = KeyFile(tmp_path, lambda: 100_000.0)
    _, secret = store.add("a")
    store.check(secret)
    before = (tmp_path / "keys.json").stat()
    for _ in range(20):
        assert store.check(secret)
    after = (tmp_path / "keys.json").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    """Two processes' worth of stores, several threads each."""
    stores = [KeyFile(tmp_path), KeyFile(tmp_path)]
    threads = [
        threading.Thread(target=lambda s=store, n=n: [s.add(f"{n}-{i}") for i in range(5)])  # type: ignore[misc]
        for n in range(4) for store in stores
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(KeyFile(tmp_path).list()) == 40


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"rows": [1]}', b"\xff", b"[" * 10_000])
def test_a_damaged_file_lets_nobody_in_and_stays(tmp_path: Path, content: bytes) -> None:
    """Neither at the start nor while the server runs, and it is never written over."""
    store = KeyFile(tmp_path)
    _, secret = store.add("a")
    (tmp_path / "keys.json").write_bytes(content)
    assert store.check(secret) is None
    with pytest.raises(KeysDamaged):
        store.add("b")
    with pytest.raises(KeysDamaged):
        KeyFile(tmp_path)
    assert (tmp_path / "keys.json").read_bytes() == content


def test_a_damaged_session_file_does_not_open_the_claim(tmp_path: Path) -> None:
    """Else damage would hand the server to the next visitor."""
    sessions = SessionFile(tmp_path)
    secret = sessions.claim()
    assert secret
    assert sessions.claim() is None
    assert SessionFile(tmp_path).claim() is None
    (tmp_path / "sessions.json").write_bytes(b"{")
    assert sessions.claimed
    assert sessions.claim() is None
    assert sessions.owner(secret) is None


def test_only_one_of_many_claims(tmp_path: Path) -> None:
    got: list[str | None] = []
    stores = [SessionFile(tmp_path) for _ in range(8)]
    threads = [threading.Thread(target=lambda s=s: got.append(s.claim())) for s in stores]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([secret for secret in got if secret]) == 1


def test_sessions_end_and_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unstill.adapters.key_store.session_file.MOST", 3)
    now = [0.0]
    sessions = SessionFile(tmp_path, lambda: now[0])
    sessions.claim()
    secrets = [sessions.start(f"key_{number}") for number in range(4)]
    assert [sessions.owner(secret) for secret in secrets] == [None, "key_1", "key_2", "key_3"]
    assert sessions.claimed
    sessions.end(secrets[1])
    assert sessions.owner(secrets[1]) is None
    now[0] = 366 * 24 * 3600.0
    assert sessions.owner(secrets[2]) is None
