"""Which storage the settings mean, and what is said of those that mean none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from moto_server import KEY_ID, SECRET
from storage_contract import kept, sha
from unstill.adapters.storage import FolderStorage, S3Storage, open_storage
from unstill.adapters.storage.access import GIB
from unstill.domain.errors import ExtraMissing, InvalidField


def test_nothing_said_is_the_data_folder(tmp_path: Path) -> None:
    """As it was before there was a choice."""
    for spec in (None, ""):
        storage = open_storage(spec, tmp_path, {"endpoint": "http://127.0.0.1:9000"})
        assert isinstance(storage, FolderStorage)
        assert (storage.root, storage.shared) == (tmp_path, False)


def test_a_path_is_a_shared_folder(tmp_path: Path) -> None:
    """Others write there, too."""
    storage = open_storage(str(tmp_path / "share"), tmp_path / "data", {})
    assert isinstance(storage, FolderStorage)
    assert (storage.root, storage.shared) == (tmp_path / "share", True)


@pytest.mark.parametrize("suffix", ["", "/", "/films", "/films/of-1/"])
def test_s3_with_all_its_options(server: str, bucket: str, tmp_path: Path, suffix: str) -> None:
    """It works as it was opened: the address, the keys, the prefix, with or without a slash at its end."""
    options = {"endpoint": f"{server}/", "region": "eu-west-1", "key_id": KEY_ID, "secret": SECRET,
               "cache_bytes": ""}  # fmt: skip
    storage = open_storage(f"s3://{bucket}{suffix}", tmp_path, options)
    assert isinstance(storage, S3Storage)
    assert (storage.root, storage.shared) == (tmp_path / "scratch", True)
    storage.check()
    film = kept(storage)
    assert storage.holds("outputs/video_0a1b.1.mp4", len(film), sha(film))
    assert storage._scratch.limit_bytes == 5 * GIB


def test_the_bound_of_the_copies(tmp_path: Path) -> None:
    """In bytes."""
    storage = open_storage("s3://films", tmp_path, {"cache_bytes": "1000"})
    assert isinstance(storage, S3Storage)
    assert storage._scratch.limit_bytes == 1000


@pytest.mark.parametrize(
    "spec",
    ["films", "./films", "~/films", "s3:/films", "s3://", "s3:///films", "s3://F", "s3://Films/x", "s3://films//x",
     "s3://films/../x", "s3://films/a b", "s3://films/\u00e9", "S3://films", "http://127.0.0.1:9000/films",
     "file:///films", "s3://films?x=1"],
)  # fmt: skip
def test_what_means_no_storage(tmp_path: Path, spec: str) -> None:
    """The message says what to write, in both languages."""
    with pytest.raises(InvalidField, match=r"s3://bucket/prefix") as caught:
        open_storage(spec, tmp_path, {})
    assert caught.value.param == "storage"
    assert "s3://存储桶/前缀" in caught.value.message("zh")


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [("endpoint", "127.0.0.1:9000", "http://127.0.0.1:9000"), ("endpoint", "ftp://x", "http://127.0.0.1:9000"),
     ("endpoint", "http://", "http://127.0.0.1:9000"), ("endpoint", "http://x:99999", "http://127.0.0.1:9000"),
     ("endpoint", "http://x/films", "http://127.0.0.1:9000"), ("endpoint", "http://[", "http://127.0.0.1:9000"),
     ("region", "us east", "us-east-1"), ("region", "x/@host", "us-east-1"),
     ("cache_bytes", "5 GiB", "whole number"),
     ("key_id", KEY_ID, "the other half"), ("secret", SECRET, "the other half")],
)  # fmt: skip
def test_an_option_that_cannot_be_right(tmp_path: Path, option: str, value: str, says: str) -> None:
    """It is named, and what it should be."""
    with pytest.raises(InvalidField, match=says) as caught:
        open_storage("s3://films", tmp_path, {option: value})
    assert str(caught.value.param).startswith("s3_")
    assert SECRET not in str(caught.value) + repr(caught.value.facts)
    assert KEY_ID not in str(caught.value) + repr(caught.value.facts)


@pytest.mark.parametrize(
    ("spec", "options"),
    [(f"s3://{KEY_ID}:{SECRET}@films", {}), ("s3://films", {"endpoint": f"http://{KEY_ID}:{SECRET}@127.0.0.1:9"})],
)  # fmt: skip
def test_keys_in_an_address_are_not_repeated(tmp_path: Path, spec: str, options: dict[str, str]) -> None:
    """They do not belong there; the refusal does not spread them."""
    with pytest.raises(InvalidField) as caught:
        open_storage(spec, tmp_path, options)
    assert SECRET not in str(caught.value) + repr(caught.value.facts)


def test_boto3_is_asked_for_only_where_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder needs none of it; S3 says what to install before a server starts."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    open_storage(None, tmp_path, {})
    with pytest.raises(ExtraMissing) as caught:
        open_storage("s3://films", tmp_path, {})
    assert "pip install 'unstill[s3]'" in caught.value.hint("en")
    assert "pip install 'unstill[s3]'" in caught.value.hint("zh")


def test_opening_imports_no_client(tmp_path: Path) -> None:
    """Programs that only choose a storage stay quick."""
    program = (
        "import sys; from pathlib import Path; from unstill.adapters.storage import open_storage\n"
        "open_storage('s3://films', Path('.'), {})\n"
        "assert not {'boto3', 'botocore', 'urllib3'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, timeout=60)
