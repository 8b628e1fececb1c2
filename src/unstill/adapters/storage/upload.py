"""A file into a bucket: nothing stands there under its name before all of it does; then it is looked at."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any

from unstill.adapters.storage.bucket import Bucket, base64_sum, parts_of
from unstill.adapters.storage.faults import code_of, spoken
from unstill.adapters.storage.naming import digest_of
from unstill.domain.service_errors import StorageDamaged, StorageFailed


def upload(bucket: Bucket, name: str, path: Path) -> str:
    """Put a file there and make sure of it; its SHA-256 in hexadecimal.

    Raises:
        StorageFailed: it is not there. What arrived damaged twice has been removed again.
        OSError: the file cannot be read.
    """
    try:
        return _once(bucket, name, path)
    except StorageDamaged:
        return _once(bucket, name, path)


def _once(bucket: Bucket, name: str, path: Path) -> str:
    size = path.stat().st_size
    try:
        if size <= bucket.manners.part_bytes:
            data = path.read_bytes()
            sha256 = hashlib.sha256(data).hexdigest()
            bucket.put(name, data, sha256)
            _look(bucket, name, len(data), sha256, data)
        else:
            sha256 = digest_of(path)
            _in_parts(bucket, name, path, size, sha256)
            _look(bucket, name, size, sha256, None)
    except StorageDamaged:
        with contextlib.suppress(StorageFailed):
            bucket.delete(name)
        raise
    return sha256


def _look(bucket: Bucket, name: str, size: int, sha256: str, data: bytes | None) -> None:
    """What the store has is what we sent; where its own sum does not say so, all of it is read back."""
    found = bucket.head(name)
    if found is None:
        raise bucket.damaged(name)
    if (found.size_bytes, found.told_sha256, found.whole) != (size, sha256, True):
        raise bucket.damaged(name)
    if data is not None and found.proves(data):
        return
    if bucket.digest(name) != sha256:
        raise bucket.damaged(name)


def _in_parts(bucket: Bucket, name: str, path: Path, size: int, sha256: str) -> None:
    """An upload that is not completed leaves no object, however it ends."""
    calls, at = bucket.calls, bucket.at(name)
    with spoken(bucket.place):
        begun = calls.create_multipart_upload(
            **at, ChecksumAlgorithm="SHA256", **bucket.about(name, size, sha256)
        )
    upload_id = begun["UploadId"]
    try:
        parts = _send(bucket, name, path, size, upload_id, sha256)
        with spoken(bucket.place), bucket.sums(name):
            _complete(calls, at, upload_id, parts)
    except BaseException:
        with contextlib.suppress(StorageFailed), spoken(bucket.place):
            calls.abort_multipart_upload(**at, UploadId=upload_id)
        raise


def _send(
    bucket: Bucket, name: str, path: Path, size: int, upload_id: str, sha256: str
) -> list[dict[str, Any]]:
    """One part after the other; a file that changes meanwhile is not completed."""
    calls, parts, digest = bucket.calls, [], hashlib.sha256()
    with path.open("rb") as file:
        for number in parts_of(size, bucket.manners.part_bytes):
            data = file.read(bucket.manners.part_bytes)
            digest.update(data)
            with spoken(bucket.place), bucket.sums(name):
                sent = calls.upload_part(
                    **bucket.at(name), UploadId=upload_id, PartNumber=number, Body=data,
                    ChecksumSHA256=base64_sum(data),
                )  # fmt: skip
            parts.append({"PartNumber": number, "ETag": sent["ETag"], "ChecksumSHA256": base64_sum(data)})
    if digest.hexdigest() != sha256:
        raise bucket.damaged(name)
    return parts


def _complete(calls: Any, at: dict[str, str], upload_id: str, parts: list[dict[str, Any]]) -> None:
    from botocore.exceptions import ClientError

    try:
        calls.complete_multipart_upload(**at, UploadId=upload_id, MultipartUpload={"Parts": parts})
    except ClientError as error:
        if code_of(error) != "NoSuchUpload":  # an earlier try was heard, and its answer lost; it is looked at
            raise
