"""What is said over the pipes: whole messages, or an error that says so."""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstill.adapters.local_workers.pipes import LineTooLong, cut_lines, lines
from unstill.core.worker import (
    MOST_BYTES,
    Beat,
    Cancel,
    Done,
    Failed,
    Hello,
    ProtocolError,
    Quit,
    Run,
    Stopped,
    Task,
    Tick,
    from_worker,
    to_line,
    to_worker,
)
from unstill.domain.notes import note

TASK = Task("video_1", 2, {"prompt": "推进 \u2028 \n"}, "/a.png", "/b.mp4", "photo.jpg", language="zh")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["kind", "stage", "done", "total", "task", "code", "facts", "notes", "path", "pid", "models", "plan"]
KINDS = ["run", "cancel", "quit", "hello", "tick", "beat", "done", "failed", "stopped"]


@pytest.mark.parametrize("message", [Run(TASK), Cancel(), Quit()])
def test_what_is_said_to_a_worker_is_what_it_hears(message: Any) -> None:
    """One line each, whatever the words hold."""
    line = to_line(message)
    assert line.count(b"\n") == 1
    assert to_worker(line) == message


@pytest.mark.parametrize(
    "message",
    [Hello(7, "cpu", ("motion",)), Tick("frame", 1, 2, "abcd"), Beat(), Failed("disk_full", {"path": "a"}),
     Stopped(), Done("/b.mp4", 1, 2**62, "ff", 0.5, 9, "/b.jpg", None, "/b.last.png", (note("no_subject"),),
                     {"fps": 8})],
)  # fmt: skip
def test_what_a_worker_says_is_what_is_heard(message: Any) -> None:
    """Notes with read-only facts, too."""
    assert from_worker(to_line(message)) == message


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_a_protocol_error(line: bytes) -> None:
    """Nothing else is raised."""
    for read in (from_worker, to_worker):
        with contextlib.suppress(ProtocolError):
            read(line)


@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=8), st.sampled_from(KINDS))
def test_any_json_is_a_message_or_a_protocol_error(fields: dict[str, Any], kind: str) -> None:
    """Also where it looks like a message."""
    line = json.dumps({**fields, "kind": kind}).encode()
    for read in (from_worker, to_worker):
        with contextlib.suppress(ProtocolError):
            to_line(read(line))


@pytest.mark.parametrize(
    "line",
    [b"[" * 100_000, b'{"kind":"tick","stage":"a","done":1e999,"total":1}',
     b'{"kind":"beat"}' + b" " * MOST_BYTES,
     b'{"kind":"tick","stage":"a","done":true,"total":1}', to_line(Quit()),
     b'{"kind":"tick","stage":"a","done":1' + b"0" * 5000 + b',"total":1}'],
)  # fmt: skip
def test_deep_long_and_lying_lines_are_refused(line: bytes) -> None:
    """Before they cost anything."""
    with pytest.raises(ProtocolError):
        from_worker(line)


def test_what_would_be_too_long_is_not_said() -> None:
    """The writer hears of it first."""
    with pytest.raises(ProtocolError, match="1048"):
        to_line(Tick("frame", 1, 2, "x" * MOST_BYTES))


def test_an_error_never_repeats_the_line() -> None:
    """It may hold a person's words, and errors are logged."""
    with pytest.raises(ProtocolError) as caught:
        from_worker(b'{"kind":"tick","stage":"my secret","done":"my secret"}')
    assert "secret" not in str(caught.value)


def piped(data: bytes) -> int:
    read, write = os.pipe()
    os.write(write, data)
    os.close(write)
    return read


def test_lines_are_whole_and_bounded() -> None:
    """What ends without an end of line was cut off by the writer's death and means nothing."""
    assert list(lines(piped(b"one\n\ntwo\nhal"), 10)) == [b"one\n", b"\n", b"two\n"]
    for long in (b"x" * 20 + b"\n", b"x" * 20):
        with pytest.raises(LineTooLong):
            list(lines(piped(b"one\n" + long), 10))


def test_lines_for_people_are_cut() -> None:
    """A library's ten megabytes without an end of line are not kept."""
    assert list(cut_lines(piped(b"0123456789\nab\n\nend"), 4)) == [b"0123", b"ab", b"", b"end"]
