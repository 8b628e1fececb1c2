"""`unstill jobs`: the videos of a server, looked at and settled."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from unstill.apps.cli.call import Call
from unstill.apps.cli.columns import lines
from unstill.apps.cli.job_rows import age, rows_of
from unstill.apps.cli.outputs import Outputs
from unstill.apps.cli.progress import shown
from unstill.apps.cli.remote.client import Remote
from unstill.apps.cli.remote.download import download as fetch
from unstill.apps.cli.remote.errors import WaitStopped
from unstill.apps.cli.remote.follow import follow
from unstill.apps.cli.remote.place import asked_for
from unstill.apps.cli.remote.video import STATES, Video, act, listed, look, path_of
from unstill.apps.cli.stopping import Stopped
from unstill.domain.errors import FormatConflict, InvalidField, NotAChoice
from unstill.domain.job import state_words
from unstill.domain.request import FORMATS
from unstill.domain.service_errors import NotReady
from unstill.settings import load_settings

USUAL = 20
"""Videos in a list, unless told otherwise."""
PROMPT_COLUMNS = 100
"""Columns of a line where nobody looks at it."""


@dataclass(frozen=True)
class Where:
    """Which server was asked for."""

    server: str | None = None
    data_dir: str | None = None

    def remote(self, call: Call) -> Remote:
        """Raises `BadAddress`, `NoServerHere`, `BadSetting`."""
        settings = load_settings({"data_dir": self.data_dir})
        asked = asked_for(self.server, self.data_dir)
        return Remote(asked, settings, call.screen.language)


def list_jobs(call: Call, where: Where, states: str | None, limit: str | None, everything: bool) -> int:
    """`unstill jobs list`; its exit code."""
    wanted, most = _states(states), None if everything else _count(limit)
    with where.remote(call) as remote:
        found, more = listed(remote, wanted, most)
    screen = call.screen
    if screen.json:
        screen.out_json([video.raw for video in found])
        call.answered = True
        return 0
    if not found:
        screen.talk(screen.say("no_jobs"))
        return 0
    heads = [screen.say(name) for name in ("id", "state", "progress", "age", "model", "prompt")]
    now = time.time()
    rows = [
        [v.id, screen.say(f"state_{v.state}"), f"{v.percent} %",
         age(now - (v.number("created_at") or now), screen), v.text("model"), v.text("prompt")]
        for v in found
    ]  # fmt: skip
    wide = shutil.get_terminal_size().columns if sys.stdout.isatty() else PROMPT_COLUMNS
    for line in lines([heads, *rows], wide):
        screen.out(line)
    if more:
        screen.talk(screen.say("more_jobs"))
    return 0


def show_job(call: Call, where: Where, video_id: str) -> int:
    """`unstill jobs show ID`."""
    return _told(call, where, lambda remote: look(remote, video_id), in_full=True)


def cancel_job(call: Call, where: Where, video_id: str) -> int:
    """`unstill jobs cancel ID`. One in progress is cancelled at its next step."""
    with where.remote(call) as remote:
        video = act(remote, video_id, "cancel")
    _say(call, video)
    if not video.is_final:
        call.screen.talk(call.screen.say("cancel_asked"))
    return 0


def restore_job(call: Call, where: Where, video_id: str) -> int:
    """`unstill jobs restore ID`."""
    return _told(call, where, lambda remote: act(remote, video_id, "restore"))


def delete_job(call: Call, where: Where, video_id: str) -> int:
    """`unstill jobs delete ID`."""
    screen = call.screen
    with where.remote(call) as remote:
        reply = remote.delete(path_of(video_id)).body
    if screen.json:
        screen.out_json(reply)
        call.answered = True
    else:
        screen.out(f"{video_id}  {screen.say('state_deleted')}")
        screen.talk(screen.say("how_to_restore", id=video_id))
    return 0


def wait_for_job(call: Call, where: Where, video_id: str, timeout: str | None) -> int:
    """`unstill jobs wait ID`: 0 for a finished video, else the exit code of its failure."""
    seconds, screen = _seconds(timeout), call.screen
    with where.remote(call) as remote:
        video = look(remote, video_id)
        with _staying(video_id), shown(screen, video_id) as show:
            video = follow(remote, video, screen, show, seconds)
    _refuse_failed(video)
    _say(call, video)
    screen.talk(screen.say("how_to_download", id=video.id))
    return 0


def download_job(call: Call, where: Where, video_id: str, output: str | None, force: bool) -> int:
    """`unstill jobs download ID`: the file, under the name that `generate` would give it."""
    screen = call.screen
    with where.remote(call) as remote:
        video = look(remote, video_id)
        _refuse_failed(video)
        if not video.is_final:
            raise NotReady(id=video.id, **state_words(video.state))
        kind = kind_of(video)
        named = Path(safe_name(video))
        outputs = Outputs.of(output, None, force, [named])
        if outputs.format and outputs.format != kind:
            assert outputs.file is not None
            suffix = outputs.file.suffix
            raise FormatConflict(param="format", path=outputs.file, suffix=suffix, format=kind)
        with shown(screen, video.id) as show:
            path = fetch(remote, video, outputs.place(named, kind), call.services, screen, show)
    call.written += 1
    if screen.json:
        screen.out_json({"id": video.id, "path": str(path), "bytes": path.stat().st_size})
        call.answered = True
    else:
        screen.out_path(str(path))
    return 0


def kind_of(video: Video) -> str:
    """The format of a video's file, one that we know."""
    told = video.part("output").get("format") or video.part("plan").get("format")
    return told if told in FORMATS else "mp4"


