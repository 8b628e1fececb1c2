"""`unstill generate` with a visible label, and signed."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signing import Office, open_office, pem
from testcard import TESTCARD
from unstill.apps.cli.run import run
from unstill.core.making import settings_in
from unstill.media import content_credentials
from unstill.media.content_credentials import ALTERED, GENERATED, verify
from unstill.media.read_video import probe, read_frames
from unstill.settings import Settings
from unstill.wiring import House

GENERATED_ONE = ("--model", "dream", "--size", "64x64")
Made = Callable[..., Any]


@pytest.fixture
def made(cli: Any, photo: Path) -> Made:
    """The record inside a video made with these words."""

    def make(*words: str) -> Any:
        path = cli("generate", photo, *words).out.strip()
        return json.loads(cli("show", path, "--json").out)

    return make


@pytest.mark.parametrize(
    ("words", "label"),
    [
        (GENERATED_ONE, None),
        ((*GENERATED_ONE, "--visible-label"), "en"),
        ((*GENERATED_ONE, "--lang", "zh"), "zh"),
        ((*GENERATED_ONE, "--lang", "zh", "--no-visible-label"), None),
        (("--lang", "zh"), None),
        (("--visible-label",), "en"),
    ],
    ids=["generated", "asked", "chinese", "refused", "camera motion", "camera motion, asked"],
)
def test_the_label_follows_the_wish_and_the_language(made: Made, words: tuple[str, ...], label: str) -> None:
    """On for generated video where messages are in Chinese; the file says what was decided."""
    said = made(*words)
    assert (said["request"]["visible_label"], said["label_language"]) == (label is not None, label)


def test_a_plan_says_whether_there_will_be_a_label(cli: Any, photo: Path) -> None:
    """Before anything is made; `generate` says it of what it made."""
    for command, folder in (("plan", ()), ("generate", ("-o", "clips/"))):
        told = cli(command, photo, *GENERATED_ONE, "--lang", "zh", "--json", *folder)
        assert json.loads(told.out)["visible_label"] is True


def test_the_language_of_the_computer_counts(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is that of the messages."""
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert made(*GENERATED_ONE)["label_language"] == "zh"


def test_the_documented_commands_run(cli: Any, photo: Path, here: Path) -> None:
    """Those of docs/labels.md, as they stand there."""
    text = (Path(__file__).parents[3] / "docs" / "labels.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    labels = []
    for line in block.splitlines():
        program, *words = shlex.split(line)
        answer = cli(*words)
        assert (program, answer.code) == ("unstill", 0)
        labels.append(settings_in(Path(answer.out.strip()), House(Settings()))["label_language"])
    assert labels == ["en", None]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return open_office(tmp_path_factory.mktemp("office"))


@pytest.fixture
def sealed(office: Office) -> House:
    both = {"c2pa_certificate": office.credentials.certificates, "c2pa_key": office.credentials.key}
    return House(Settings(**both), entries=[TESTCARD])


@pytest.mark.parametrize("kind", ["mp4", "gif", "webp"])
@pytest.mark.parametrize(
    ("words", "source"), [((), ALTERED), ((*GENERATED_ONE, "--visible-label"), GENERATED)]
)
def test_videos_are_signed_where_there_are_credentials(
    sealed: House, office: Office, photo: Path, here: Path, kind: str, words: tuple[str, ...], source: str
) -> None:
    """The file that stands is the signed one: it holds, it plays, and nothing else is left."""
    assert run(sealed, ["generate", str(photo), "-o", f"a.{kind}", *words]) == 0
    told = verify(here / f"a.{kind}", office.root)
    assert (told["signed"], told["valid"], told["trusted"]) == (True, True, True)
    assert told["digital_source_type"] == source
    assert len(list(read_frames(here / f"a.{kind}"))) == probe(here / f"a.{kind}").num_frames
    assert {p.name for p in here.iterdir()} == {"photo.jpg", f"a.{kind}"}


def test_a_webm_cannot_be_signed_and_says_so(
    sealed: House, photo: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is made all the same."""
    assert run(sealed, ["generate", str(photo), "-o", "a.webm"]) == 0
    assert "No Content Credentials: webm" in capsys.readouterr().err
    assert not verify(here / "a.webm")["signed"]


def test_what_cannot_be_signed_after_all_is_named(
    office: Office, photo: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A root's certificate may not sign: the file that was to be is named, and nothing is left of it."""
    (here / "root.pem").write_bytes(office.root.read_bytes())
    (here / "root-key.pem").write_bytes(pem(office.ca_key))
    settings = Settings(c2pa_certificate=here / "root.pem", c2pa_key=here / "root-key.pem")
    assert run(House(settings, entries=[TESTCARD]), ["generate", str(photo)]) != 0
    said = capsys.readouterr().err
    assert ".part" not in said
    assert "photo.mp4 cannot be signed" in said or "root.pem" in said
    assert {p.name for p in here.iterdir()} == {"photo.jpg", "root.pem", "root-key.pem"}


def test_credentials_that_cannot_be_used_stop_before_any_work(
    office: Office,
    photo: Path,
    here: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A key that is not there, one of the two unset, an install without the extra: no frame is made."""
    chain, key = office.credentials.certificates, office.credentials.key
    cases = [
        ({"c2pa_certificate": chain, "c2pa_key": here / "nowhere.pem"}, "nowhere.pem"),
        ({"c2pa_certificate": here, "c2pa_key": key}, "folder"),
        ({"c2pa_certificate": chain}, "c2pa_key"),
        ({"c2pa_key": key}, "c2pa_certificate"),
        ({"c2pa_certificate": chain, "c2pa_key": key}, "unstill[c2pa]"),
    ]
    for settings, named in cases:
        if "[c2pa]" in named:
            monkeypatch.setitem(sys.modules, "c2pa", None)
            content_credentials._c2pa.cache_clear()
        house = House(Settings(**settings), entries=[TESTCARD])
        assert run(house, ["generate", str(photo)]) != 0
        assert named in capsys.readouterr().err
        assert all(engine.engine.loads == 0 for engine in house._engines.values())  # type: ignore[attr-defined]
    assert [p.name for p in here.iterdir()] == ["photo.jpg"]
