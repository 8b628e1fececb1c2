"""stdout is data, stderr is talk."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from unstill.apps.cli import words
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
            self._print(text)

    def _print(self, text: str) -> None:
        """To stderr. A file's name may hold what a terminal would obey; it is shown, not obeyed."""
        safe = "".join(letter if letter.isprintable() or letter == "\n" else "\ufffd" for letter in text)
        print(_writable(safe, sys.stderr), file=sys.stderr, flush=True)

    def out(self, text: str) -> None:
        """A line of data."""
        sys.stdout.write(_writable(text, sys.stdout) + "\n")
        sys.stdout.flush()

    def out_json(self, value: object) -> None:
        """A JSON value; plain ASCII where the terminal's encoding has no Chinese."""
        text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
        encoding = sys.stdout.encoding or "utf-8"
        try:
            text.encode(encoding)
        except (UnicodeEncodeError, LookupError):
            text = json.dumps(value, ensure_ascii=True, indent=2, default=str)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def table(self, rows: Sequence[tuple[str, str]]) -> None:
        """Label and value, aligned; a Chinese character is two columns wide."""
        widest = max(_columns(label) for label, _ in rows)
        for label, value in rows:
            gap = " " * (widest - _columns(label) + 2)
            self.out(f"{label}{gap}{value}")

    def complain(self, error: UnstillError, about: str = "") -> None:
        """An error and what to do about it, on stderr."""
        shown = in_flags(error)
        text = f"{self.say('error')}{about}{shown.message(self.language)}\n  {shown.hint(self.language)}"
        self._print(text)

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
    """The value of --lang, in either spelling."""
    for at, argument in enumerate(arguments):
        if argument == "--lang":
            return next(iter(arguments[at + 1 :]), None)
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
    return None


def in_flags(error: UnstillError) -> UnstillError:
    """The same error, naming the option as it is typed: --num-frames for num_frames."""
    param = error.param
    if param is None or param == "prompt" or "options" in error.facts or not _is_field(param):
        return error
    return type(error)(param=f"--{param.replace('_', '-')}", **error.facts)


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


def _columns(text: str) -> int:
    return sum(2 if ord(letter) > 0x2E80 else 1 for letter in text)
