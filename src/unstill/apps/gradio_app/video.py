"""One video of a server, from the request to the file, told as it goes."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unstill.apps.cli import words as cli_words
from unstill.apps.cli.remote.client import Remote
from unstill.apps.cli.remote.download import copy, declared
from unstill.apps.cli.remote.patience import Patience
from unstill.apps.cli.remote.submit import read_picture, submit
from unstill.apps.cli.remote.video import Video, look, path_of
from unstill.apps.gradio_app.words import say
from unstill.core.making import Like, request_of
from unstill.domain.errors import Language, UnstillError

TRIES = 60
"""Looks that a server may miss in a row, as while it is started again."""


@dataclass(frozen=True)
class News:
    """How a video stands: words for the person, how far it is (0 to 1), and the file once there is one."""

    text: str
    done: float
    id: str = ""
    file: Path | None = None


def make(
    remote: Remote, picture: Path, fields: Mapping[str, Any], most_mebibytes: float,
    language: Language,
) -> Iterator[News]:  # fmt: skip
    """News until the file is there, which is removed when the caller goes on: Gradio copies what lies outside
    its own folder, and looks after the copy.

    Raises:
        UnstillError: what `submit` and `look` raise, or why there is no video.
    """
    request = request_of(fields, Like({}))
    yield News(say("sending", language), 0.0)
    video = submit(remote, request, read_picture(picture, most_mebibytes), _nothing, _nothing)
    patience = Patience(remote, None, _nothing, tries=TRIES)
    while not video.is_final:
        yield News(_told(video, language), video.percent / 100, video.id)
        time.sleep(video.poll_s)
        try:
            video = look(remote, video.id)
            patience.calm()
        except UnstillError as error:
            yield News(say("away", language), video.percent / 100, video.id)
            patience.bear(error)
    if video.failure is not None:
        raise video.failure
    with tempfile.TemporaryDirectory(prefix="unstill-gradio-made-") as place:
        file = Path(place) / f"{video.id}.mp4"
        with file.open("wb") as out, remote.open("GET", f"{path_of(video.id)}/content") as response:
            copy(response, out, declared(response), remote, lambda _piece, _count: None)
        yield News(_summary(video, language), 1.0, video.id, file)


def _nothing() -> None:
    return


def _told(video: Video, language: Language) -> str:
    if video.state == "queued":
        place = video.number("queue_position")
        facts = {} if place is None else {"place": int(place)}
        return cli_words.say("queued_at" if facts else "queued", language, **facts)
    text, left = cli_words.stage(video.text("stage") or "start", language), video.number("eta_s")
    if left is None:
        return say("going", language, text=text, percent=video.percent)
    return say("left", language, text=text, percent=video.percent, seconds=max(1, round(left)))


def _summary(video: Video, language: Language) -> str:
    """What it is, and what was changed on the way; the server words both."""
    kind = (
        ""
        if not video.raw.get("generative")
        else cli_words.say("generated", language, model=video.text("model"))
    )
    seed = video.number("seed")
    lines = [kind, *video.notes, "" if seed is None else say("seed_was", language, seed=int(seed))]
    return "\n".join(line for line in lines if line)
