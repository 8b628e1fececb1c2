"""How an object store is reached: its address, its keys, and how long we wait for it."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from unstill.adapters.storage.faults import Place, spoken
from unstill.domain.errors import ExtraMissing

MIB = 1 << 20
GIB = 1 << 30
USUAL_REGION = "us-east-1"
CONNECTIONS = 32
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Access:
    """Without keys those of the usual AWS places are taken: environment, files, container. An address of
    None is Amazon's own."""

    endpoint: str | None = None
    region: str | None = None
    key_id: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Manners:
    """How we treat the store, and how much of it we keep here."""

    connect_s: float = 5.0
    read_s: float = 30.0
    attempts: int = 4
    """Of one call, with growing pauses; and of one download that breaks off or arrives damaged."""
    pause_s: float = 0.3
    part_bytes: int = 16 * MIB
    """Larger files go in parts of this size. S3 takes at least 5 MiB."""
    cache_bytes: int = 5 * GIB
    """How much the local folder holds before what was not used for longest leaves it."""


def client(access: Access, manners: Manners, place: Place) -> Any:
    """A client of S3's calls; safe to use from many threads.

    Raises:
        ExtraMissing: boto3 is not installed.
        StorageFailed: the settings cannot be right.
    """
    try:
        import boto3
        from botocore import session as sessions
        from botocore.config import Config
    except ImportError as error:
        raise ExtraMissing(name="s3") from error
    _hush()
    config = Config(
        connect_timeout=manners.connect_s, read_timeout=manners.read_s, max_pool_connections=CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": manners.attempts},
        s3={"addressing_style": "path" if access.endpoint else "auto"},
        # Sums that we give ourselves are understood everywhere; trailing ones of the client's own are not.
        request_checksum_calculation="when_required", response_checksum_validation="when_required",
        proxies={} if _is_loopback(access.endpoint) else None,
    )  # fmt: skip
    with spoken(place):
        session = sessions.get_session()
        if not access.key_id:
            _ask_no_machine(session)
        region = access.region or session.get_config_variable("region") or USUAL_REGION
        return boto3.session.Session(botocore_session=session).client(
            "s3", region_name=region, endpoint_url=access.endpoint, config=config,
            aws_access_key_id=access.key_id, aws_secret_access_key=access.secret,
        )  # fmt: skip


def _ask_no_machine(session: Any) -> None:
    """Keys of the machine itself are at an address that answers only in a cloud; it is asked where somebody
    said so, by AWS_EC2_METADATA_DISABLED=false."""
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() != "false":
        session.get_component("credential_provider").remove("iam-role")


def _is_loopback(endpoint: str | None) -> bool:
    return bool(endpoint) and urlsplit(endpoint).hostname in LOOPBACK


def _hush() -> None:
    """At the level of DEBUG the client writes down every request, session tokens too."""
    for name in ("boto3", "botocore"):
        logger = logging.getLogger(name)
        if logger.getEffectiveLevel() < logging.INFO:
            logger.setLevel(logging.INFO)
