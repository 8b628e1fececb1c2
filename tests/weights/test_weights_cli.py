"""`unstill models pull|verify|remove`, `list`, `show`, and a model whose files are missing."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dreams import CARD, DREAMS, files_in
from hub_imitation import NEEDED, UNET, Imitation, model
from testcard import TESTCARD
from unstill import wiring
from unstill.settings import load_settings

HERE = Path(__file__).parent
TOTAL = sum(len(model()[name]) for name in NEEDED)


@pytest.fixture(autouse=True)
def settings(hub: Imitation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's imitation is the mirror, and the mirror the only source."""
    monkeypatch.setenv("UNSTILL_SOURCE", "mirror")
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("UNSTILL_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("UNSTILL_WEIGHTS", "")  # so that it is put back, whatever a call sets it to
    return tmp_path / "models"


@pytest.fixture
def house() -> wiring.House:
    return wiring.House(entries=[TESTCARD, DREAMS])


Run = Callable[..., object]


def write(folder: Path) -> Path:
    for name in NEEDED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(model()[name])
    return folder


def test_the_licence_is_shown_and_asked_for(cli: Run, hub: Imitation) -> None:
    """Every source's words; without consent nothing is asked of anybody."""
    answer = cli("models", "pull", "dreams")
    assert answer.code == 2
    for text in ("Odd-1.0", "The hub says Odd-1.0.", "Its authors say research only.", "--accept-licence"):
        assert text in answer.err
    assert hub.asked == []


def test_pull_prints_the_folder(cli: Run, hub: Imitation, settings: Path) -> None:
    """Alone on standard output; the licence is said all the same."""
    answer = cli("models", "pull", "dreams", "--accept-licence")
    assert (answer.code, answer.out) == (0, f"{settings / 'dreams'}\n")
    assert "research only" in answer.err
    assert files_in(settings / "dreams") == {name: hub.files[name] for name in NEEDED}
    again = cli("models", "pull", "dreams")  # it is here: nobody needs to consent again
    assert again.code == 0
    assert "here already" in again.err


def test_pull_in_json(cli: Run) -> None:
    """Facts, how much came, and what was said."""
    told = json.loads(cli("models", "pull", "dreams", "--accept-licence", "--json").out)
    assert told["model"] == "dreams"
    assert (told["state"], told["fetched_bytes"], told["size_bytes"]) == ("ready", TOTAL, TOTAL)
    refused = json.loads(cli("models", "pull", "testcard", "--json").out)
    assert refused["error"]["code"] == "nothing_to_pull"


def test_pull_in_chinese(cli: Run) -> None:
    """All of it."""
    answer = cli("models", "pull", "dreams", "--lang", "zh")
    assert "作者声明仅供研究。" in answer.err
    assert "许可" in answer.err


def test_out_of_a_folder(cli: Run, hub: Imitation, tmp_path: Path, settings: Path) -> None:
    """--from copies and asks nobody."""
    answer = cli("models", "pull", "dreams", "--accept-licence", "--from", write(tmp_path / "theirs"))
    assert answer.code == 0
    assert set(files_in(settings / "dreams")) == NEEDED
    assert hub.asked == []
    empty = cli("models", "pull", "dreams", "--from", "")
    assert empty.code == 2


def test_what_list_and_show_say(cli: Run, hub: Imitation, settings: Path) -> None:
    """Whether the files are here, how large, where, and how to get them."""
    assert "not here; `unstill models pull dreams`" in cli("models", "list").out
    hub.fault(UNET, status=404)
    cli("models", "pull", "dreams", "--accept-licence")
    assert "goes on" in cli("models", "show", "dreams").out
    hub.faults.clear()
    cli("models", "pull", "dreams", "--accept-licence")
    shown = cli("models", "show", "dreams").out
    assert f" KiB in {settings / 'dreams'} (fetched by unstill)" in shown
    assert "Its authors say research only." in shown
    told = {card["id"]: card["weights"] for card in json.loads(cli("models", "list", "--json").out)}
    assert told["testcard"] is None
    assert (told["dreams"]["state"], told["dreams"]["folder"]) == ("ready", str(settings / "dreams"))
    (settings / "dreams" / UNET).unlink()
    assert "cannot be used" in cli("models", "list").out


def test_verify(cli: Run, settings: Path) -> None:
    """Every byte, in words and in JSON; a damaged file is an error."""
    cli("models", "pull", "dreams", "--accept-licence")
    assert "every byte is as recorded" in cli("models", "verify", "dreams").out
    told = json.loads(cli("models", "verify", "dreams", "--json").out)
    assert (told["files"], told["compared"]) == (len(NEEDED), True)
    path = settings / "dreams" / "tokenizer" / "merges.txt"
    path.write_text("b a\n")
    damaged = cli("models", "verify", "dreams")
    assert damaged.code == 1
    assert "tokenizer/merges.txt" in damaged.err
    assert cli("models", "verify", "").code == 2


def test_remove(cli: Run, settings: Path) -> None:
    """And it says what that freed; twice is an error."""
    cli("models", "pull", "dreams", "--accept-licence")
    assert json.loads(cli("models", "remove", "dreams", "--json").out)["freed_bytes"] == TOTAL
    again = cli("models", "remove", "dreams")
    assert (again.code, "pull dreams" in again.err) == (1, True)


def test_a_video_without_its_files(cli: Run, photo: Path) -> None:
    """The error comes before any work and says what to do."""
    answer = cli("generate", photo, "--model", "dreams", "--size", "64x64")
    assert answer.code == 1
    assert "unstill models pull dreams" in answer.err
    assert not list(photo.parent.glob("*.mp4"))


def test_a_video_with_files_of_ones_own(cli: Run, photo: Path, tmp_path: Path, hub: Imitation) -> None:
    """--weights names the folder for this call; relative to where the person is."""
    theirs = write(tmp_path / "theirs")
    answer = cli(
        "generate", photo, "--model", "dreams", "--size", "64x64", "--weights", os.path.relpath(theirs)
    )
    assert answer.code == 0, answer.err
    assert os.environ["UNSTILL_WEIGHTS"] == str(theirs)
    assert hub.asked == []


@pytest.mark.parametrize("entry", ["theirs", "dreams=theirs", "dreams=~/theirs"])
def test_the_forms_of_weights(cli: Run, here: Path, own_folders: Path, entry: str) -> None:
    """A folder, or a model's folder; a worker process elsewhere finds it, too."""
    cli("plan", "nothing.jpg", "--weights", entry)
    home = own_folders if "~" in entry else here
    assert load_settings().weights == (f"{'dreams=' if '=' in entry else ''}{home / 'theirs'}",)


def test_weights_are_of_this_computer(cli: Run, photo: Path) -> None:
    """A server uses its own."""
    answer = cli("generate", photo, "--model", "dreams", "--weights", "x", "--server", "http://127.0.0.1:9")
    assert (answer.code, "unstill serve --weights" in answer.err) == (2, True)


PROGRAM = """
    import sys
    sys.path[:0] = [{tests!r}, {here!r}]
    from dreams import DREAMS
    from testcard import TESTCARD
    from unstill import wiring
    from unstill.apps.cli.run import run
    sys.exit(run(wiring.House(entries=[TESTCARD, DREAMS]), sys.argv[1:]))
"""


class Terminal:
    """The program on a terminal, with a person who types."""

    def __init__(self, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        code = textwrap.dedent(PROGRAM).format(tests=str(HERE.parent), here=str(HERE))
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments], stdin=slave, stdout=slave, stderr=slave,
            env={**os.environ, "TERM": "dumb", "COLUMNS": "200"}, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self.text = ""

    def until(self, words: str) -> None:
        """Read until something is on the screen; to the end where it never comes."""
        while words not in self.text:
            ready, _, _ = select.select([self.master], [], [], 60)
            assert ready, self.text
            try:
                piece = os.read(self.master, 65536)
            except OSError:  # the program has ended
                piece = b""
            if not piece:
                return
            self.text += piece.decode()

    def types(self, text: str) -> None:
        os.write(self.master, text.encode())

    def end(self) -> int:
        self.until("\0")
        return self.process.wait(60)


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    made: list[Terminal] = []

    def start(*arguments: str) -> Terminal:
        made.append(Terminal(*arguments))
        return made[-1]

    yield start
    for one in made:
        one.process.kill()
        one.process.wait()
        os.close(one.master)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal as POSIX has it")
@pytest.mark.parametrize(("typed", "code"), [("y", 0), ("是", 0), ("n", 2), ("", 2)])
def test_a_person_is_asked(terminal: Callable[..., Terminal], settings: Path, typed: str, code: int) -> None:
    """Yes has to be said; a mere Enter is a no."""
    one = terminal("models", "pull", "dreams")
    one.until("[y/N]")
    assert "research only" in one.text
    one.types(f"{typed}\n")
    assert one.end() == code
    assert (settings / "dreams").exists() is (code == 0)
    if code == 0:
        assert "100 % of" in one.text


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal as POSIX has it")
def test_a_first_video_offers_to_fetch(
    terminal: Callable[..., Terminal], photo: Path, settings: Path, tmp_path: Path
) -> None:
    """On a terminal the model is fetched on the spot, with consent, and the video made."""
    one = terminal(
        "generate", str(photo), "--model", "dreams", "--size", "64x64", "-o", str(tmp_path / "a.mp4")
    )
    one.until("[y/N]")
    one.types("y\n")
    assert one.end() == 0, one.text
    assert (tmp_path / "a.mp4").is_file()
    assert (settings / "dreams").is_dir()


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
def test_ctrl_c_keeps_what_has_come(
    terminal: Callable[..., Terminal], hub: Imitation, settings: Path
) -> None:
    """And says so, with the shell's usual code."""
    hub.fault(UNET, times=1, hang_at=100_000)
    one = terminal("models", "pull", "dreams", "--accept-licence")
    assert hub.hung.wait(60)
    one.process.send_signal(signal.SIGINT)
    assert one.end() == 128 + signal.SIGINT
    assert "kept" in one.text
    assert "unstill models pull dreams" in one.text
    assert CARD.id == "dreams"
