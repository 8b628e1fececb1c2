"""Settings as a person meets them: a wrong file never blocks, and all are written up."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from unstill.domain.errors import BadSettingsFile
from unstill.settings import NOT_SETTINGS, PREFIX, Settings, load_settings, unknown_variables

DOCUMENT = (Path(__file__).parents[3] / "docs" / "settings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("folder", "it is a folder"),
        ("pipe", "it is not an ordinary file"),
        ("/dev/zero", "it is not an ordinary file"),
        ("gone", "there is no such file"),
        ("nest", "it is not valid TOML"),
        ("large", "it is larger than 1 MiB"),
        ("loop", "the links go in a circle"),
    ],
)
def test_a_settings_file_that_is_none(
    here: Path, monkeypatch: pytest.MonkeyPatch, name: str, reason: str
) -> None:
    """Each is said to be what it is, and none is waited for."""
    (here / "folder").mkdir()
    os.mkfifo(here / "pipe")
    (here / "nest").write_text("a = " + "[" * 20_000)
    (here / "large").write_text("#" * 2_000_000)
    (here / "loop").symlink_to("loop")
    monkeypatch.setenv("UNSTILL_CONFIG", name)
    with pytest.raises(BadSettingsFile, match=reason):
        load_settings()


def test_a_misspelled_variable_is_noticed(shell, photo: Path) -> None:
    """One line with the nearest that there is, and the call goes on."""
    answer = shell("plan", "photo.jpg", "--model", "testcard", "--quiet", UNSTILL_KEEP_PROMT="0")
    assert answer.code == 0
    assert answer.err == (
        "Warning: the environment variable UNSTILL_KEEP_PROMT is no setting of unstill. "
        "Did you mean UNSTILL_KEEP_PROMPT?\n"
    )
    assert shell("--help", UNSTILL_BOGUS="1").err == ""


def test_variables_that_are_known_are_not_mentioned() -> None:
    """Settings in either case, and the two that are none."""
    known = [
        *(PREFIX + field.upper() for field in Settings.model_fields),
        *NOT_SETTINGS,
        "unstill_lang",
        "HOME",
    ]
    assert unknown_variables(dict.fromkeys(known, "1")) == {}
    assert list(unknown_variables({"UNSTILL_BOGUS": "1"})) == ["UNSTILL_BOGUS"]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_written_up(name: str) -> None:
    """With its variable and its default."""
    row = re.search(rf"^\| `{name}` \| `{PREFIX}{name.upper()}` \| (.*?) \|", DOCUMENT, re.MULTILINE)
    assert row, f"docs/settings.md lacks {name}"
    default = Settings.model_fields[name].default
    if isinstance(default, (bool, int, float, str)):
        assert row[1] == f"`{str(default).lower()}`"


def test_nothing_is_written_up_that_is_no_setting() -> None:
    """Nor a variable that is not read."""
    named = set(re.findall(rf"{PREFIX}[A-Z0-9_]+[A-Z0-9]", DOCUMENT))
    assert named == {PREFIX + field.upper() for field in Settings.model_fields} | set(NOT_SETTINGS)
