"""Where a job's files lie on the server and on a node: a task's paths there and back."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path, PurePath
from typing import Protocol

from unstill.core.carry_out import small_pictures
from unstill.core.worker import Done, Task
from unstill.domain.errors import FileMissing

OPENER = "unstill.adapters.storage:open_storage"


class Kept(Protocol):
    """What a node needs of `unstill.core.storage.Storage`."""

    root: Path

    def at_hand(self, name: str) -> Path: ...

    def keep(self, names: Sequence[str]) -> None: ...


@dataclass(frozen=True)
class Roots:
    """Where the files are.

    ``server`` is the folder under which a task's paths lie here; ``node`` says where they are found on a
    node: "" under the same path, an absolute path for a shared folder mounted there, or `s3://bucket/prefix`.
    ``opener`` (module:function) makes a storage of that on the node, given the place, the node's own folder
    and ``options``, which are no secrets: keys are the node's own, `UNSTILL_S3_KEY_ID` and
    `UNSTILL_S3_SECRET` or the usual AWS ones.
    """

    server: Path
    node: str = ""
    options: Mapping[str, str] | None = None
    opener: str = OPENER

    def spelled(self) -> list[str]:
        """As plain words for the way to the node."""
        pairs = (f"{name}={value}" for name, value in (self.options or {}).items())
        return [str(self.server), self.node, self.opener, *pairs]


class SharedFolder:
    """A folder that the server and the node see, each under its own path."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def at_hand(self, name: str) -> Path:
        if not (path := self.root / name).is_file():
            raise FileMissing(path=Path(name))
        return path

    def keep(self, names: Sequence[str]) -> None:
        """The worker has made them durable."""


def open_kept(words: Sequence[str], environ: Mapping[str, str] = os.environ) -> tuple[Path, Kept]:
    """On a node: the server's root, and the storage for `Roots.spelled`.

    Raises:
        NotADirectoryError: the shared folder is not there.
        UnstillError: whatever the opener raises.
    """
    server, node, opener, *pairs = words
    if "://" not in node:
        root = Path(node or server)
        if not root.is_dir():
            raise NotADirectoryError(f"the folder {root} is not on this node")
        return Path(server), SharedFolder(root)
    module, _, name = opener.partition(":")
    found: Callable[[str, Path, Mapping[str, str]], Kept] = getattr(import_module(module), name)
    options = {
        "key_id": environ.get("UNSTILL_S3_KEY_ID", ""), "secret": environ.get("UNSTILL_S3_SECRET", ""),
        **dict(pair.split("=", 1) for pair in pairs),
    }  # fmt: skip
    home = environ.get("UNSTILL_DATA_DIR") or str(Path.home() / ".cache" / "unstill")
    return Path(server), found(node, Path(home), options)


class Files:
    """A task's files on the node. ``server`` is the root as the server spells it."""

    def __init__(self, server: Path, kept: Kept) -> None:
        self._server, self._kept = server, kept
        self.far = not isinstance(kept, SharedFolder)
        """Whether files travel before and after the work."""

    def taken(self, task: Task) -> Task:
        """The task with the node's paths; what it starts from is at hand then.

        Raises:
            ValueError: a path outside the server's root.
            UnstillError: a file is missing, or cannot be had.
        """
        target = self._kept.root / self._name(task.target)
        target.parent.mkdir(parents=True, exist_ok=True)
        if task.source is not None:  # an extension of a labelled video starts from its bare end
            with contextlib.suppress(FileMissing):
                self._there(str(small_pictures(Path(task.source)).last_frame))
        return replace(
            task,
            input=self._there(task.input) or "",
            target=str(target),
            source=self._there(task.source),
            last_input=self._there(task.last_input),
        )

    def given(self, done: Done) -> Done:
        """Keep what was made; the message with the server's paths.

        Raises:
            ValueError: a path outside the node's root.
            UnstillError: it could not be kept.
        """
        made = [done.thumbnail, done.spritesheet, done.last_frame, done.path]
        self._kept.keep([self._made(path) for path in made if path is not None])
        return replace(
            done,
            path=self._back(done.path) or "",
            thumbnail=self._back(done.thumbnail),
            spritesheet=self._back(done.spritesheet),
            last_frame=self._back(done.last_frame),
        )

    def _name(self, path: str) -> str:
        return _below(path, self._server)

    def _made(self, path: str) -> str:
        return _below(path, self._kept.root)

    def _there(self, path: str | None) -> str | None:
        return None if path is None else str(self._kept.at_hand(self._name(path)))

    def _back(self, path: str | None) -> str | None:
        return None if path is None else str(self._server / self._made(path))


def _below(path: str, root: Path) -> str:
    name = PurePath(path).relative_to(root)
    if ".." in name.parts:
        raise ValueError("a path that leaves its root")
    return name.as_posix()
