"""A video until it is settled, through restarts of its server."""

from __future__ import annotations

import time

from unstill.apps.cli.progress import Show
from unstill.apps.cli.remote.client import Remote
from unstill.apps.cli.remote.errors import WaitedTooLong
from unstill.apps.cli.remote.patience import Patience
from unstill.apps.cli.remote.video import Video, look
from unstill.apps.cli.screen import Screen
from unstill.domain.errors import UnstillError


def follow(remote: Remote, video: Video, screen: Screen, show: Show, timeout_s: float | None = None) -> Video:
    """The settled video. A server that goes away is waited for, by default as long as it takes.

    Raises:
        WaitedTooLong: it was not settled within ``timeout_s``.
        UnstillError: what `look` raises, where another look would not help.
    """
    until = None if timeout_s is None else time.monotonic() + timeout_s

    def at_loss() -> None:
        screen.talk(screen.say("waits_for_server", url=remote.place.url))
        show(screen.say("server_away"), 0, 1)

    patience = Patience(remote, until, at_loss)
    while not video.is_final:
        _show(video, screen, show)
        left = video.poll_s if until is None else until - time.monotonic()
        if left <= 0:
            raise WaitedTooLong(id=video.id, seconds=f"{timeout_s:g}")
        time.sleep(min(video.poll_s, left))
        try:
            video = look(remote, video.id)
            patience.calm()
        except UnstillError as error:
            patience.bear(error)
    return video


def _show(video: Video, screen: Screen, show: Show) -> None:
    if video.state == "queued":
        place = video.number("queue_position")
        waits = screen.say("queued") if place is None else screen.say("queued_at", place=int(place))
        show(waits, 0, 1)
    else:
        show(video.text("stage") or "start", video.percent, 100)
