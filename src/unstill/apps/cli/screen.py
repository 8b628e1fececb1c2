"""stdout is data, stderr is talk."""

from __future__ import annotations

import json
import math
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from unstill.apps.cli import words
from unstill.apps.cli.columns import lines
from unstill.apps.cli.printable import obeyed, printable
from unstill.domain.errors import Language, UnstillError


@dataclass
class Screen:
    """How this call of the program speaks."""

    language: Language
    json: bool = False
    quiet: bool = False

    @classmethod
    def of(cls, arguments: Sequence[str], environ: Mapping[str, str]) -> Screen:
        """Read off the raw arguments, because even a mistyped call is answered in the right form."""
        own = list(arguments)
        if "--" in own:
            own = own[: own.index("--")]
        return cls(words.language_of(asked_language(own), environ), "--json" in own, "--quiet" in own)

    def say(self, key: str, **facts: object) -> str:
        return words.say(key, self.language, **facts)

    def talk(self, text: str) -> None:
        """A sentence for the person, unless --quiet."""
        if not self.quiet:
            self.warn(text)

    def warn(self, text: str) -> None:
        """A sentence that even --quiet does not hide."""
        self._print(text)

    def _print(self, *lines: str) -> None:
        """Lines on stderr."""
        text = "\n".join(map(printable, lines))
        sys.stderr.write(_writable(text, sys.stderr) + "\n")  # in one piece, as logs want it
        sys.stderr.flush()

    def out(self, text: str) -> None:
        """A line for people on stdout."""
        self._put(printable(text))

    def out_path(self, path: str) -> None:
        """A path for scripts, byte for byte; where a person looks it is shown like other text."""
        self._put(printable(path) if sys.stdout.isatty() else path)

    def _put(self, text: str) -> None:
        sys.stdout.write(_writable(text, sys.stdout) + "\n")
        sys.stdout.flush()

    def out_json(self, value: object) -> None:
        """A JSON value; plain ASCII where the terminal's encoding has no Chinese."""
        text = json.dumps(_plain(value), ensure_ascii=False, indent=2, default=str, allow_nan=False)
        encoding = sys.stdout.encoding or "utf-8"
        try:
            text.encode(encoding)
        except (UnicodeEncodeError, LookupError):
            text = json.dumps(json.loads(text), ensure_ascii=True, indent=2)
        sys.stdout.write(_OBEYED.sub(_escaped, text) + "\n")
        sys.stdout.flush()

    def table(self, rows: Sequence[tuple[str, str]]) -> None:
        """Label and value, aligned; a Chinese character is two columns wide."""
        for line in lines(rows):
            self.out(line)

    def complain(self, error: UnstillError, about: str = "") -> None:
        """An error and what to do about it, on stderr."""
        shown = in_flags(error)
        message, hint = shown.message(self.language), shown.hint(self.language)
        self._print(f"{self.say('error')}{about}{message}", f"  {hint}")

    def error_json(self, error: UnstillError) -> dict[str, object]:
        return {"error": error.to_json(self.language)}

    @property
    def lively(self) -> bool:
        """Whether a progress bar may be drawn."""
        return self.on_terminal and os.environ.get("TERM") != "dumb"

    @property
    def on_terminal(self) -> bool:
        return not self.quiet and sys.stderr.isatty()


def asked_language(arguments: Sequence[str]) -> str | None:
    """The last value of --lang, in either spelling."""
    asked = None
    for at, argument in enumerate(arguments):
        if argument == "--lang":
            asked = next(iter(arguments[at + 1 :]), None)
        elif argument.startswith("--lang="):
            asked = argument.removeprefix("--lang=")
    return asked


def in_flags(error: UnstillError) -> UnstillError:
    """The same error, naming the option as it is typed: --num-frames for num_frames."""
    param = error.param
    if param is None or param == "prompt" or "options" in error.facts or not _is_field(param):
        return error
    return type(error)(param=FLAGS.get(param, f"--{param.replace('_', '-')}"), **error.facts)


FLAGS = {"loras": "--lora"}
"""Options that are not called as the field is."""


def _is_field(param: str) -> bool:
    from unstill.domain.request import field_names

    return param in field_names()


def _writable(text: str, stream: TextIO) -> str:
    """File names can hold what the stream cannot encode; their bytes go out as they are where they can."""
    encoding = stream.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        if hasattr(stream, "reconfigure") and encoding.lower().replace("-", "") == "utf8":
            stream.reconfigure(errors="surrogateescape")
            return text
        return text.encode(encoding, "backslashreplace").decode(encoding)
    return text


_OBEYED = re.compile(r"[^\x20-\x7e\n\u00a1-\u00ac\u3000-\u30ff\u4e00-\u9fff]")


def _escaped(match: re.Match[str]) -> str:
    """A character that a terminal would obey, as JSON spells it. Between strings JSON has none of these."""
    letter = match[0]
    if letter == "\x7f":  # ASCII, which the library leaves as it is
        return "\\u007f"
    return json.dumps(letter)[1:-1] if obeyed(letter) else letter


def _plain(value: object) -> object:
    """What JSON has words for: no half characters of a file's name, no numbers that are none."""
    if isinstance(value, str):
        return value if value.isascii() else _HALVES.sub("\ufffd", value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_plain(str(name)): _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, (int, type(None))) else _plain(str(value))


_HALVES = re.compile("[\ud800-\udfff]")
