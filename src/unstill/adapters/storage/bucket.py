"""One bucket's calls, in our words and with our errors. Keys are names under the prefix of the place."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import mimetypes
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

from unstill.adapters.storage.access import Access, Manners, client
from unstill.adapters.storage.faults import NO_OBJECT, WRONG_SUM, Place, code_of, spoken
from unstill.adapters.storage.naming import CHUNK
from unstill.domain.service_errors import StorageDamaged, StorageFailed

SUM, SIZE = "sha256", "size"
"""What an object says of itself in its metadata: written with it, in one step."""


@dataclass(frozen=True)
class Stored:
    """What the store says of an object; the digest in hexadecimal, None where it says none."""

    size_bytes: int
    told_sha256: str | None
    told_size: str | None
    checksum: str | None
    """The store's own SHA-256 in base64; of many parts it is one of sums and means nothing here."""
    etag: str

    @property
    def whole(self) -> bool:
        """Whether it is one of ours and as long as it was written."""
        return self.told_sha256 is not None and self.told_size == str(self.size_bytes)

    def proves(self, data: bytes) -> bool:
        """Whether the store's own sum of what it has is that of ``data``."""
        md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
        return self.etag.strip('"') == md5 or self.checksum == base64_sum(data)


class Bucket:
    """Made without a word to the store; the first call connects. Every method raises `StorageFailed`."""

    def __init__(self, place: Place, access: Access, manners: Manners) -> None:
        self.place, self.manners = place, manners
        self._access, self._lock = access, threading.Lock()

    @cached_property
    def _made(self) -> Any:
        return client(self._access, self.manners, self.place)

    @property
    def calls(self) -> Any:
        """The client."""
        with self._lock:
            return self._made

    def at(self, name: str) -> dict[str, str]:
        """The arguments that name an object."""
        key = f"{self.place.prefix}/{name}" if self.place.prefix else name
        return {"Bucket": self.place.bucket, "Key": key}

    def head(self, name: str) -> Stored | None:
        """None where there is no such object."""
        calls = self.calls
        with spoken(self.place):
            from botocore.exceptions import ClientError

            try:
                return _stored(calls.head_object(**self.at(name), ChecksumMode="ENABLED"))
            except ClientError as error:
                if code_of(error) not in NO_OBJECT:
                    raise
        again = self.read(name, len)  # a HEAD does not say whether it is the bucket that is missing
        return again[0] if again else None

    def put(self, name: str, data: bytes, sha256: str) -> None:
        """In one step: afterwards all of it is there, or nothing new."""
        calls = self.calls
        with spoken(self.place), self.sums(name):
            calls.put_object(
                **self.at(name), Body=data, ChecksumSHA256=base64_sum(data),
                **self.about(name, len(data), sha256),
            )  # fmt: skip

    def about(self, name: str, size_bytes: int, sha256: str) -> dict[str, Any]:
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return {"ContentType": kind, "Metadata": {SUM: sha256, SIZE: str(size_bytes)}}

    @contextlib.contextmanager
    def sums(self, name: str) -> Iterator[None]:
        """The store's word that what arrived is not what was sent."""
        from botocore.exceptions import ClientError

        try:
            yield
        except ClientError as error:
            if code_of(error) in WRONG_SUM:
                raise self.damaged(name) from error
            raise

    def read(self, name: str, write: Callable[[bytes], object]) -> tuple[Stored, str | StorageFailed] | None:
        """Give an object's bytes to ``write``; the digest of what came, or what broke the answer off. None
        where there is no such object. What ``write`` raises passes."""
        calls = self.calls
        with spoken(self.place):
            from botocore.exceptions import ClientError

            try:
                answer = calls.get_object(**self.at(name))
            except ClientError as error:
                if code_of(error) not in NO_OBJECT:
                    raise
                return None
        with contextlib.closing(answer["Body"]) as body:
            return _stored(answer), self._read(body, write)

    def _read(self, body: Any, write: Callable[[bytes], object]) -> str | StorageFailed:
        digest = hashlib.sha256()
        while True:
            try:
                with spoken(self.place):
                    chunk = body.read(CHUNK)
            except StorageFailed as error:
                return error
            if not chunk:
                return digest.hexdigest()
            digest.update(chunk)
            write(chunk)

    def digest(self, name: str) -> str | None:
        """SHA-256 of what is really there, read through; None where there is nothing."""
        broken: StorageFailed = self.damaged(name)
        for _ in self.tries():
            found = self.read(name, len)
            if found is None:
                return None
            if isinstance(found[1], str):
                return found[1]
            broken = found[1]
        raise broken

    def tries(self) -> Iterator[int]:
        """As many as we make, with pauses between them."""
        for attempt in range(self.manners.attempts):
            time.sleep(self.manners.pause_s * attempt)
            yield attempt

    def delete(self, name: str) -> None:
        calls = self.calls
        with spoken(self.place):
            calls.delete_object(**self.at(name))

    def copy(self, name: str, to: str) -> bool:
        """False where there is nothing to copy."""
        calls = self.calls
        with spoken(self.place):
            from botocore.exceptions import ClientError

            try:
                calls.copy_object(**self.at(to), CopySource=self.at(name))
            except ClientError as error:
                if code_of(error) not in NO_OBJECT:
                    raise
                return False
        return True

    def listed(self, folder: str) -> Iterator[tuple[str, float]]:
        """Names and ages in seconds by the store's clock, asked for page by page."""
        calls, start = self.calls, self.at("")["Key"]
        more: dict[str, str] = {}
        while True:
            with spoken(self.place):
                page = calls.list_objects_v2(
                    Bucket=self.place.bucket, Prefix=self.at(f"{folder}/")["Key"], **more
                )
            now = _its_time(page)
            for entry in page.get("Contents", ()):
                yield entry["Key"][len(start) :], now - entry["LastModified"].timestamp()
            if not page.get("IsTruncated") or not page.get("NextContinuationToken"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def abort_uploads(self, older_than_s: float) -> int:
        """End uploads in parts that nobody has gone on with; how many."""
        calls, ended = self.calls, 0
        with spoken(self.place):
            page = calls.list_multipart_uploads(Bucket=self.place.bucket, Prefix=self.at("")["Key"])
            for upload in page.get("Uploads", ()):
                if _its_time(page) - upload["Initiated"].timestamp() > older_than_s:
                    calls.abort_multipart_upload(
                        Bucket=self.place.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                    )
                    ended += 1
        return ended

    def damaged(self, name: str) -> StorageDamaged:
        return StorageDamaged(
            where=self.place, name=name, reason="its SHA-256 or its length is another",
            reason_zh="SHA-256 或长度不一致",
        )  # fmt: skip


def base64_sum(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def _stored(answer: Mapping[str, Any]) -> Stored:
    told = {key.lower(): value for key, value in answer.get("Metadata", {}).items()}
    return Stored(
        answer["ContentLength"], told.get(SUM), told.get(SIZE), answer.get("ChecksumSHA256"),
        answer.get("ETag", ""),
    )  # fmt: skip


def _its_time(answer: Mapping[str, Any]) -> float:
    """Seconds since 1970 by the store's clock, which the ages of its objects are by."""
    headers: Mapping[str, str] = answer["ResponseMetadata"].get("HTTPHeaders", {})
    try:
        return parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError):
        return time.time()


def parts_of(size_bytes: int, part_bytes: int) -> Sequence[int]:
    """The numbers of the parts, from 1."""
    return range(1, -(-size_bytes // part_bytes) + 1)
