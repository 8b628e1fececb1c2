"""All that is known of one video, label by label."""

from __future__ import annotations

import time
from collections.abc import Mapping

from unstill.apps.cli import words
from unstill.apps.cli.plan import move_rows, video_line
from unstill.apps.cli.remote.video import Video
from unstill.apps.cli.screen import Screen

MEBIBYTE = 2**20
TOLD_ELSEWHERE = frozenset(
    {"prompt", "negative_prompt", "model", "seed", "num_frames", "fps", "format", "loop", "options"}
)
"""Settings that have a row of their own."""


def rows_of(video: Video, screen: Screen) -> list[tuple[str, str]]:
    """Labels and values, in the order in which they matter."""
    say = screen.say
    rows = [
        (say("id"), video.id),
        (say("state"), say(f"state_{video.state}")),
        *_progress(video, screen),
        (say("model"), say("aside", text=video.text("model"), aside=_kind(video, screen))),
        (say("prompt"), video.text("prompt") or say("no_prompt")),
        (say("negative_prompt"), str(video.part("request").get("negative_prompt") or "")),
        *move_rows(video.part("plan"), screen),
        *_film(video, screen),
        (say("seed"), _whole(video.number("seed"))),
        (say("picture"), _picture(video.part("input"))),
        (say("made_from"), video.text("remixed_from_video_id") or video.text("extended_from_video_id")),
        (say("created"), when(video.number("created_at"))),
        (say("completed_at"), when(video.number("completed_at"))),
        *_file(video.part("output"), screen),
        (say("settings"), _settings(video.part("request"), screen)),
        *_error(video, screen),
    ]
    rows += [(say("notes") if not at else "", text) for at, text in enumerate(video.notes)]
    return [(label, value) for label, value in rows if value]


def _progress(video: Video, screen: Screen) -> list[tuple[str, str]]:
    if video.is_final:
        return []
    stage, left, place = video.text("stage"), video.number("eta_s"), video.number("queue_position")
    waits = "" if place is None else screen.say("queued_at", place=int(place))
    return [
        (screen.say("progress"), f"{video.percent} %"),
        (screen.say("stage"), words.stage(stage, screen.language) if stage else waits),
        (screen.say("left"), "" if left is None else age(left, screen)),
    ]


def _kind(video: Video, screen: Screen) -> str:
    return screen.say("generated_video" if video.raw.get("generative") else "camera_motion")


def _film(video: Video, screen: Screen) -> list[tuple[str, str]]:
    plan = video.part("plan")
    numbers = ("width", "height", "num_frames", "fps")
    if not all(isinstance(plan.get(name), int) and plan[name] > 0 for name in numbers):
        return [(screen.say("video"), video.text("size"))]
    made = {"format": "mp4", "loop": False, **plan}
    return [(screen.say("video"), video_line(made, screen))]


def _picture(picture: Mapping[str, object]) -> str:
    name, wide, high = (str(picture.get(part) or "") for part in ("name", "width", "height"))
    return f"{name} ({wide} x {high})" if wide and high else name


def _file(output: Mapping[str, object], screen: Screen) -> list[tuple[str, str]]:
    size, took = output.get("size_bytes"), output.get("elapsed_s")
    return [
        (screen.say("file"), f"{size / MEBIBYTE:.2f} MiB" if isinstance(size, int) else ""),
        (screen.say("checksum"), str(output.get("sha256") or "")),
        (screen.say("time"), f"{took:.1f} s" if isinstance(took, (int, float)) else ""),
    ]


def _settings(request: Mapping[str, object], screen: Screen) -> str:
    options = request.get("options")
    left = {name: value for name, value in request.items() if name not in TOLD_ELSEWHERE}
    left |= options if isinstance(options, Mapping) else {}
    return screen.say("comma").join(
        f"{name} {words.plain(value, screen.language)}" for name, value in left.items()
    )


def _error(video: Video, screen: Screen) -> list[tuple[str, str]]:
    failure = video.failure
    if failure is None:
        return []
    code = str(failure.to_json()["code"])
    message = screen.say("aside", text=failure.message(screen.language), aside=code)
    return [(screen.say("why"), message), (screen.say("what_to_do"), failure.hint(screen.language))]


def _whole(number: float | None) -> str:
    return "" if number is None else f"{number:.0f}"


def when(at: float | None) -> str:
    """A time by the clock of this computer."""
    if at is None:
        return ""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
    except (ValueError, OverflowError, OSError):
        return "?"


def age(seconds: float, screen: Screen) -> str:
    """A length of time in its largest unit."""
    left = max(0, int(seconds))
    for name, length in (("age_d", 86400), ("age_h", 3600), ("age_min", 60)):
        if left >= 2 * length:
            return screen.say(name, count=left // length)
    return screen.say("age_s", count=left)
