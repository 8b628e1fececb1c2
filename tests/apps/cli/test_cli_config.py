"""`unstill config`: every setting in force, where it comes from and what it is for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from unstill.settings import PREFIX, Settings


@pytest.fixture
def settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "unstill.toml"
    file.write_text('webm_codec = "av1"\nlang = "en"\nworkers = 2\n')
    monkeypatch.setenv("UNSTILL_CONFIG", str(file))
    monkeypatch.setenv("UNSTILL_WORKERS", "3")
    monkeypatch.setenv("UNSTILL_HOSTS", "a.example,b.example")
    monkeypatch.setenv("UNSTILL_API_KEY", "uns_very-secret")
    return file


def test_every_setting_is_named(cli, settled: Path) -> None:
    """With value, source and purpose, and where the file is."""
    out = cli("config").out
    rows = {line.split()[0]: line for line in out.splitlines() if line}
    assert rows.keys() >= Settings.model_fields.keys()
    assert rows["webm_codec"].split()[1:3] == ["av1", "file"]
    assert rows["workers"].split()[1:3] == ["3", "environment"]
    assert rows["hosts"].split()[1:4] == ["a.example,", "b.example", "environment"]
    assert rows["port"].split()[1:3] == ["7860", "default"]
    assert rows["free_gibibytes"].split()[1] == "2"
    assert rows["workers"].endswith(Settings.model_fields["workers"].description)
    assert f"Settings file: {settled}" in out


def test_secrets_are_hidden(cli, settled: Path) -> None:
    """In every form; whether one is set can be seen."""
    assert "********" in cli("config").out
    assert "very-secret" not in cli("config").text + cli("config", "--json").text


def test_it_speaks_chinese(cli, settled: Path) -> None:
    """And says that the option decided it."""
    out = cli("config", "--lang", "zh").out
    rows = {line.split()[0]: line for line in out.splitlines() if line}
    assert rows["lang"].split()[1:3] == ["zh", "命令行"]
    assert rows["workers"].split()[2] == "环境变量"
    assert rows["webm_codec"].split()[2] == "文件"
    assert rows["port"].split()[2] == "默认"
    assert "CPU 工作进程数" in rows["workers"]


def test_json(cli, settled: Path) -> None:
    """One object, values as they are."""
    told = json.loads(cli("config", "--json").out)
    found = {setting["name"]: setting for setting in told["settings"]}
    assert (told["file"], told["file_exists"]) == (str(settled), True)
    assert list(found) == list(Settings.model_fields)
    assert (found["workers"]["value"], found["workers"]["source"]) == (3, "environment")
    assert found["workers"]["variable"] == f"{PREFIX}WORKERS"
    assert found["hosts"]["value"] == ["a.example", "b.example"]
    assert found["keep_prompt"]["value"] is True
    assert found["api_key"]["value"] == "********"
    assert found["server"]["value"] is None
    assert isinstance(found["data_dir"]["value"], str)
    assert found["lang"]["source"] == "file"


def test_without_a_file(cli) -> None:
    """It says where one would be."""
    assert "unstill.toml (not there)" in cli("config").out
    assert json.loads(cli("config", "--json").out)["file_exists"] is False


def test_a_wrong_setting_is_still_an_error(shell) -> None:
    """Named as everywhere."""
    answer = shell("config", UNSTILL_WORKERS="65")
    assert answer.code == 2
    assert "UNSTILL_WORKERS is 65, which is not a number from 0 to 64, or ray" in answer.err
    assert shell("config", "workers").code == 2