def safe_name(video: Video) -> str:
    """The picture's name as the server has it, where it can be a file's name here; else the video's id."""
    told = str(video.part("input").get("name") or "").replace("\\", "/").rpartition("/")[2]
    plain = "".join(c for c in told if c.isprintable() and c not in '<>:"|?*').strip(" .")
    return plain if Path(plain).stem.strip(" .") and len(plain.encode()) <= 200 else video.id


def _told(call: Call, where: Where, ask: Callable[[Remote], Video], *, in_full: bool = False) -> int:
    with where.remote(call) as remote:
        video = ask(remote)
    _say(call, video, in_full=in_full)
    return 0


def _say(call: Call, video: Video, *, in_full: bool = False) -> None:
    screen = call.screen
    if screen.json:
        screen.out_json(video.raw)
        call.answered = True
    elif in_full:
        screen.table(rows_of(video, screen))
    else:
        screen.out(f"{video.id}  {screen.say('state_' + video.state)}")


def _refuse_failed(video: Video) -> None:
    if video.failure is not None:
        raise video.failure


class _staying(AbstractContextManager[None]):  # noqa: N801 used as a function
    """Ctrl-C ends the waiting, not the work."""

    def __init__(self, video_id: str) -> None:
        self._id = video_id

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Stopped):
            raise WaitStopped(id=self._id) from error


def _states(text: str | None) -> tuple[str, ...]:
    """States with commas between them. Raises `NotAChoice`."""
    wanted = tuple(word.strip().replace("-", "_") for word in (text or "").split(",") if word.strip())
    for word in wanted:
        if word not in STATES:
            raise NotAChoice(param="--state", value=repr(word)[:80], choices=", ".join(STATES))
    return wanted


def _count(text: str | None) -> int:
    if text is None:
        return USUAL
    if not (text.isascii() and text.isdigit() and 0 < int(text[:10]) < 10**9 and len(text) < 10):
        raise InvalidField(
            param="--limit", value=repr(text)[:80], expected="a number of videos, 1 or more",
            expected_zh="大于 0 的整数",
        )  # fmt: skip
    return int(text)


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e9:
        raise InvalidField(
            param="--timeout", value=repr(text)[:80], expected="a number of seconds", expected_zh="秒数"
        )
    return seconds
