"""Log lines: in a file named by the time and on stderr, plain or as JSON, from both kinds of loggers."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import pytest
import structlog

from unstill.serving.logs import KEEP, logging_to


def test_both_kinds_of_loggers_go_to_both_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line each: time, level, what, then the facts."""
    with logging_to(tmp_path / "logs", "info", "plain") as path:
        logging.getLogger("unstill.core.dispatch").info("job %s is done", "video_1")
        structlog.get_logger("unstill.api").info("request", status=200, who="", text="two words\nand a line")
        logging.getLogger("unstill").debug("not this")
    assert path is not None
    assert re.fullmatch(r"unstill-\d{8}-\d{6}\.log", path.name)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert capsys.readouterr().err.splitlines() == lines
    first, second = lines
    when = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"
    assert re.fullmatch(when + r" INFO    job video_1 is done \[core\.dispatch\]", first)
    assert re.fullmatch(when + r" INFO    request status=200 text='two words\\nand a line' \[api\]", second)


def test_json_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For programs; the file stays for people."""
    with logging_to(tmp_path, "debug", "json") as path:
        structlog.get_logger("unstill.api").debug("请求", status=200)
    said = json.loads(capsys.readouterr().err)
    assert (said["event"], said["status"], said["level"], said["logger"]) == (
        "请求",
        200,
        "debug",
        "unstill.api",
    )
    assert path is not None
    assert "status=200" in path.read_text(encoding="utf-8")


def test_a_traceback_stays_whole(tmp_path: Path) -> None:
    """Below its line."""
    with logging_to(tmp_path, "info", "plain") as path:
        try:
            raise ValueError("what went wrong")
        except ValueError:
            logging.getLogger("unstill").exception("incident 1")
    assert path is not None
    text = path.read_text(encoding="utf-8")
    assert "ERROR   incident 1" in text.splitlines()[0]
    assert text.rstrip().endswith("ValueError: what went wrong")


def test_port_scanners_fill_no_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The one line that the server has for each of them."""
    with logging_to(tmp_path, "info", "plain"):
        logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
        logging.getLogger("uvicorn.error").warning("another")
    assert capsys.readouterr().err.count("\n") == 1


def test_without_a_file_the_server_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A log is no reason not to serve."""
    (tmp_path / "logs").write_text("a file")
    with logging_to(tmp_path / "logs", "info", "plain") as path:
        logging.getLogger("unstill").info("here")
    assert path is None
    assert "here" in capsys.readouterr().err


def test_old_files_go(tmp_path: Path) -> None:
    """The newest of earlier starts stay; files of others are not touched."""
    for number in range(KEEP + 5):
        (tmp_path / f"unstill-20200101-{number:06}.log").write_text("")
    (tmp_path / "mine.log").write_text("")
    with logging_to(tmp_path, "info", "plain") as path:
        pass
    names = sorted(file.name for file in tmp_path.iterdir())
    assert len(names) == KEEP + 2
    assert {"mine.log", path.name if path else ""} <= set(names)
    assert "unstill-20200101-000000.log" not in names


def test_everything_is_put_back(tmp_path: Path) -> None:
    """Another server in the same process begins as this one did."""
    root = logging.getLogger()
    before = (root.level, list(root.handlers), logging.raiseExceptions)
    with logging_to(tmp_path, "debug", "json"):
        pass
    assert (root.level, list(root.handlers), logging.raiseExceptions) == before


def test_what_ray_adds_to_records_is_left_out(tmp_path: Path) -> None:
    """A server that drives a cluster has the same log as any other."""
    usual = logging.getLogRecordFactory()

    def as_ray_does(*arguments: object, **more: object) -> logging.LogRecord:
        record = usual(*arguments, **more)
        record._ray_timestamp_ns = 1
        return record

    logging.setLogRecordFactory(as_ray_does)
    try:
        with logging_to(tmp_path / "logs", "info", "plain") as path:
            logging.getLogger("unstill.core.dispatch").info("job %s is done", "video_1")
    finally:
        logging.setLogRecordFactory(usual)
    assert path is not None
    assert "ray" not in path.read_text(encoding="utf-8")
