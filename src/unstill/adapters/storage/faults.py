"""An object store's errors in our words. Of what it or its client says, only short codes are repeated."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from unstill.domain.service_errors import (
    StorageBucketMissing,
    StorageBusy,
    StorageClockWrong,
    StorageFailed,
    StorageFull,
    StorageRefused,
    StorageUnreachable,
)

WRONG_KEYS = frozenset(
    {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "TokenRefreshRequired",
     "InvalidSecurity", "NotSignedUp", "AccountProblem"}
)  # fmt: skip
NO_RIGHT = frozenset({"AccessDenied", "AllAccessDisabled", "Forbidden", "403", "401", "Unauthorized"})
NO_BUCKET = frozenset({"NoSuchBucket", "InvalidBucketName"})
NO_OBJECT = frozenset({"NoSuchKey", "NotFound", "404"})
OTHER_REGION = frozenset(
    {"PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "301", "307",
     "IllegalLocationConstraintException", "InvalidRegion"}
)  # fmt: skip
CLOCK = frozenset({"RequestTimeTooSkewed", "RequestExpired"})
BUSY = frozenset(
    {"SlowDown", "SlowDownRead", "SlowDownWrite", "ServiceUnavailable", "InternalError", "RequestTimeout",
     "Throttling", "ThrottlingException", "TooManyRequests", "RequestLimitExceeded", "OperationAborted",
     "500", "502", "503", "504", "429"}
)  # fmt: skip
FULL = frozenset(
    {"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage", "507"}
)
WRONG_SUM = frozenset(
    {"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch",
     "IncompleteBody", "InvalidPart", "EntityTooSmall"}
)  # fmt: skip
"""https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, and MinIO's cmd/api-errors.go."""
_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True)
class Place:
    """A bucket, a prefix in it, and where it is; for messages as ``str``."""

    bucket: str
    prefix: str = ""
    endpoint: str | None = None

    def __str__(self) -> str:
        at = f" ({self.endpoint})" if self.endpoint else ""
        return "s3://" + "/".join(part for part in (self.bucket, self.prefix) if part) + at


def code_of(error: BaseException) -> str:
    """The error code that a server answered with; "" for an error of another kind."""
    response = getattr(error, "response", None)
    found = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    return found if _PLAIN.fullmatch(str(found)) else ""


@contextlib.contextmanager
def spoken(place: Place) -> Iterator[None]:
    """Errors of the client as ours.

    Raises:
        StorageFailed: whichever kind fits.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ClientError as error:
        raise _answered(error, place) from error
    except (BotoCoreError, HTTPError) as error:
        raise _unanswered(error, place) from error
    except OSError as error:
        raise StorageUnreachable(
            where=place, reason="the connection broke", reason_zh="连接中断"
        ) from error  # fmt: skip


def _answered(error: Any, place: Place) -> StorageFailed:
    code = code_of(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in NO_BUCKET:
        return StorageBucketMissing(bucket=place.bucket, endpoint=place.endpoint or "Amazon S3")
    if code in CLOCK:
        return _clock(error, place)
    if code in WRONG_KEYS:
        return StorageRefused(
            where=place, reason=f"it does not accept the keys ({code})", reason_zh=f"密钥不被接受（{code}）"
        )
    if code in FULL or status == 507:
        return StorageFull(where=place)
    if code in OTHER_REGION or status in (301, 307):
        return StorageFailed(
            where=place, reason="the bucket is in another region; set UNSTILL_S3_REGION",
            reason_zh="存储桶在另一个区域，请设置 UNSTILL_S3_REGION",
        )  # fmt: skip
    if code in NO_RIGHT or status in (401, 403):
        return StorageRefused(
            where=place, reason=f"the keys do not allow it ({code or status})",
            reason_zh=f"密钥没有这项权限（{code or status}）",
        )  # fmt: skip
    if code in BUSY or status == 429 or (status >= 500 and status != 501):
        return StorageBusy(where=place, reason=code or status)
    return StorageFailed(
        where=place, reason=f"it answered {code or status}", reason_zh=f"它的回答是 {code or status}"
    )


def _clock(error: Any, place: Place) -> StorageFailed:
    date = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "?")
    theirs = date if re.fullmatch(r"[A-Za-z0-9 ,:+-]{1,40}", date) else "?"
    ours = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    return StorageClockWrong(where=place, ours=ours, theirs=theirs)


_UNANSWERED = {
    "EndpointConnectionError": (
        "nothing listens there, or the name is unknown",
        "地址无人监听，或域名无法解析",
    ),
    "ConnectTimeoutError": ("no connection within the time allowed", "在规定时间内没有建立连接"),
    "ReadTimeoutError": ("no answer within the time allowed", "在规定时间内没有收到回答"),
    "ConnectionClosedError": ("it closed the connection", "对方关闭了连接"),
    "SSLError": ("its certificate cannot be trusted, or it speaks no TLS", "证书不可信，或对方不支持 TLS"),
    "ProxyConnectionError": ("the proxy does not answer", "代理没有响应"),
}
_KEYS = {
    "NoCredentialsError": ("there are no keys", "没有设置密钥"),
    "PartialCredentialsError": ("one half of the keys is missing", "密钥不完整"),
    "CredentialRetrievalError": ("the keys cannot be had", "无法取得密钥"),
    "TokenRetrievalError": ("the keys cannot be had", "无法取得密钥"),
    "ProfileNotFound": ("AWS_PROFILE names no profile there is", "AWS_PROFILE 指定的配置不存在"),
    "ConfigParseError": ("the AWS configuration file is not well formed", "AWS 配置文件格式不正确"),
    "ConfigNotFound": ("the AWS configuration file is not there", "AWS 配置文件不存在"),
}


def _unanswered(error: Exception, place: Place) -> StorageFailed:
    kinds = [kind.__name__ for kind in type(error).__mro__]
    for kind in kinds:
        if kind in _KEYS:
            return StorageRefused(where=place, reason=_KEYS[kind][0], reason_zh=_KEYS[kind][1])
        if kind in _UNANSWERED:
            en, zh = _UNANSWERED[kind]
            return StorageUnreachable(where=place, reason=en, reason_zh=zh)
    if "ParamValidationError" in kinds or "InvalidRegionError" in kinds:
        return StorageFailed(
            where=place, reason="the name of the bucket or the region cannot be right",
            reason_zh="存储桶或区域的名称不正确",
        )  # fmt: skip
    if "ResponseParserError" in kinds:
        return StorageFailed(
            where=place, reason="what answers there is no S3", reason_zh="该地址上的服务不是 S3"
        )
    return StorageUnreachable(where=place, reason="the connection broke", reason_zh="连接中断")
