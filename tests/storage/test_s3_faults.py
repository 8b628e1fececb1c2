"""An S3 server, or a network, that does not do as it should."""

from __future__ import annotations

import logging
import os
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from faulty_proxy import Proxy
from moto_server import BRISK, KEY_ID, SECRET, access, ask_for_keys
from storage_contract import VIDEO, kept, sha, write
from unstill.adapters.storage.access import Access
from unstill.adapters.storage.faults import Place
from unstill.adapters.storage.s3 import S3Storage
from unstill.domain.errors import ExtraMissing, FileMissing
from unstill.domain.service_errors import (
    StorageBucketMissing,
    StorageBusy,
    StorageClockWrong,
    StorageDamaged,
    StorageFailed,
    StorageFull,
    StorageRefused,
    StorageUnreachable,
)

Opened = Callable[..., S3Storage]
FILM = os.urandom(200_000)
ONCE = replace(BRISK, attempts=1)


@pytest.fixture
def elsewhere(opened: Opened) -> S3Storage:
    """Another machine, to which nothing happens."""
    return opened(9)


# --- what passes is not noticed ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cut", "lost", "InternalError", "flip_up", "shorten_up"])
def test_a_put_that_fails_once_is_made_again(
    opened: Opened, elsewhere: S3Storage, proxy: Proxy, kind: str
) -> None:
    """The connection breaks before or after the work, the server stumbles, the bytes arrive damaged."""
    proxy.fail("PUT", kind)
    kept(opened(1, proxy.url), content=FILM)
    assert elsewhere.at_hand(VIDEO).read_bytes() == FILM
    assert proxy.count("PUT") == 2


@pytest.mark.parametrize(("kind", "status"), [("SlowDown", 503), ("cut", 0)])
def test_a_look_that_fails_once_is_made_again(opened: Opened, proxy: Proxy, kind: str, status: int) -> None:
    """The proof after the PUT is not given up, nor is the PUT made twice for it."""
    proxy.fail("HEAD", kind, status)
    kept(opened(1, proxy.url), content=FILM)
    assert (proxy.count("PUT"), proxy.count("HEAD")) == (1, 2)


@pytest.mark.parametrize("kind", ["cut", "flip", "truncate", "shorten", "ServiceUnavailable"])
def test_a_download_that_fails_once_is_made_again(
    opened: Opened, elsewhere: S3Storage, proxy: Proxy, kind: str
) -> None:
    """It breaks off, ends early, or arrives with a wrong byte."""
    kept(elsewhere, content=FILM)
    proxy.fail("GET", kind, 503)
    two = opened(2, proxy.url)
    assert two.at_hand(VIDEO).read_bytes() == FILM
    assert proxy.count("GET") == 2


@pytest.mark.parametrize("kind", ["lost", "cut"])
def test_the_last_word_of_an_upload_in_parts_may_be_lost(
    opened: Opened, elsewhere: S3Storage, proxy: Proxy, kind: str
) -> None:
    """Whether the server had heard it or not, the file is there once and whole."""
    film = FILM * 30
    one = opened(1, proxy.url)
    write(one, VIDEO, film)
    proxy.after = lambda number: proxy.fail("POST", kind) if number == 3 else None  # both parts are there
    one.keep([VIDEO])
    assert proxy.count("POST") == 3
    assert elsewhere.holds(VIDEO, len(film), sha(film))
    assert elsewhere.at_hand(VIDEO).read_bytes() == film


# --- what stays is told, and nothing false is left ---------------------------------------------------------


def test_what_always_arrives_damaged_is_not_kept(opened: Opened, elsewhere: S3Storage, proxy: Proxy) -> None:
    """Nor does it stand there for others to find."""
    proxy.fail("PUT", "flip_up", times=2)
    with pytest.raises(StorageDamaged, match=VIDEO):
        kept(opened(1, proxy.url), content=FILM)
    assert list(elsewhere.names("outputs")) == []
    with pytest.raises(StorageFailed):
        elsewhere.keep([VIDEO])


@pytest.mark.parametrize("kind", ["flip_up", "shorten_up"])
def test_a_damaged_part_is_found_by_reading(
    opened: Opened, elsewhere: S3Storage, proxy: Proxy, kind: str
) -> None:
    """This server checks no sums of parts: reading all of it back does."""
    film = FILM * 30
    one = opened(1, proxy.url)
    write(one, VIDEO, film)
    proxy.fail("PUT", kind)
    one.keep([VIDEO])
    assert proxy.count("PUT") == 4
    assert elsewhere.at_hand(VIDEO).read_bytes() == film


@pytest.mark.parametrize(("kind", "error"), [("flip", StorageDamaged), ("truncate", StorageUnreachable)])
def test_a_download_that_always_fails_leaves_nothing(
    opened: Opened, elsewhere: S3Storage, proxy: Proxy, kind: str, error: type[StorageFailed]
) -> None:
    """Not even half a file; the next try is made with a fresh one."""
    kept(elsewhere, content=FILM)
    proxy.fail("GET", kind, times=BRISK.attempts)
    two = opened(2, proxy.url)
    with pytest.raises(error):
        two.at_hand(VIDEO)
    assert not [path for path in two.root.rglob("*") if path.is_file()]
    assert two.at_hand(VIDEO).read_bytes() == FILM


def test_a_server_that_says_nothing_is_not_waited_for(opened: Opened, proxy: Proxy) -> None:
    """There is a limit for an answer."""
    proxy.fail("PUT", "slow")
    with pytest.raises(StorageUnreachable, match="no answer within the time"):
        kept(opened(1, proxy.url, replace(ONCE, read_s=0.3)))


