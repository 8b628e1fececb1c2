"""Where videos go, under which names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from unstill.core.durable import refuse_existing
from unstill.core.making import format_of
from unstill.domain.errors import FormatConflict, OutputIsPicture, SeveralPicturesOneOutput


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
    taken: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, asked: str | None, kind: str | None, force: bool, pictures: Sequence[Path]) -> Outputs:
        """Understand -o: nothing, a folder (it exists, or ends with a slash), or a file.

        Raises:
            UnknownFormat, FormatConflict: about the ending.
            SeveralPicturesOneOutput: one file for several pictures.
        """
        if asked is None:
            return cls(Path(), None, kind, force, pictures)
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

    def place(self, picture: Path, kind: str) -> Place:
        """The name of one picture's video in format ``kind``.

        A name of our choosing never replaces a picture or another clip of this call, --force or not.
        """
        if self.file is not None:
            path = self.file if self.file.suffix else self.file.with_name(f"{self.file.name}.{kind}")
            self._refuse_picture(path)
            refuse_existing(path, self.force)
            return Place(path, self.force, False)
        path = self.folder / f"{picture.stem}.{kind}"
        replace = self.force and not self._is_picture(path) and str(path) not in self.taken
        self.taken.add(str(path))
        return Place(path, replace and not os.path.isdir(path), not replace)

    def _refuse_picture(self, path: Path) -> None:
        if self._is_picture(path):
            raise OutputIsPicture(path=path)

    def _is_picture(self, path: Path) -> bool:
        there = [p for p in self.pictures if os.path.exists(p)] if os.path.exists(path) else []
        return any(os.path.samefile(path, picture) for picture in there)


_SEPARATORS = tuple({"/", os.sep, os.altsep or os.sep})
