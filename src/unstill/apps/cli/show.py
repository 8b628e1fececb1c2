"""`unstill show`: what a video of ours says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unstill.apps.cli.call import Call
from unstill.apps.cli.plan import move_rows, settings_rows, video_line
from unstill.apps.cli.screen import Screen
from unstill.core.making import settings_among
from unstill.core.metadata import LABEL_KEY, read_label
from unstill.domain.errors import EmptyName
from unstill.domain.notes import Note


def show(call: Call, file: str) -> int:
    """The command; its exit code."""
    if not file:
        raise EmptyName(what="file", what_zh="文件")
    path = Path(file)
    entries = call.services.metadata(path)
    found, label = settings_among(entries, path), read_label(entries)
    if call.screen.json:
        call.screen.out_json({"path": str(path), **found, "label": label})
        call.answered = True
    else:
        call.screen.table(_rows(found, label, call.screen))
    return 0


def _rows(found: Mapping[str, Any], label: Mapping[str, Any] | None, screen: Screen) -> list[tuple[str, str]]:
    say, request = screen.say, found["request"]
    kind = say("generated_video" if found.get("generative") else "camera_motion")
    unsaid = say("left_out") if found.get("prompt_left_out") else say("no_prompt")
    rows = [
        (say("kind"), kind),
        (say("prompt"), str(request.get("prompt") or unsaid)),
        (say("model"), str(found.get("model", "?"))),
        *move_rows(found.get("details") or {}, screen),
    ]
    if all(name in found for name in ("width", "height", "num_frames", "fps")):
        made = {**found, "format": request.get("format", "?"), "loop": request.get("loop")}
        rows.append((say("video"), video_line(made, screen)))
    rows += settings_rows(request, found.get("details") or {}, screen)
    rows += [
        (say("seed"), str(request.get("seed", "?"))),
        (say("picture"), str(found.get("picture", "?"))),
        *([(say("last_picture"), str(found["last_picture"]))] if found.get("last_picture") else []),
        (say("made_by"), f"unstill {found.get('version', '?')}"),
        (say("id"), str(found.get("id", "?"))),
        (say("licence"), str(found.get("licence", "?"))),
    ]
    if label:
        rows.append((say("label"), f"{LABEL_KEY}: {label.get('ContentProducer', '?')}"))
    if found.get("unusable"):
        rows.append((say("damaged"), ", ".join(found["unusable"])))
    return rows + _notes(found, screen)


def _notes(found: Mapping[str, Any], screen: Screen) -> list[tuple[str, str]]:
    """Notes in this reader's language; a file of another version may hold what this one cannot word."""
    rows: list[tuple[str, str]] = []
    for told in found.get("notes") or []:
        if isinstance(told, dict) and told.get("code") != "camera_motion":
            try:
                text = Note(str(told.get("code")), told.get("facts") or {}).text(screen.language)
            except KeyError:
                text = str(told.get("code"))
            rows.append((screen.say("notes") if not rows else "", text))
    return rows