def test_where_nothing_listens(opened: Opened) -> None:
    """The message names the address and what to check."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(StorageUnreachable, match="nothing listens") as caught:
            opened(1, url, ONCE).check()
    assert url in caught.value.message("zh")
    assert "UNSTILL_S3_ENDPOINT" in caught.value.hint()


SAID = [
    ("InvalidAccessKeyId", 403, StorageRefused, "does not accept the keys"),
    ("SignatureDoesNotMatch", 403, StorageRefused, "does not accept the keys"),
    ("ExpiredToken", 400, StorageRefused, "does not accept the keys"),
    ("AccessDenied", 403, StorageRefused, "do not allow it"),
    ("RequestTimeTooSkewed", 403, StorageClockWrong, "clock is wrong"),
    ("PermanentRedirect", 301, StorageFailed, "UNSTILL_S3_REGION"),
    ("AuthorizationHeaderMalformed", 400, StorageFailed, "UNSTILL_S3_REGION"),
    ("SlowDown", 503, StorageBusy, "SlowDown"),
    ("InternalError", 500, StorageBusy, "InternalError"),
    ("XMinioStorageFull", 507, StorageFull, "no room"),
    ("QuotaExceeded", 403, StorageFull, "no room"),
    ("NotImplemented", 501, StorageFailed, "it answered NotImplemented"),
    ("Teapot", 418, StorageFailed, "it answered Teapot"),
    ("BadDigest", 400, StorageDamaged, "not what was written"),
]


@pytest.mark.parametrize(("code", "status", "error", "words"), SAID, ids=lambda value: str(value))
def test_what_a_server_says_is_told_in_our_words(
    opened: Opened, proxy: Proxy, code: str, status: int, error: type[StorageFailed], words: str
) -> None:
    """In both languages, and never in its own."""
    proxy.fail("PUT", code, status, times=8)
    with pytest.raises(error, match=words) as caught:
        opened(1, proxy.url, ONCE).check()
    assert type(caught.value) is error
    for language in ("en", "zh"):
        assert "said the server" not in caught.value.message(language)
    assert caught.value.message("zh") != caught.value.message("en")


def test_what_is_no_s3_is_told_so(opened: Opened, proxy: Proxy) -> None:
    """A web page answers where the store should."""
    proxy.fail("GET", "html", times=8)
    with pytest.raises(StorageFailed):
        list(opened(1, proxy.url, ONCE).names("outputs"))


def test_a_missing_bucket_is_told_by_every_call(server: str, tmp_path: Path) -> None:
    """None of them takes it for a missing file."""
    storage = S3Storage(Place("no-such-bucket", "x", server), tmp_path, access(server), ONCE)
    write(storage, VIDEO, b"film")
    calls: tuple[Callable[[], object], ...] = (
        storage.check, lambda: storage.keep([VIDEO]), lambda: storage.at_hand("inputs/x.png"),
        lambda: storage.holds(VIDEO, 4, sha(b"film")), lambda: list(storage.names("outputs")),
        lambda: storage.keep(["inputs/x.png"]),
    )  # fmt: skip
    for call in calls:
        with pytest.raises(StorageBucketMissing, match="no-such-bucket"):
            call()
    storage.remove([VIDEO])
    assert not storage.put_aside(VIDEO)
    assert storage.clear_halves(0) == 0


# --- keys --------------------------------------------------------------------------------------------------


@pytest.fixture
def strict(server: str, bucket: str) -> Iterator[str]:
    """A server that wants keys it knows, and has given none out; the bucket is there."""
    ask_for_keys(server, "0")
    yield server
    ask_for_keys(server, "inf")


def test_keys_that_a_server_does_not_know(
    strict: str, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so itself; neither the message nor the log nor the traceback tells the keys."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(StorageRefused, match="InvalidAccessKeyId") as caught:
        opened(1, strict, ONCE).check()
    told = caplog.text + "".join(traceback.format_exception(caught.value)) + repr(opened(1).__dict__)
    told += repr(caught.value.facts) + repr(access(strict))
    assert SECRET not in told
    assert KEY_ID not in told
    assert "UNSTILL_S3_SECRET" in caught.value.hint()


def test_no_keys_at_all(
    server: str, bucket: str, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine's own, which a cloud gives out, are asked for only where somebody said so."""
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", proxy.url)
    monkeypatch.setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1")
    storage = S3Storage(Place("films", "", server), tmp_path, Access(server), ONCE)
    with pytest.raises(StorageRefused, match="there are no keys"):
        storage.check()
    assert proxy.calls == []
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    S3Storage(Place(bucket, "", server), tmp_path, Access(server), ONCE).check()
    assert "/latest/api/token" in [path for _, path in proxy.calls]


def test_keys_of_the_usual_places(
    server: str, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the environment serve where none were given."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    S3Storage(Place(bucket, "", server), tmp_path, Access(server), ONCE).check()


def test_no_proxy_stands_before_this_machine(
    server: str, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy for the world outside cannot reach a store on loopback."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    S3Storage(Place(bucket, "", server), tmp_path, access(server), ONCE).check()


def test_a_profile_that_is_not_there(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told before anything is asked."""
    monkeypatch.setenv("AWS_PROFILE", "gone")
    with pytest.raises(StorageRefused, match="AWS_PROFILE"):
        S3Storage(Place("films", "", server), tmp_path, Access(server), ONCE).check()


def test_without_boto3_it_says_what_to_install(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain installation has none of it."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ExtraMissing) as caught:
        S3Storage(Place("films", "", server), tmp_path, access(server), ONCE).check()
    assert "pip install 'unstill[s3]'" in caught.value.hint()


def test_a_missing_file_is_not_a_broken_store(opened: Opened, proxy: Proxy) -> None:
    """And is not asked for again and again."""
    with pytest.raises(FileMissing):
        opened(1, proxy.url).at_hand(VIDEO)
    assert len(proxy.calls) == 1
