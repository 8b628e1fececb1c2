"""`unstill generate --server`: the same call, its work done by a server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unstill.apps.cli import words
from unstill.apps.cli.batch import each
from unstill.apps.cli.call import Call
from unstill.apps.cli.generate import Wish, write_poster
from unstill.apps.cli.inputs import Inputs, sort_words
from unstill.apps.cli.jobs import kind_of
from unstill.apps.cli.outputs import Outputs
from unstill.apps.cli.progress import Show, shown
from unstill.apps.cli.remote.client import Remote
from unstill.apps.cli.remote.download import download
from unstill.apps.cli.remote.errors import NotDetached, NotWithServer
from unstill.apps.cli.remote.follow import follow
from unstill.apps.cli.remote.submit import plan, read_picture, submit
from unstill.apps.cli.remote.video import Video, act
from unstill.apps.cli.stopping import Stopped
from unstill.core.durable import beside, file_errors
from unstill.core.loras import only_names
from unstill.core.making import TOLD, like, request_of
from unstill.core.metadata import read_settings
from unstill.domain.errors import Cancelled, Language, UnstillError
from unstill.domain.notes import WARNINGS, Note
from unstill.domain.request import FORMATS, VideoRequest
from unstill.settings import load_settings

USUAL = (1024, 1024)
"""A picture's size for checking settings that no picture can make right."""


def generate(
    call: Call,
    named: Sequence[str],
    fields: Mapping[str, Any],
    wish: Wish,
    server: str | None,
    *,
    detach: bool = False,
) -> int:
    """The command; its exit code. One picture's failure does not stop the others."""
    if wish.leave_out_prompt:
        raise NotWithServer(option="--leave-out-prompt")
    for option, given in (("-o", wish.output), ("--poster", wish.poster), ("--force", wish.force)):
        if detach and given:
            raise NotDetached(option=option)
    inputs = sort_words(named, fields.get("prompt"))
    outputs = Outputs.of(wish.output, fields.get("format"), wish.force, inputs.pictures)
    outputs.posters = wish.poster
    earlier = like(wish.like, call.services)
    request = request_of({**fields, "prompt": inputs.prompt, "format": outputs.format}, earlier)
    only_names(request)
    for note in earlier.notes:
        call.screen.talk(note.text(call.screen.language))
    settings = load_settings()
    most, end = settings.max_picture_mebibytes, request.last_image
    last = None if end is None else read_picture(end, most)
    with Remote(server, settings, call.screen.language) as remote:
        kind = plan(remote, request, USUAL).get("format")  # what is wrong with all is said once
        outputs.check()
        usual = kind if kind in FORMATS else "mp4"
        job = _Job(call, remote, inputs, outputs, request, wish, usual, most, detach, last)
        code = each(call, inputs, job.one)
        if detach and not code:
            call.screen.talk(call.screen.say("submitted", url=remote.place.url))
        return code


