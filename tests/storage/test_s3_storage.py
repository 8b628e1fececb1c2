"""An S3 server as the storage."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from faulty_proxy import Proxy
from moto_server import PART
from storage_contract import PICTURE, VIDEO, Machines, StorageContract, kept, sha, write
from unstill.adapters.storage.s3 import S3Storage
from unstill.core.storage import Storage
from unstill.domain.errors import FileMissing
from unstill.domain.service_errors import StorageFailed

Opened = Callable[..., S3Storage]


class OneBucket(Machines):
    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def machine(self, number: int) -> Storage:
        return self._opened(number)


class TestS3(StorageContract):
    @pytest.fixture
    def machines(self, opened: Opened) -> Machines:
        return OneBucket(opened)


def test_what_is_only_written_is_not_held(opened: Opened) -> None:
    """A local file is at hand here before it is kept, and nowhere else."""
    one, two = opened(1), opened(2)
    write(one, VIDEO, b"film")
    assert one.at_hand(VIDEO).read_bytes() == b"film"
    assert not one.holds(VIDEO, 4, sha(b"film"))
    with pytest.raises(FileMissing):
        two.at_hand(VIDEO)


def test_an_object_says_what_it_is(opened: Opened, bucket: str, server: str) -> None:
    """Kind, size and digest stand beside it, under the prefix; both sums are the store's to check."""
    one = opened(1)
    kept(one)
    found = one._bucket.calls.head_object(Bucket=bucket, Key=f"all/of/it/{VIDEO}")
    assert found["ContentType"] == "video/mp4"
    assert found["Metadata"] == {"sha256": sha(b"film"), "size": "4"}


def test_a_large_file_goes_in_parts(opened: Opened, proxy: Proxy) -> None:
    """Three parts and a full reading afterwards; the bytes are the same on another machine."""
    film = os.urandom(1 << 20) * 11
    one = opened(1, proxy.url)
    kept(one, content=film)
    methods = [method for method, _ in proxy.calls]
    assert methods == ["POST", "PUT", "PUT", "PUT", "POST", "HEAD", "GET"]
    assert len(film) > 2 * PART
    two = opened(2)
    assert two.at_hand(VIDEO).read_bytes() == film
    assert two.holds(VIDEO, len(film), sha(film))


def test_every_put_tells_its_sum(opened: Opened, proxy: Proxy) -> None:
    """Of the whole file or of the part: a store that checks it takes no damaged bytes."""
    one = opened(1, proxy.url)
    kept(one)
    kept(one, PICTURE, os.urandom(1 << 20) * 6)
    assert [told for told, _ in proxy.sums] == [own for _, own in proxy.sums]
    assert len(proxy.sums) == 3


def test_a_name_is_fetched_once(opened: Opened, proxy: Proxy) -> None:
    """Eight threads that want it at once wait for one download; later ones find it."""
    from concurrent.futures import ThreadPoolExecutor

    film = kept(opened(1), content=os.urandom(300_000))
    two = opened(2, proxy.url)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: two.at_hand(VIDEO).read_bytes(), range(8)))
    assert found == [film] * 8
    assert proxy.count("GET") == 1


def test_a_copy_outlasts_a_start(opened: Opened, proxy: Proxy) -> None:
    """It is compared with what the store says, not fetched again."""
    kept(opened(1))
    opened(2).at_hand(VIDEO)
    again = opened(2, proxy.url)
    again.at_hand(VIDEO)
    again.at_hand(VIDEO)
    assert [method for method, _ in proxy.calls] == ["HEAD"]


def test_a_copy_that_a_power_cut_spoiled_is_fetched_again(opened: Opened) -> None:
    """Copies are not made durable; after a start nobody trusts them unseen."""
    film = kept(opened(1))
    copy = opened(2).at_hand(VIDEO)
    copy.write_bytes(b"\0" * len(film))
    assert opened(2).at_hand(VIDEO).read_bytes() == film


def test_an_object_put_there_by_other_means_is_read(opened: Opened, bucket: str) -> None:
    """A bucket that was restored file by file has lost what objects said of themselves: the bytes count."""
    one = opened(1)
    one._bucket.calls.put_object(Bucket=bucket, Key=f"all/of/it/{VIDEO}", Body=b"film")
    assert one.holds(VIDEO, 4, sha(b"film"))
    assert not one.holds(VIDEO, 4, sha(b"filn"))
    assert one.at_hand(VIDEO).read_bytes() == b"film"
    with pytest.raises(StorageFailed):
        opened(2).keep([VIDEO])


def test_what_vanished_from_the_store_is_put_there_again(opened: Opened) -> None:
    """Keeping means that it is there now, not that it once was."""
    one, two = opened(1), opened(2)
    film = kept(one)
    two.remove([VIDEO])
    one.keep([VIDEO])
    assert two.at_hand(VIDEO).read_bytes() == film


def test_a_list_longer_than_a_page(opened: Opened, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each name once; what lies beside the prefix or has no name of ours is not seen."""
    one = opened(1, proxy.url)
    calls, at = one._bucket.calls, one._bucket.at
    names = {f"inputs/video_{number}.png" for number in range(7)}
    for name in (*names, "inputs/\u00e9.png", "inputs/.part", "outputs/video_1.mp4", "inputs-2/x"):
        calls.put_object(**at(name), Body=b"")
    calls.put_object(Bucket=one._place.bucket, Key="all/of/it-too/inputs/x.png", Body=b"")
    asked = calls.list_objects_v2
    monkeypatch.setattr(calls, "list_objects_v2", lambda **more: asked(**more, MaxKeys=3))
    assert sorted(name for name, _ in one.names("inputs")) == sorted(names)
    assert proxy.count("GET") == 3


def test_an_upload_that_broke_off_is_cleared_away(opened: Opened) -> None:
    """Not before its time; there never was an object."""
    one = opened(1)
    calls, at = one._bucket.calls, one._bucket.at(VIDEO)
    calls.create_multipart_upload(**at)
    assert one.clear_halves(100 * 365 * 86400) == 0  # this server says of every upload that it began in 2010
    assert one.clear_halves(86400) == 1
    assert not calls.list_multipart_uploads(Bucket=at["Bucket"]).get("Uploads")
    assert not one.holds(VIDEO, 0, sha(b""))


def test_the_local_folder_may_be_gone(opened: Opened) -> None:
    """Somebody cleared it away while we were running."""
    import shutil

    one = opened(1)
    film = kept(one)
    shutil.rmtree(one.root)
    assert one.at_hand(VIDEO).read_bytes() == film


def test_what_it_is_called(opened: Opened, tmp_path: Path, bucket: str, server: str) -> None:
    """The address and no keys; nor has it any to give away by its parts."""
    one = opened(1)
    assert f"s3://{bucket}/all/of/it ({server})" in repr(one)
    assert one.root == tmp_path / "machine-1" / "scratch"
    assert one.shared
    assert PICTURE not in repr(one)
