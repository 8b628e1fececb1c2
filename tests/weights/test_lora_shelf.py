"""The shelf of LoRA files: taken in, fetched, found by name or path, and never anything but safetensors."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dreams import HASTY
from hub_imitation import REPO, Fault, Imitation, imitation, safetensors
from unstill.adapters.weights import WeightShelf
from unstill.adapters.weights import loras as lora_files
from unstill.core.ports import Weights
from unstill.core.weights import PullProgress
from unstill.domain.errors import BadSetting, Cancelled, FileMissing, InvalidField, NotReadable, UnstillError
from unstill.domain.source_errors import LoraOffline, SourceFailed
from unstill.domain.weight_errors import (
    LoraDamaged,
    LoraNamed,
    LoraPullStopped,
    LoraUnfit,
    LoraUnknown,
    WeightsDamaged,
)

LAYER = "unet.to_q.lora_A.weight"
FILM = safetensors(7, 5000, LAYER)
Shelves = Callable[..., WeightShelf]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "Film look.safetensors"
    path.write_bytes(FILM)
    return path


def on_disk(shelf: WeightShelf) -> set[str]:
    return {path.name for path in (shelf.models / "loras").iterdir() if not path.name.startswith(".")}


def test_a_file_is_taken_in(shelf: WeightShelf, film: Path) -> None:
    """Under its own name as a name goes, or the one that is given; with a record of where it is from."""
    made = shelf.loras.add(film)
    assert (made.name, made.size_bytes, made.source) == ("Film-look", len(FILM), "Film look.safetensors")
    assert made.sha256 == hashlib.sha256(FILM).hexdigest()
    shelf.loras.add(film, "second")
    assert [one.name for one in shelf.loras.list()] == ["Film-look", "second"]
    assert shelf.loras.list()[0] == made
    record = json.loads((shelf.models / "loras" / "second.json").read_text())
    assert (record["sha256"], record["licence"]) == (made.sha256, "unknown")
    for_engines: Weights = shelf
    assert for_engines.lora("second").read_bytes() == FILM


def test_a_file_laid_there_counts(shelf: WeightShelf) -> None:
    """Without a record, or with one that is no record; what has no name is passed over."""
    folder = shelf.models / "loras"
    folder.mkdir(parents=True)
    for name in ("mine", "yours", ".hidden", "a b"):
        (folder / f"{name}.safetensors").write_bytes(FILM)
    (folder / "yours.json").write_bytes(b"\xff{")
    (folder / "pickle.ckpt").write_bytes(b"x")
    assert [(one.name, one.sha256) for one in shelf.loras.list()] == [("mine", ""), ("yours", "")]
    assert shelf.lora("mine") == folder / "mine.safetensors"


def test_a_path_of_ones_own_is_taken(shelf: WeightShelf, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absolute, relative, or below one's home."""
    assert shelf.lora(str(film)) == film
    monkeypatch.chdir(film.parent)
    assert shelf.lora("Film look.safetensors").read_bytes() == FILM
    monkeypatch.setenv("HOME", str(film.parent))
    assert shelf.lora("~/Film look.safetensors") == film


@pytest.mark.parametrize(
    "source",
    ["ghost", "nowhere/a.safetensors", "../loras/x", ".", "/", "a\nb", "水" * 90, "x" * 300, "~nosuchuser/x"],
)
def test_what_is_not_there_is_unknown(shelf: WeightShelf, source: str) -> None:
    """With the command that adds it."""
    with pytest.raises(LoraUnknown) as caught:
        shelf.lora(source)
    assert "unstill loras add" in caught.value.hint()


@pytest.mark.parametrize(
    "content",
    [b"", b"x" * 100, FILM[:-1], FILM + b"x", (2**40).to_bytes(8, "little") + b"{}", b"\x80\x04pickle"],
)
def test_what_is_no_whole_safetensors_file_is_refused(
    shelf: WeightShelf, tmp_path: Path, content: bytes
) -> None:
    """Taken in, used by its path, or damaged later; nothing of it stays."""
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(content)
    for try_ in (lambda: shelf.loras.add(bad), lambda: shelf.lora(str(bad))):
        with pytest.raises(LoraDamaged) as caught:
            try_()
        assert isinstance(caught.value, WeightsDamaged)
        assert "bad.safetensors" in caught.value.message()
        assert str(tmp_path) not in caught.value.message()
    assert not (shelf.models / "loras").exists() or on_disk(shelf) == set()
    (shelf.models / "loras").mkdir(parents=True, exist_ok=True)
    (shelf.models / "loras" / "bad.safetensors").write_bytes(content)
    with pytest.raises(LoraDamaged):
        shelf.lora("bad")


