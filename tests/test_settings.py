"""Settings come from the environment, then a file; a wrong one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from unstill.domain.errors import BadSetting, BadSettingsFile, UnknownSetting
from unstill.settings import config_path, load_settings


def test_defaults(own_folders: Path) -> None:
    """Nothing set, nothing needed."""
    settings = load_settings()
    assert settings.lang is None
    assert settings.keep_prompt
    assert settings.webm_codec == "vp9"
    assert (settings.max_picture_megapixels, settings.max_picture_side) == (40, 8192)


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the file before the defaults; an empty variable is none."""
    file = tmp_path / "mine.toml"
    file.write_text('lang = "zh"\nkeep_prompt = false\nwebm_codec = "av1"\n', encoding="utf-8")
    monkeypatch.setenv("UNSTILL_CONFIG", str(file))
    monkeypatch.setenv("UNSTILL_LANG", "en")
    monkeypatch.setenv("UNSTILL_WEBM_CODEC", "")
    settings = load_settings()
    assert (settings.lang, settings.keep_prompt, settings.webm_codec) == ("en", False, "av1")


def test_the_file_lies_where_the_system_keeps_such_files(own_folders: Path) -> None:
    """In the person's own configuration folder."""
    path = config_path()
    assert path.name == "unstill.toml"
    assert path.is_relative_to(own_folders)
    path.parent.mkdir(parents=True)
    path.write_text("keep_prompt = false")
    assert load_settings().keep_prompt is False


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("UNSTILL_LANG", "fr", "'en' or 'zh'"),
        ("UNSTILL_KEEP_PROMPT", "perhaps", "true or false"),
        ("UNSTILL_MAX_PICTURE_SIDE", "9000", "at most 8192"),
        ("UNSTILL_MAX_PICTURE_SIDE", "big", "a whole number"),
        ("UNSTILL_MAX_PICTURE_MEGAPIXELS", "0", "more than 0"),
        ("UNSTILL_REGION", "XX", "code of a country"),
        ("UNSTILL_REGION", "Germany", "code of a country"),
        ("UNSTILL_REWRITE_URL", "http://[::1", "an address"),
        ("UNSTILL_REWRITE_URL", "http://127.0.0.1:99999/v1", "an address"),
        ("UNSTILL_HF_ENDPOINT", "https://mirror.example:x", "an address"),
        ("UNSTILL_MAX_PICTURE_MEBIBYTES", "many", "a number"),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str) -> None:
    """With what it should be and where it stands."""
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting) as caught:
        load_settings()
    assert f"{name} is {value}, which is not" in caught.value.message()
    assert says in caught.value.message()
    assert "the environment" in caught.value.hint()
    assert "环境变量" in caught.value.hint("zh")


@pytest.mark.parametrize(
    ("given", "code"), [("UK", "GB"), ("uk", "GB"), ("EU", "EU"), ("de", "DE"), ("cn", "CN")]
)
def test_a_region_is_a_code(monkeypatch: pytest.MonkeyPatch, given: str, code: str) -> None:
    """As ISO 3166 has it; what people write besides is understood."""
    monkeypatch.setenv("UNSTILL_REGION", given)
    assert load_settings().region == code


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UNSTILL_REWRITE_URL", "http://ann:hunter2@model.example/v1"),
        ("UNSTILL_REWRITE_URL", "http://model.example/v1?key=hunter2"),
        ("UNSTILL_REWRITE_URL", "http://ann:hun@hunter2#x"),
        ("UNSTILL_HF_ENDPOINT", "https://hunter2@mirror.example"),
        ("UNSTILL_REWRITE_KEY", "hunter2-é"),
        ("UNSTILL_REWRITE_KEY", "hunter2-钥匙"),
        ("UNSTILL_REWRITE_KEY", "hunter2\n"),
    ],
)
def test_secrets_of_a_refused_value_are_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Who is named in an address, its query, and keys that no header can carry."""
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting, match=name) as caught:
        load_settings()
    said = caught.value.message() + caught.value.message("zh") + caught.value.hint() + str(caught.value.facts)
    assert "hunter2" not in said


def test_a_wrong_entry_of_the_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the file's path; a misspelled one lists what there is."""
    file = tmp_path / "mine.toml"
    monkeypatch.setenv("UNSTILL_CONFIG", str(file))
    file.write_text('lang = "fr"')
    with pytest.raises(BadSetting, match="lang is fr") as caught:
        load_settings()
    assert str(file) in caught.value.hint()
    file.write_text('langage = "en"')
    with pytest.raises(UnknownSetting, match="langage") as unknown:
        load_settings()
    assert "keep_prompt" in unknown.value.hint()


@pytest.mark.parametrize("content", [b"lang = ", b"\xff\xfe", None])
def test_a_file_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    """Broken, no text, or not there."""
    file = tmp_path / "mine.toml"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("UNSTILL_CONFIG", str(file))
    with pytest.raises(BadSettingsFile, match="cannot be read"):
        load_settings()
