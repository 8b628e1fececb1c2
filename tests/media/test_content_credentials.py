"""Signed videos: what the credentials say, and that they notice a change. The keys are made here."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat

from plans import make_plan, write_video
from signing import Office, certificate, open_office, pem
from unstill.domain.errors import CredentialsUnusable, ExtraMissing, NotAVideo, NotOurVideo, NotSigned
from unstill.media import content_credentials
from unstill.media.content_credentials import ALTERED, GENERATED, Credentials, check, sign, verify
from unstill.media.read_video import probe, read_frames, read_metadata
from unstill.version import __version__


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return open_office(tmp_path_factory.mktemp("office"))


def metadata(*, generative: bool = True) -> dict[str, str]:
    settings = {
        "request": {"prompt": "雪"},
        "generative": generative,
        "version": "9.9",
        "id": "video_1",
        "model": "m",
    }
    return {"unstill": json.dumps(settings, ensure_ascii=False), "AIGC": '{"Label":"1"}'}


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    write_video(path, make_plan(), metadata=metadata())
    return path


def test_a_signed_video_says_what_made_it_and_holds(tmp_path: Path, office: Office, video: Path) -> None:
    """Valid to everybody, trusted by those who know the root; made by a generative model, by unstill."""
    sign(video, tmp_path / "signed.mp4", office.credentials)
    told = verify(tmp_path / "signed.mp4")
    assert told == {
        "signed": True,
        "valid": True,
        "trusted": False,
        "problems": [],
        "signer": "A person",
        "generator": f"unstill {__version__}",
        "digital_source_type": GENERATED,
    }
    assert verify(tmp_path / "signed.mp4", office.root) == {**told, "trusted": True}
    assert json.loads(json.dumps(told)) == told


@pytest.mark.parametrize("kind", ["mp4", "gif", "webp"])
def test_signing_changes_neither_pixels_nor_labels(tmp_path: Path, office: Office, kind: str) -> None:
    """The same frames, the same facts, the AIGC label and the settings still there; even in place."""
    path = tmp_path / f"clip.{kind}"
    write_video(path, make_plan(kind), metadata=metadata())
    frames, facts = list(read_frames(path)), probe(path)
    sign(path, path, office.credentials)
    assert np.array_equal(list(read_frames(path)), frames)
    assert probe(path) == facts
    assert read_metadata(path) == metadata()
    assert verify(path)["valid"]
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_camera_motion_is_not_called_generated(tmp_path: Path, office: Office) -> None:
    """Nothing was generated: the manifest says altered by algorithm, and nowhere trained."""
    path = tmp_path / "clip.mp4"
    write_video(path, make_plan(), metadata=metadata(generative=False))
    sign(path, path, office.credentials)
    assert verify(path)["digital_source_type"] == ALTERED
    assert b"trainedAlgorithmicMedia" not in path.read_bytes()


@pytest.mark.parametrize("place", ["pixels", "label", "manifest"])
def test_a_changed_byte_is_noticed(tmp_path: Path, office: Office, video: Path, place: str) -> None:
    """In the picture data, in the AIGC label, in the manifest's own words."""
    path = tmp_path / "signed.mp4"
    sign(video, path, office.credentials)
    content = bytearray(path.read_bytes())
    at = {
        "pixels": content.rindex(b"mdat") + 100,
        "label": content.index(b'{"Label":"1"}') + 10,
        "manifest": content.index(b"trainedAlgorithmicMedia"),
    }[place]
    content[at] ^= 1
    path.write_bytes(content)
    told = verify(path, office.root)
    assert told["signed"]
    assert not told["valid"]
    assert not told["trusted"]
    assert told["problems"]


def test_a_damaged_manifest_never_crashes_the_check(tmp_path: Path, office: Office, video: Path) -> None:
    """Whichever byte is overwritten, there is an answer. A few bytes of the boxes' frame are in no hash."""
    path = tmp_path / "signed.mp4"
    sign(video, path, office.credentials)
    whole = path.read_bytes()
    start = whole.index(b"jumb")
    answers = []
    for offset in range(-4, 1200, 31):
        content = bytearray(whole)
        content[start + offset] ^= 0xFF
        path.write_bytes(content)
        answers.append(verify(path)["valid"])
    assert answers.count(False) > 0.8 * len(answers)


