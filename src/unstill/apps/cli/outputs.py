"""Where videos go, under which names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from unstill.core.durable import refuse_existing
from unstill.core.making import format_of
from unstill.domain.errors import (
    EmptyName,
    FormatConflict,
    OutputIsPicture,
    OutputToStdout,
    SeveralPicturesOneOutput,
)


@dataclass(frozen=True)
class Place:
    """The name of one video. ``number`` means: or the next free one like it."""

    path: Path
    replace: bool
    number: bool


@dataclass
class Outputs:
    """What -o, --format and --force amount to for all pictures of one call."""

    folder: Path
    file: Path | None
    """The very file, when -o named one."""
    format: str | None
    """What the file's ending or --format asks for."""
    force: bool
    pictures: Sequence[Path]
    posters: bool = False
    taken: set[str] = field(default_factory=set)
    """Files that this call has made."""

    @classmethod
    def of(cls, asked: str | None, kind: str | None, force: bool, pictures: Sequence[Path]) -> Outputs:
        """Understand -o: nothing, a folder (it exists, or ends with a slash), or a file.

        Raises:
            UnknownFormat, FormatConflict: about the ending.
            SeveralPicturesOneOutput: one file for several pictures.
            EmptyName, OutputToStdout: no file's name.
        """
        if asked is None:
            return cls(Path(), None, kind, force, pictures)
        if not asked:
            raise EmptyName(what="output", what_zh="输出文件")
        if asked == "-":
            raise OutputToStdout()
        path = Path(asked)
        if os.path.isdir(path) or asked.endswith(_SEPARATORS):
            return cls(path, None, kind, force, pictures)
        if len(pictures) > 1:
            if path.suffix or os.path.lexists(path):
                raise SeveralPicturesOneOutput(count=len(pictures), path=path)
            return cls(path, None, kind, force, pictures)
        by_name = format_of(path)
        if by_name and kind and by_name != kind:
            raise FormatConflict(param="format", path=path, suffix=path.suffix, format=kind)
        return cls(path.parent, path, by_name or kind, force, pictures)

    def check(self) -> None:
        """Say no to a file that is there before any work. Raises `OutputExists`, `OutputIsPicture`."""
        if self.file is not None:
            self._refuse_picture(self.file)
            refuse_existing(self.file, self.force)
            if self.file.suffix:
                self._check_poster(self.file)

    def _check_poster(self, video: Path) -> None:
        """A poster's name follows from the one that was asked for; to replace what has it may be wrong."""
        if self.posters and self.force:
            path = poster_of(video)
            self._refuse_picture(path)
            refuse_existing(path, self.force)

    def place(self, picture: Path, kind: str) -> Place:
        """The name of one picture's video in format ``kind``.

        A name of our choosing never replaces a picture or another clip of this call, --force or not.
        """
        if self.file is not None:
            path = self.file if self.file.suffix else self.file.with_name(f"{self.file.name}.{kind}")
            self._refuse_picture(path)
            refuse_existing(path, self.force)
            self._check_poster(path)
            return Place(path, self.force, False)
        return self._of_our_choosing(self.folder / f"{picture.stem}.{kind}")

    def poster(self, video: Path) -> Place:
        """The name of a finished video's poster."""
        return self._of_our_choosing(poster_of(video))

    def took(self, path: Path) -> None:
        """A file was made: nothing in this call replaces it."""
        self.taken.add(os.path.realpath(path))

    def _of_our_choosing(self, path: Path) -> Place:
        ours = os.path.realpath(path) in self.taken
        replace = self.force and not ours and not self._is_picture(path) and not os.path.isdir(path)
        return Place(path, replace, not replace)

    def _refuse_picture(self, path: Path) -> None:
        if self._is_picture(path):
            raise OutputIsPicture(path=path)

    def _is_picture(self, path: Path) -> bool:
        return any(_same(path, picture) for picture in self.pictures)


def poster_of(video: Path) -> Path:
    """clip-poster.jpg for clip.mp4, clip.webm-poster.jpg for clip.webm: posters of two formats are two."""
    name = video.stem if video.suffix.lower() == ".mp4" else video.name
    return video.with_name(f"{name}-poster.jpg")


def _same(one: Path, other: Path) -> bool:
    """Whether two names lead to one file, by links or otherwise."""
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):  # one of them is not there
        return False


_SEPARATORS = tuple({"/", os.sep, os.altsep or os.sep})
