"""Which of the words on the line are pictures, and which is the prompt."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unstill.core.durable import why
from unstill.domain.errors import (
    MissingArgument,
    NothingToDo,
    NotReadable,
    PictureUnnamed,
    PromptNeedsQuotes,
    PromptTwice,
)

OPENED = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif")
"""What is taken from a folder."""
PICTURE_LIKE = (*OPENED, ".gif", ".bmp", ".tif", ".tiff", ".avif", ".jfif", ".svg", ".psd", ".raw", ".jxl")
"""Endings by which a word that names no file is still a picture's name and no prompt."""
EXAMPLE = 'unstill generate photo.jpg "slow push in"'


@dataclass(frozen=True)
class Inputs:
    """What was named on the line."""

    pictures: tuple[Path, ...]
    prompt: str
    many: bool
    """Whether the call was for several (a folder of one is): its JSON is an array."""


def sort_words(words: Sequence[str], prompt: str | None, example: str = EXAMPLE) -> Inputs:
    """Pictures and folders first, then perhaps the prompt.

    The last of several words is the prompt unless it names a file or looks as if it should.

    Raises:
        MissingArgument, PictureUnnamed: no picture at all, or one without a name.
        PromptTwice: a prompt by --prompt and another one behind the pictures.
        PromptNeedsQuotes: a prompt that the shell has taken apart.
        NothingToDo, NotReadable: a folder without pictures, or one that cannot be listed.
    """
    names = list(words)
    if not names:
        raise MissingArgument(argument="PICTURE", example=example)
    if "" in (names if len(names) == 1 else names[:-1]):  # an empty last word is an empty prompt
        raise PictureUnnamed()
    spoken = names.pop() if len(names) > 1 and not _names_picture(names[-1]) else None
    _refuse_loose_words(names, spoken)
    if spoken is not None and prompt is not None:
        raise PromptTwice(first=repr(spoken), second=repr(prompt))
    folders = [name for name in names if os.path.isdir(name)]
    pictures = [p for name in names for p in (in_folder(Path(name)) if name in folders else [Path(name)])]
    many = bool(folders) or len(pictures) > 1
    return Inputs(tuple(pictures), spoken if spoken is not None else prompt or "", many)


def in_folder(folder: Path) -> list[Path]:
    """The pictures right in a folder, by name."""
    try:
        files = sorted(p for p in folder.iterdir() if p.suffix.lower() in OPENED and p.is_file())
    except OSError as error:
        raise NotReadable(path=folder, **why(error)) from error
    shown = [p for p in files if not p.name.startswith(".")]
    if not shown:
        raise NothingToDo(path=folder)
    return shown


def _names_picture(word: str) -> bool:
    """Whether a word is a path: something is there, it ends like a picture, or its folder is there."""
    if os.path.lexists(word):
        return True
    folder, ending = os.path.dirname(word), os.path.splitext(word)[1].lower()
    return ending in PICTURE_LIKE or bool(folder and os.path.isdir(folder))


def _refuse_loose_words(names: Sequence[str], last: str | None) -> None:
    """`unstill generate photo.jpg slow push in`: three words where one in quotes was meant."""
    if last is None:
        return
    loose = next((at for at, name in enumerate(names) if at and not _names_picture(name)), None)
    if loose is not None:
        words = " ".join([*names[loose:], last])
        raise PromptNeedsQuotes(words=words, picture=shlex.quote(names[0]))
