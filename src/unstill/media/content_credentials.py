"""Content Credentials: signs finished videos as C2PA asks and checks them. Needs the extra ``c2pa``.

The key and the certificates are the person's own; nothing here makes, stores or fetches any, and nothing goes
to the network: no time-stamp authority, no revocation lists, no remote manifests.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from unstill.core.durable import beside, file_errors, settle, why
from unstill.core.metadata import read_settings
from unstill.domain.errors import CredentialsUnusable, ExtraMissing, NotOurVideo, NotSigned
from unstill.media.read_video import probe, read_metadata
from unstill.version import __version__

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate

MIME = {"mp4": "video/mp4", "gif": "image/gif", "webp": "image/webp"}
"""The containers of ours that C2PA has a place in; WebM is not among them (c2pa-python 0.38)."""
IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
GENERATED = IPTC + "trainedAlgorithmicMedia"
"""Made by a generative model (IPTC NewsCodes, Digital Source Type, 2024-09-17)."""
ALTERED = IPTC + "algorithmicallyEnhanced"
"""The same: "Algorithmically-altered media: modification or correction by algorithm without changing the main
content", which is what a camera move over a person's picture is. ``compositeSynthetic`` will not do: since
2024-09 one of its elements must be generative AI."""
_OFFLINE = {"remote_manifest_fetch": False, "ocsp_fetch": False}
_UNTRUSTED = "signingCredential.untrusted"


@dataclass(frozen=True)
class Credentials:
    """Where the person's signing credentials lie, both PEM files.

    ``certificates``: the chain, the signer's own first, the root last or left out. C2PA asks that it may
    sign (digitalSignature, and an extended use such as emailProtection) and is not self-signed.
    ``key``: the signer's private key on P-256, without a password.
    """

    certificates: Path
    key: Path


def check(credentials: Credentials) -> None:
    """Read and compare the credentials, so that a mistake shows at the start and not after the first video.

    Raises:
        ExtraMissing: the extra ``c2pa`` is not installed.
        CredentialsUnusable: a file cannot be read, the two do not belong together, ES256 cannot use them, the
            certificate's time has not come or is over.
    """
    _c2pa()
    _loaded(credentials)


def sign(video: Path, out: Path, credentials: Credentials) -> None:
    """`write_signed` under a temporary name beside ``out``, then moved; the two may be one file.

    Raises besides what `write_signed` does:
        NotWritable, DiskFull: ``out`` cannot be written.
    """
    with beside(out) as partial, file_errors(out):
        write_signed(video, partial, credentials, video.name)
        settle(partial, out, replace_existing=True, number_if_taken=False)


def write_signed(video: Path, out: Path, credentials: Credentials, title: str) -> None:
    """Write ``video`` to ``out``, another file, with a signed manifest: made by unstill, and how.

    What is said of the origin is read from the video's own settings. Pixels and metadata stay as they are.

    Raises:
        ExtraMissing, CredentialsUnusable: as `check`.
        NotSigned: a container without a place for a manifest, or a file that C2PA refuses.
        NotOurVideo: it does not say how it was made.
        FileMissing, NotReadable, NotAVideo: there is no video to be had.
        OSError: ``out`` cannot be written.
    """
    c2pa = _c2pa()
    chain, key = _loaded(credentials)
    container = probe(video).container
    if container not in MIME:
        raise NotSigned(path=video, reason=f"{container} cannot hold it", reason_zh=f"{container} 不支持")
    made = read_settings(read_metadata(video))
    if made is None:
        raise NotOurVideo(path=video)
    with _signer(c2pa, credentials, chain, key) as signer:
        _embed(c2pa, signer, _manifest(made, title, MIME[container]), video, out)


def _embed(c2pa: Any, signer: Any, manifest: Mapping[str, Any], video: Path, out: Path) -> None:
    try:
        with (
            c2pa.Context.from_dict(_settings()) as context,
            c2pa.Builder(manifest, context=context) as builder,
            video.open("rb") as source,
            out.open("w+b") as target,
        ):
            builder.sign(signer, manifest["format"], source, target)
    except c2pa.C2paError as error:
        raise NotSigned(path=video, reason=_first_line(error)) from error


def verify(video: Path, anchors: Path | None = None) -> dict[str, Any]:
    """What the video's credentials say and whether they hold; JSON values.

    ``signed``: there is a manifest. ``valid``: neither it nor the video was changed since. ``trusted``: the
    signer leads to a root in ``anchors`` (PEM); never without. ``problems``: C2PA's failure codes. Besides
    ``signer``, ``generator`` and ``digital_source_type``, None where unsaid.

    Raises:
        ExtraMissing: the extra ``c2pa`` is not installed.
        CredentialsUnusable: ``anchors`` cannot be used.
        FileMissing, NotReadable, NotAVideo: there is no video to be had.
    """
    c2pa = _c2pa()
    mime = MIME.get(probe(video).container)
    if mime is None:
        return _summary(None)
    settings = _settings(_read(anchors).decode("utf-8", "replace") if anchors else None)
    try:
        with (
            video.open("rb") as file,
            c2pa.Context.from_dict(settings) as context,
            c2pa.Reader(mime, file, context=context) as reader,
        ):
            results = reader.get_validation_results() or {}
            return _summary(reader.get_active_manifest(), reader.get_validation_state(), results)
    except c2pa.C2paError.ManifestNotFound:
        return _summary(None)
    except c2pa.C2paError as error:  # a manifest damaged beyond reading
        return {**_summary({}, "Invalid"), "problems": [_first_line(error)]}


def _summary(
    manifest: Mapping[str, Any] | None, state: str | None = None, results: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    found = manifest or {}
    assertions = [a for a in found.get("assertions", []) if a["label"].startswith("c2pa.actions")]
    made = [action for a in assertions for action in a.get("data", {}).get("actions", [])]
    failures = ((results or {}).get("activeManifest") or {}).get("failure", [])
    generator: Mapping[str, str] = (found.get("claim_generator_info") or [{}])[0]
    signature = found.get("signature_info", {})
    return {
        "signed": manifest is not None,
        "valid": state in ("Valid", "Trusted"),
        "trusted": state == "Trusted",
        "problems": [f["code"] for f in failures if f["code"] != _UNTRUSTED],
        "signer": signature.get("common_name") or signature.get("issuer"),
        "generator": " ".join(filter(None, (generator.get("name"), generator.get("version")))) or None,
        "digital_source_type": made[0].get("digitalSourceType") if made else None,
    }


def _manifest(made: Mapping[str, Any], title: str, mime: str) -> dict[str, Any]:
    """A manifest of one action, the making, from the settings ``made`` that stand in the file."""
    agent = {"name": "unstill", "version": str(made.get("version") or __version__)}
    action = {
        "action": "c2pa.created",
        "digitalSourceType": GENERATED if made.get("generative", True) else ALTERED,
        "softwareAgent": agent,
        "parameters": {name: made[name] for name in ("id", "model") if isinstance(made.get(name), str)},
    }
    return {
        "claim_generator_info": [{"name": "unstill", "version": __version__}],
        "title": title,
        "format": mime,
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
    }


def _settings(anchors: str | None = None) -> dict[str, Any]:
    trust = {"trust": {"trust_anchors": anchors}} if anchors else {}
    return {"verify": _OFFLINE, "builder": {"thumbnail": {"enabled": False}}, **trust}


def _signer(c2pa: Any, credentials: Credentials, chain: bytes, key: EllipticCurvePrivateKey) -> Any:
    from cryptography.hazmat.primitives import serialization

    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        return c2pa.Signer.from_info(c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ES256, chain, plain, None))
    except c2pa.C2paError as error:
        raise CredentialsUnusable(path=credentials.certificates, reason=_first_line(error)) from error


def _loaded(credentials: Credentials) -> tuple[bytes, EllipticCurvePrivateKey]:
    """The chain as PEM and the key, known to belong together and to be usable today."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    pem, secret = _read(credentials.certificates), _read(credentials.key)
    try:
        own = x509.load_pem_x509_certificates(pem)[0]
    except ValueError:
        _refuse(credentials.certificates, "it holds no certificate in PEM", "其中没有 PEM 格式的证书")
    try:
        key = serialization.load_pem_private_key(secret, password=None)
    except TypeError:
        _refuse(credentials.key, "the key has a password", "私钥设有密码")
    except Exception:  # cryptography has many ways to say so, and none may carry the key's text
        _refuse(credentials.key, "it holds no private key in PEM", "其中没有 PEM 格式的私钥")
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        _refuse(credentials.key, "the key is not on the curve P-256", "私钥不是 P-256 曲线")
    if own.public_key() != key.public_key():
        _refuse(credentials.key, "the key is not the first certificate's", "私钥与第一张证书不匹配")
    _refuse_out_of_time(own, credentials.certificates)
    return pem, key


def _refuse_out_of_time(own: Certificate, path: Path) -> None:
    if not own.not_valid_before_utc <= datetime.now(UTC) <= own.not_valid_after_utc:
        span = f"{own.not_valid_before_utc:%Y-%m-%d} .. {own.not_valid_after_utc:%Y-%m-%d}"
        _refuse(path, f"the certificate holds only {span}", f"证书的有效期是 {span}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CredentialsUnusable(path=path, **why(error)) from error


def _refuse(path: Path, reason: str, reason_zh: str) -> NoReturn:
    raise CredentialsUnusable(path=path, reason=reason, reason_zh=reason_zh) from None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__


@functools.cache
def _c2pa() -> Any:
    """The library, on use: it takes 25 MB and half the people never sign."""
    try:
        import c2pa
    except ImportError:
        raise ExtraMissing(name="c2pa") from None
    return c2pa
