"""Which storage a setting means."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from unstill.adapters.storage.access import Access, Manners
from unstill.adapters.storage.faults import Place
from unstill.adapters.storage.folder import FolderStorage
from unstill.adapters.storage.s3 import S3Storage
from unstill.core.storage import Storage
from unstill.domain.errors import ExtraMissing, InvalidField

SCRATCH = "scratch"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"([A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)?")
_REGION = re.compile(r"[A-Za-z0-9-]{1,64}")


def open_storage(spec: str | None, data: Path, options: Mapping[str, str]) -> Storage:
    """The storage that ``UNSTILL_STORAGE`` names; nothing is asked of it yet (`Storage.check` does).

    Args:
        spec: None or "" is the data folder itself; an absolute path a folder that several servers share;
            ``s3://bucket/prefix`` an object store, with ``scratch`` in the data folder as its local folder.
        data: the server's own data folder.
        options: for S3: ``endpoint``, ``region``, ``key_id``, ``secret``, ``cache_bytes``; empty ones are as
            if not given.

    Raises:
        InvalidField: a setting cannot be right.
        ExtraMissing: boto3 is not installed.
    """
    if not spec:
        return FolderStorage(data)
    if spec.startswith("s3://"):
        return _s3(spec, data, {name: value for name, value in options.items() if value})
    if not Path(spec).is_absolute() or "://" in spec:
        raise _bad(
            "storage", spec, "an absolute path, or s3://bucket/prefix (its address is UNSTILL_S3_ENDPOINT)",
            "绝对路径，或 s3://存储桶/前缀（地址写在 UNSTILL_S3_ENDPOINT 中）",
        )  # fmt: skip
    return FolderStorage(Path(spec), shared=True)


def _s3(spec: str, data: Path, options: Mapping[str, str]) -> S3Storage:
    bucket, _, prefix = spec.removeprefix("s3://").partition("/")
    prefix = prefix.rstrip("/")
    if not _BUCKET.fullmatch(bucket) or not _PREFIX.fullmatch(prefix):
        raise _bad(
            "storage", spec, "s3://bucket/prefix (a bucket has 3 to 63 small letters, digits, dots, hyphens)",
            "s3://存储桶/前缀，其中存储桶名为 3 到 63 个小写字母、数字、点或连字符",
        )  # fmt: skip
    endpoint, region = options.get("endpoint"), options.get("region")
    if endpoint and not _is_address(endpoint):
        raise _bad(
            "s3_endpoint",
            endpoint,
            "an address such as http://127.0.0.1:9000",
            "形如 http://127.0.0.1:9000 的地址",
        )
    if region and not _REGION.fullmatch(region):
        raise _bad("s3_region", region, "a region such as us-east-1", "形如 us-east-1 的区域")
    key_id, secret = options.get("key_id"), options.get("secret")
    if bool(key_id) != bool(secret):
        missing = "s3_secret" if key_id else "s3_key_id"
        raise InvalidField(
            param=missing, value="''", expected="given, as the other half of the keys is",
            expected_zh="非空（密钥的另一半已经给出）",
        )  # fmt: skip
    if importlib.util.find_spec("boto3") is None:
        raise ExtraMissing(name="s3")
    place = Place(bucket, prefix, endpoint.rstrip("/") if endpoint else None)
    return S3Storage(place, data / SCRATCH, Access(place.endpoint, region, key_id, secret), _manners(options))


def _manners(options: Mapping[str, str]) -> Manners:
    value = options.get("cache_bytes")
    if value is None:
        return Manners()
    if not value.isascii() or not value.isdigit():
        raise _bad("s3_cache_bytes", value, "a whole number", "整数")
    return Manners(cache_bytes=int(value))


def _is_address(text: str) -> bool:
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError:
        return False
    bare = not (url.username or url.password or url.query or url.fragment) and url.path in ("", "/")
    return url.scheme in ("http", "https") and bool(url.hostname) and bare and text.isprintable()


def _bad(param: str, value: str, expected: str, expected_zh: str) -> InvalidField:
    """The value is shown unless it may hold a password."""
    shown = "***" if "@" in value or "?" in value else repr(value[:200])
    return InvalidField(param=param, value=shown, expected=expected, expected_zh=expected_zh)