def test_other_things_are_refused(shelf: WeightShelf, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pickles by their name, folders, pipes, what is too large; names that are none or taken."""
    pickle = film.with_suffix(".ckpt")
    pickle.write_bytes(FILM)
    folder, pipe = film.parent / "d.safetensors", film.parent / "p.safetensors"
    folder.mkdir()
    os.mkfifo(pipe)
    cases: list[tuple[Path, str | None, type[UnstillError]]] = [
        (pickle, None, LoraUnfit), (film.parent / "no.safetensors", None, FileMissing),
        (folder, None, LoraDamaged), (pipe, None, LoraDamaged),
        (film, "../up", LoraNamed), (film, "水" * 90, LoraNamed),
        (film.parent / ("x" * 300 + ".safetensors"), None, NotReadable),
        (Path("~nosuchuser/x.safetensors"), None, FileMissing),
        (film, "a b", LoraNamed), (film, "", LoraNamed),
    ]  # fmt: skip
    for path, name, error in cases:
        with pytest.raises(error):
            shelf.loras.add(path, name)
    shelf.loras.add(film, "film")
    with pytest.raises(LoraNamed, match="already"):
        shelf.loras.add(film, "film")
    monkeypatch.setattr(lora_files, "MOST_BYTES", 100)
    with pytest.raises(LoraUnfit, match="is the most"):
        shelf.loras.add(film, "huge")
    assert on_disk(shelf) == {"film.safetensors", "film.json"}


@pytest.mark.parametrize("tensor", ["w", "unet.to_q.weight", "decoder.diffusion.bias"])
def test_a_model_is_no_lora(shelf: WeightShelf, film: Path, tensor: str) -> None:
    """A file none of whose tensors goes on a model's own is not taken in."""
    film.write_bytes(safetensors(7, 5000, tensor))
    with pytest.raises(LoraUnfit, match="no tensor"):
        shelf.loras.add(film)
    assert not (shelf.models / "loras").exists() or on_disk(shelf) == set()


@pytest.mark.parametrize(
    "tensor",
    ["a.lora_B.default.weight", "lora_unet_a.lora_down.weight", "a.lokr_w1", "a.hada_w1_a", "x.diff_b"],
)
def test_its_relatives_are(shelf: WeightShelf, film: Path, tensor: str) -> None:
    film.write_bytes(safetensors(7, 5000, tensor))
    assert shelf.loras.add(film).size_bytes


def test_a_long_name_is_taken(shelf: WeightShelf, film: Path) -> None:
    """The longest there is has room beside it for what is unfinished; a file's own name is cut to fit."""
    assert shelf.loras.add(film, "水" * 60).name == "水" * 60
    long = film.parent / f"{'長' * 80}.safetensors"
    long.write_bytes(FILM)
    assert shelf.loras.add(long).name == "長" * 60
    assert len(shelf.loras.list()) == 2


def tensor(**odd: object) -> bytes:
    """A file of 16 bytes of weights whose header says something else."""
    told = {"dtype": "F16", "shape": [2, 4], "data_offsets": [0, 16], **odd}
    header = json.dumps({"a.lora_A.weight": told}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(16)


@pytest.mark.parametrize(
    "odd",
    [
        {"data_offsets": [0, float("inf")]}, {"data_offsets": [0, float("nan")]}, {"data_offsets": [0, 16.0]},
        {"data_offsets": [-1, 16]}, {"data_offsets": [17, 16]}, {"data_offsets": [0, 16, 16]},
        {"data_offsets": [False, 16]}, {"data_offsets": "ab"}, {"dtype": "F17"}, {"dtype": ["F16"]},
        {"dtype": "F32"}, {"shape": [2, 3]}, {"shape": [-2, -4]}, {"shape": [10**4000, 10**4000]},
        {"shape": 8}, {"shape": [0, 8]}, {"shape": [float("inf")]},
    ],
)  # fmt: skip
def test_an_odd_header_is_damage(shelf: WeightShelf, film: Path, odd: dict[str, object]) -> None:
    """Numbers that are none, that do not agree, or that nobody could hold."""
    film.write_bytes(tensor())
    assert shelf.lora(str(film))
    film.write_bytes(tensor(**odd))
    with pytest.raises(LoraDamaged):
        shelf.lora(str(film))


@pytest.mark.parametrize("variable", ["ALL_PROXY", "http_proxy", "NO_PROXY"])
def test_an_odd_proxy_is_named(shelf_at: Shelves, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """Before anybody is asked, and without its password."""
    monkeypatch.setenv(variable, "ftp://ann:hunter2@[::1")
    with imitation({"a.safetensors": FILM}) as hub, pytest.raises(BadSetting, match=variable) as caught:
        shelf_at(hub.url, source="hub").loras.pull(REPO)
    assert "hunter2" not in caught.value.message() + str(caught.value.facts)


def test_one_is_removed(shelf: WeightShelf, film: Path) -> None:
    shelf.loras.add(film, "film")
    assert shelf.loras.remove("film") == len(FILM)
    assert on_disk(shelf) == set()
    for name in ("film", "../film"):
        with pytest.raises(LoraUnknown):
            shelf.loras.remove(name)


@pytest.mark.parametrize("path", ["pytorch_lora_weights.safetensors", "wan/high noise.safetensors"])
def test_the_only_file_of_a_repository_is_fetched(shelf_at: Shelves, path: str) -> None:
    """Named after itself, or after the repository where its own name says nothing; pickles stay there."""
    with imitation({path: FILM, "a.ckpt": b"pickle", "README.md": b"words"}) as hub:
        shelf = shelf_at(hub.url, source="hub")
        seen: list[PullProgress] = []
        made = shelf.loras.pull(REPO, watch=seen.append)
        assert not [asked for asked in hub.asked if "ckpt" in asked.path]
    assert made.name == ("high-noise" if "/" in path else "dream")
    assert (made.source, made.sha256) == (f"{REPO}/{path}", hashlib.sha256(FILM).hexdigest())
    assert shelf.lora(made.name).read_bytes() == FILM
    assert on_disk(shelf) == {f"{made.name}.safetensors", f"{made.name}.json", "weights.lock"}
    assert any(progress.done_bytes for progress in seen)


def test_of_several_one_is_chosen(shelf_at: Shelves) -> None:
    """Without a word those there are are named; two of one repository do not get into each other's way."""
    other = safetensors(8, 900, LAYER)
    with imitation({"high.safetensors": FILM, "low.safetensors": other}) as hub:
        shelf = shelf_at(hub.url, source="hub")
        with pytest.raises(LoraUnfit) as caught:
            shelf.loras.pull(REPO)
        assert "high.safetensors, low.safetensors" in caught.value.hint()
        with pytest.raises(LoraUnfit, match="no such file"):
            shelf.loras.pull(REPO, "middle.safetensors")
        assert shelf.loras.pull(REPO, "high.safetensors").name == "high"
        assert shelf.loras.pull(REPO, "low.safetensors", "low-2").name == "low-2"
    assert shelf.lora("low-2").read_bytes() == other


def test_what_a_hub_has_may_be_unfit(shelf_at: Shelves, monkeypatch: pytest.MonkeyPatch) -> None:
    """No such file, too large a one, a bad one, no such repository, no name for one, no network wanted."""
    with imitation({"README.md": b"words"}) as hub, pytest.raises(LoraUnfit, match="it has none"):
        shelf_at(hub.url, source="hub").loras.pull(REPO)
    with imitation({"a.safetensors": b"pickle, really"}) as hub:
        shelf = shelf_at(hub.url, source="hub")
        with pytest.raises(WeightsDamaged):
            shelf.loras.pull(REPO)
        with pytest.raises(SourceFailed):
            shelf.loras.pull("acme/other")
        for repo in ("acme", "a/b/c", "../x", "https://x/y"):
            with pytest.raises(InvalidField):
                shelf.loras.pull(repo)
        with pytest.raises(LoraOffline, match="HF_HUB_OFFLINE"):
            shelf_at(hub.url, source="hub", environ={"HF_HUB_OFFLINE": "1"}).loras.pull(REPO)
        monkeypatch.setattr("unstill.adapters.weights.lora_pull.MOST_BYTES", 5)
        with pytest.raises(LoraUnfit, match="is the most"):
            shelf.loras.pull(REPO)
    assert shelf.loras.list() == []


def test_a_fetch_that_was_stopped_goes_on(shelf_at: Shelves, hub: Imitation) -> None:
    """What has come is not fetched again."""
    large = safetensors(9, 400_000, LAYER)
    hub.files = {"film.safetensors": large}
    shelf = shelf_at(hub.url, source="hub", patience=HASTY)
    hub.faults.append(Fault("film.safetensors", times=1, hang_at=150_000))

    def watch(progress: PullProgress) -> None:
        if progress.done_bytes >= 100_000:
            raise Cancelled

    with pytest.raises(LoraPullStopped) as caught:
        shelf.loras.pull(REPO, watch=watch)
    assert f"unstill loras pull {REPO}" in caught.value.hint()
    hub.faults.clear()
    assert shelf.loras.list() == []
    before = sum(asked.sent for asked in hub.asked)
    assert shelf.loras.pull(REPO).sha256 == hashlib.sha256(large).hexdigest()
    assert sum(asked.sent for asked in hub.asked) - before < len(large)