@dataclass
class _Job:
    """What all pictures of one call share."""

    call: Call
    remote: Remote
    inputs: Inputs
    outputs: Outputs
    request: VideoRequest
    wish: Wish
    kind: str
    """The format that the server writes for this request."""
    most_mebibytes: float
    """Of a picture."""
    detach: bool
    last: tuple[bytes, str] | None = None
    """The picture for the last frame: its bytes and name."""
    introduced: bool = False

    def one(self, picture: Path, number: int) -> dict[str, Any]:
        """One picture's video, made there and fetched, or only asked for; its part of the JSON."""
        screen, count = self.call.screen, len(self.inputs.pictures)
        title = f"[{number}/{count}] {picture.name}" if count > 1 else picture.name
        with shown(screen, title) as show:
            show("upload", 0, 1)
            if self.detach:
                video, made = self._submitted(picture), None
            else:
                with _can_be_written(self.outputs.place(picture, self.kind).path):
                    video = self._submitted(picture)
                    made = self._fetched(picture, video, show)
        return self._tell(*made) if made else self._handed_over(video)

    def _fetched(self, picture: Path, video: Video, show: Show) -> tuple[Video, Path]:
        """The settled video, and its file here."""
        screen = self.call.screen
        with self._cancelling(video):
            video = follow(self.remote, video, screen, show)
        if video.failure is not None:
            raise video.failure
        with self._keeping(video):
            place = self.outputs.place(picture, kind_of(video))
            path = download(self.remote, video, place, self.call.services, screen, show)
        self.call.written += 1
        self.outputs.took(path)
        return video, path

    def _submitted(self, picture: Path) -> Video:
        """A first signal waits until the server has answered: then it is known what to cancel."""
        screen, stop, content = self.call.screen, self.call.stop, read_picture(picture, self.most_mebibytes)
        with stop.at_next_tick():
            video = submit(
                self.remote, self.request, content,
                lambda: screen.talk(screen.say("waits_for_server", url=self.remote.place.url)),
                stop.check, self.last,
            )  # fmt: skip
        with self._cancelling(video):
            stop.check()
        return video

    @contextlib.contextmanager
    def _cancelling(self, video: Video) -> Iterator[None]:
        """A call that is stopped stops its video, too, as far as that goes."""
        try:
            yield
        except (Stopped, Cancelled):
            try:
                act(self.remote, video.id, "cancel")
            except UnstillError:
                self.call.screen.warn(self.call.screen.say("goes_on_there", id=video.id))
            else:
                self.call.screen.warn(self.call.screen.say("cancelled_there", id=video.id))
            raise

    @contextlib.contextmanager
    def _keeping(self, video: Video) -> Iterator[None]:
        """Whatever goes wrong now, the work is not lost."""
        try:
            yield
        except (Exception, Stopped):
            self.call.screen.warn(self.call.screen.say("kept_there", id=video.id))
            raise

    def _handed_over(self, video: Video) -> dict[str, Any]:
        if not self.call.screen.json:
            self.call.screen.out(video.id)
        return {
            "id": video.id,
            "state": video.state,
            "model": video.text("model"),
            "server": self.remote.place.url,
        }

    def _tell(self, video: Video, path: Path) -> dict[str, Any]:
        screen, told = self.call.screen, self._report(video, path)
        self._introduce(video)
        facts = {name: told[name] for name in ("width", "height", "num_frames", "fps")}
        if all(isinstance(value, int) and value > 0 for value in facts.values()):
            seconds = words.seconds(facts["num_frames"] / facts["fps"])
            screen.talk(screen.say("made", **facts, seconds=seconds, elapsed=f"{told['elapsed_s'] or 0:.1f}"))
        for note in _remarks(video, screen.language):
            (screen.warn if note in _texts(WARNINGS, screen.language) else screen.talk)(note)
        self._mention_words(path)
        if not screen.json:
            screen.out_path(told["path"])
        if self.wish.poster:
            told["poster"] = str(write_poster(self.call, self.outputs, path))
            if not screen.json:
                screen.talk(told["poster"])
        return told

    def _report(self, video: Video, path: Path) -> dict[str, Any]:
        """What `unstill generate --json` says, as far as the server does."""
        plan, output = video.part("plan"), video.part("output")
        names = ("width", "height", "num_frames", "fps", "seconds", "seed", "loop", "format", *TOLD)
        elapsed = output.get("elapsed_s")
        return {
            "path": str(path),
            "id": video.id,
            "model": video.text("model"),
            "generative": bool(video.raw.get("generative")),
            "kind": video.text("kind"),
            **{name: plan.get(name) for name in names if name in plan or name not in TOLD},
            "sound": video.raw.get("sound") is True,
            "elapsed_s": elapsed if isinstance(elapsed, (int, float)) else None,
            "peak_bytes": output.get("peak_bytes"),
            "notes": video.notes,
            "server": self.remote.place.url,
        }

    def _introduce(self, video: Video) -> None:
        """What kind of video this is, once a call."""
        if self.introduced:
            return
        self.introduced = True
        screen = self.call.screen
        generative = bool(video.raw.get("generative"))
        motion = Note("camera_motion").text(screen.language)
        screen.talk(screen.say("generated", model=video.text("model")) if generative else motion)

    def _mention_words(self, path: Path) -> None:
        """Where the setting here says that files carry no words: the server has a setting of its own."""
        if self.call.services.keep_prompt:
            return
        found = read_settings(self.call.services.metadata(path)) or {}
        if found.get("request", {}).get("prompt") and not found.get("prompt_left_out"):
            self.call.screen.warn(self.call.screen.say("words_kept"))


@contextlib.contextmanager
def _can_be_written(target: Path) -> Iterator[None]:
    """A folder that takes no file is said before the work. One that is made for it goes with a failure."""
    with beside(target) as partial:
        with file_errors(target):
            partial.touch()
            partial.unlink()
        yield


def _texts(codes: Sequence[str] | frozenset[str], language: Language) -> list[str]:
    return [Note(code).text(language) for code in codes]


def _remarks(video: Video, language: Language) -> list[str]:
    """The server words notes in our language; what kind of video this is was said before."""
    return [note for note in video.notes if note not in _texts(("camera_motion",), language)]
