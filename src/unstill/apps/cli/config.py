"""`unstill config`: every setting in force, where it comes from and what it is for."""

from __future__ import annotations

from pathlib import Path

from unstill.apps.cli.call import Call
from unstill.apps.cli.columns import lines
from unstill.apps.cli.screen import Screen
from unstill.settings import HIDDEN, PREFIX, SECRET, Described, config_path, described, load_settings


def config(call: Call, lang: str | None) -> int:
    """The command; its exit code."""
    screen, flags = call.screen, {"lang": lang}
    found = described(load_settings(flags), screen.language, flags)
    path = config_path()
    if screen.json:
        told = [_told(setting) for setting in found]
        screen.out_json({"file": str(path), "file_exists": path.is_file(), "settings": told})
        call.answered = True
        return 0
    heads = [screen.say(head) for head in ("name", "value", "source", "purpose")]
    for line in lines([heads, *(_row(setting, screen) for setting in found)]):
        screen.out(line)
    screen.out("")
    screen.out(screen.say("settings_file" if path.is_file() else "no_settings_file", path=path))
    return 0


def _row(setting: Described, screen: Screen) -> list[str]:
    value = _shown(setting)
    if value is None or value == []:
        text = screen.say("unset")
    elif isinstance(value, bool):
        text = screen.say("true" if value else "false")
    elif isinstance(value, float):
        text = f"{value:g}"
    else:
        text = ", ".join(value) if isinstance(value, list) else str(value)
    return [setting.name, text, screen.say(f"from_{setting.source}"), setting.about]


def _told(setting: Described) -> dict[str, object]:
    return {
        "name": setting.name,
        "value": _shown(setting),
        "source": setting.source,
        "variable": PREFIX + setting.name.upper(),
        "about": setting.about,
    }


def _shown(setting: Described) -> object:
    """A value as it may be seen: secrets never are."""
    value = setting.value
    if setting.name in SECRET:
        return None if value is None else HIDDEN
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value