def test_an_unsigned_video_is_called_that(tmp_path: Path, video: Path) -> None:
    """No manifest is no failure, and a container without a place for one has none."""
    write_video(tmp_path / "clip.webm", make_plan("webm"))
    for path in (video, tmp_path / "clip.webm"):
        told = verify(path)
        assert (told["signed"], told["valid"], told["problems"]) == (False, False, [])
    (tmp_path / "text.mp4").write_bytes(b"hello")
    with pytest.raises(NotAVideo):
        verify(tmp_path / "text.mp4")


def test_what_cannot_be_signed_is_refused(tmp_path: Path, office: Office) -> None:
    """WebM, and a video that does not say how it was made; nothing is left behind."""
    (tmp_path / "in").mkdir()
    write_video(tmp_path / "in" / "clip.webm", make_plan("webm"), metadata=metadata())
    write_video(tmp_path / "in" / "other.mp4", make_plan())
    with pytest.raises(NotSigned, match="webm"):
        sign(tmp_path / "in" / "clip.webm", tmp_path / "out.webm", office.credentials)
    with pytest.raises(NotOurVideo):
        sign(tmp_path / "in" / "other.mp4", tmp_path / "out.mp4", office.credentials)
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


def test_a_key_as_openssl_writes_it_will_do(tmp_path: Path, office: Office) -> None:
    """The older form, BEGIN EC PRIVATE KEY, is taken as well."""
    (tmp_path / "old.pem").write_bytes(pem(office.own_key, PrivateFormat.TraditionalOpenSSL))
    check(Credentials(office.credentials.certificates, tmp_path / "old.pem"))


Spoil = Callable[[Office], tuple[bytes, bytes]]
SPOILT: dict[str, Spoil] = {
    "no certificate": lambda o: (b"hello", pem(o.own_key)),
    "no private key": lambda o: (o.credentials.certificates.read_bytes(), b"hello"),
    "password": lambda o: (o.credentials.certificates.read_bytes(), pem(o.own_key, password=b"x")),
    "not on the curve P-256": lambda o: (
        o.credentials.certificates.read_bytes(),
        pem(ed25519.Ed25519PrivateKey.generate()),
    ),
    "not the first certificate's": lambda o: (o.credentials.certificates.read_bytes(), pem(o.ca_key)),
    "holds only": lambda o: (
        certificate("Late", o.own_key, o.ca_key, days=-1).public_bytes(Encoding.PEM),
        pem(o.own_key),
    ),
}


@pytest.mark.parametrize("reason", SPOILT)
def test_unusable_credentials_are_named(tmp_path: Path, office: Office, video: Path, reason: str) -> None:
    """Each mistake has its sentence, in both languages, at the start and when signing."""
    chain, key = SPOILT[reason](office)
    (tmp_path / "chain.pem").write_bytes(chain)
    (tmp_path / "key.pem").write_bytes(key)
    bad = Credentials(tmp_path / "chain.pem", tmp_path / "key.pem")
    with pytest.raises(CredentialsUnusable, match=reason) as caught:
        check(bad)
    assert "PRIVATE KEY" not in str(caught.value)
    assert caught.value.facts["reason_zh"] != caught.value.facts["reason"]
    with pytest.raises(CredentialsUnusable):
        sign(video, tmp_path / "out.mp4", bad)
    assert not (tmp_path / "out.mp4").exists()


def test_a_certificate_that_may_not_sign_is_refused(tmp_path: Path, office: Office, video: Path) -> None:
    """A root is no signer's certificate: C2PA's own word is passed on, and no file is written."""
    (tmp_path / "key.pem").write_bytes(pem(office.ca_key))
    with pytest.raises((CredentialsUnusable, NotSigned)):
        sign(video, tmp_path / "out.mp4", Credentials(office.root, tmp_path / "key.pem"))
    assert not (tmp_path / "out.mp4").exists()


def test_missing_files_and_a_missing_extra_say_what_to_do(
    tmp_path: Path, office: Office, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path that leads nowhere; an install without the extra."""
    with pytest.raises(CredentialsUnusable, match=r"nowhere\.pem"):
        check(Credentials(tmp_path / "nowhere.pem", office.credentials.key))
    monkeypatch.setitem(sys.modules, "c2pa", None)
    content_credentials._c2pa.cache_clear()
    for call in (
        lambda: check(office.credentials),
        lambda: verify(video),
        lambda: sign(video, tmp_path / "out.mp4", office.credentials),
    ):
        with pytest.raises(ExtraMissing) as caught:
            call()
        assert "unstill[c2pa]" in caught.value.hint()
