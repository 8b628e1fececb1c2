"""A folder full of traps: nothing in it runs, and whoever loads from it hears why not."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from dreams import CARD, Shelves, files_in
from hub_imitation import NEEDED, UNET, model, safetensors
from unstill.adapters.weights import WeightShelf
from unstill.adapters.weights.inspect import inspect
from unstill.domain.errors import UnstillError
from unstill.domain.weight_errors import WeightsDamaged, WeightsIncomplete, WeightsUnsafe


class Trap:
    """A pickle that writes the marker when it is opened."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch '{self.marker}'",)


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "marker"


@pytest.fixture
def folder(tmp_path: Path, marker: Path) -> Path:
    """A whole model with a trap of every kind beside what is needed."""
    made = write(tmp_path / "theirs", {name: content for name, content in model().items() if name in NEEDED})
    trap, script = pickle.dumps(Trap(marker)), f"open({str(marker)!r}, 'w')"
    for name in ("pytorch_model.bin", "model.pt", "weights.ckpt", "scheduler.pkl", "pytorch_model.fp16.bin"):
        for place in ("", "unet", "text_encoder", "tokenizer", "scheduler"):
            (made / place / name).write_bytes(trap)
    for place in ("", "unet", "text_encoder", "tokenizer"):
        for name in (
            "pipeline.py",
            "unet.py",
            "modeling_dream.py",
            "__init__.py",
            "conftest.py",
            "sitecustomize.py",
        ):
            (made / place / name).write_text(script)
    (made / "handler.sh").write_text(f"touch {marker}")
    return made


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def edit(folder: Path, name: str, **entries: object) -> None:
    path = folder / name
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **entries}))


@pytest.fixture
def theirs(shelf_at: Shelves, folder: Path) -> WeightShelf:
    """A shelf whose settings name the folder."""
    return shelf_at(weights=(str(folder),))


def everything(shelf: WeightShelf, folder: Path) -> None:
    """Every way in which we touch a folder."""
    for way in (shelf.folder, shelf.facts, shelf.verify,
                lambda card: shelf.adopt(card, folder, accept_licence=True)):  # fmt: skip
        with contextlib.suppress(UnstillError):
            way(CARD)


def test_the_traps_are_live(folder: Path, marker: Path) -> None:
    """Otherwise the tests below would prove nothing."""
    pickle.loads((folder / "unet" / "pytorch_model.bin").read_bytes())
    assert marker.exists()
    marker.unlink()
    subprocess.run([sys.executable, str(folder / "unet" / "pipeline.py")], check=True)
    assert marker.exists()


def test_what_is_not_needed_is_passed_over(
    shelf_at: Shelves, theirs: WeightShelf, folder: Path, marker: Path
) -> None:
    """The model is used as it is; a copy of it holds none of the traps."""
    everything(theirs, folder)
    assert theirs.folder(CARD) == folder
    shelf = shelf_at()
    shelf.adopt(CARD, folder, accept_licence=True)
    assert set(files_in(shelf.folder(CARD))) == NEEDED
    assert not marker.exists()


@pytest.mark.parametrize(
    ("file", "entry"),
    [
        ("text_encoder/config.json", {"auto_map": {"AutoModel": "modeling_dream.Dream"}}),
        ("unet/config.json", {"auto_map": {"AutoModel": "modeling_dream.Dream"}}),
        ("tokenizer/tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["x.Y", None]}}),
        ("text_encoder/config.json", {"text_config": {"deep": [{"auto_map": {"AutoConfig": "a.B"}}]}}),
        ("text_encoder/config.json", {"custom_pipelines": {"p": {"impl": "pipeline.P"}}}),
        ("model_index.json", {"custom_pipeline": "pipeline"}),
        ("model_index.json", {"_class_name": ["pipeline", "Dream"]}),
        ("scheduler/scheduler_config.json", {"_class_name": ["scheduler", "Dream"]}),
        ("model_index.json", {"trust_remote_code": True}),
        ("model_index.json", {"unet": ["pipeline", "Dream"]}),
        ("model_index.json", {"unet": [["a"], "Dream"]}),
        ("model_index.json", {"../outside": ["diffusers", "UNet"]}),
    ],
)
def test_a_configuration_that_asks_for_code(
    theirs: WeightShelf, folder: Path, marker: Path, file: str, entry: dict
) -> None:
    """Is refused by name, wherever it stands."""
    edit(folder, file, **entry)
    with pytest.raises(WeightsUnsafe) as caught:
        theirs.folder(CARD)
    assert caught.value.facts["file"] == file
    assert theirs.facts(CARD).state == "unusable"
    everything(theirs, folder)
    assert not marker.exists()


@pytest.mark.parametrize("file", [UNET, "text_encoder/model.fp16.safetensors"])
def test_a_pickle_in_place_of_safetensors(theirs: WeightShelf, folder: Path, marker: Path, file: str) -> None:
    """Is not loaded for want of better."""
    (folder / file).unlink()
    with pytest.raises(WeightsUnsafe, match="could run code"):
        theirs.folder(CARD)
    everything(theirs, folder)
    assert not marker.exists()


def test_a_pickle_under_a_safe_name(theirs: WeightShelf, folder: Path, marker: Path) -> None:
    """The ending alone makes no safetensors file."""
    (folder / UNET).write_bytes((folder / "unet" / "pytorch_model.bin").read_bytes() + bytes(100))
    with pytest.raises(WeightsDamaged, match="no safetensors"):
        theirs.folder(CARD)
    everything(theirs, folder)
    assert not marker.exists()


def headed(length: int, header: bytes) -> bytes:
    """The start of a safetensors file."""
    return length.to_bytes(8, "little") + header


@pytest.mark.parametrize(
    "content",
    [
        b"", b"1234567", b"\xff" * 8, headed(2**63, b"{}"), headed(3, b"[1]"), headed(2, b"{}tail"),
        headed(4, b'"ab"'),
        safetensors(1, 50)[:-1], safetensors(1, 50) + b"x",
        headed(16, b'{"a": {"b": 1}} '), headed(60_000, b"[" * 60_000),
    ],
)  # fmt: skip
def test_odd_safetensors(theirs: WeightShelf, folder: Path, content: bytes) -> None:
    """Cut off, grown, with a header that is none or without end."""
    (folder / UNET).write_bytes(content)
    with pytest.raises(WeightsDamaged):
        theirs.folder(CARD)


@pytest.mark.parametrize("name", ["config.json", "../../../etc/passwd", "diffusion_pytorch_model.bin",
                                  "sub/model.safetensors", "/etc/model.safetensors", 3, None])  # fmt: skip
def test_a_list_of_shards_that_names_something_else(theirs: WeightShelf, folder: Path, name: object) -> None:
    """It may name safetensors beside it and nothing else."""
    shards(folder, name)
    with pytest.raises(WeightsUnsafe, match="as a part"):
        theirs.folder(CARD)


def test_a_shard_that_is_missing(theirs: WeightShelf, folder: Path) -> None:
    """The list and the folder must agree."""
    shards(folder, "diffusion_pytorch_model.fp16-00002-of-00002.safetensors")
    with pytest.raises(WeightsIncomplete, match="00002-of-00002"):
        theirs.folder(CARD)


def shards(folder: Path, name: object) -> None:
    """Cut the unet in two, of which one is there; the list names ``name`` as the other."""
    (folder / UNET).rename(folder / "unet" / "diffusion_pytorch_model.fp16-00001-of-00002.safetensors")
    where = {"a": "diffusion_pytorch_model.fp16-00001-of-00002.safetensors", "b": name}
    index = folder / "unet" / "diffusion_pytorch_model.safetensors.index.fp16.json"
    index.write_text(json.dumps({"weight_map": where}))


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes with names there")
@pytest.mark.parametrize("file", ["model_index.json", "unet/config.json", UNET])
def test_a_pipe_keeps_nobody_waiting(theirs: WeightShelf, folder: Path, file: str) -> None:
    """What would hang whoever opens it is not opened."""
    (folder / file).unlink()
    os.mkfifo(folder / file)
    with pytest.raises(WeightsUnsafe, match="no ordinary file"):
        theirs.folder(CARD)


@pytest.mark.parametrize("file", ["model_index.json", "tokenizer/vocab.json", "unet/config.json"])
def test_a_text_without_end(theirs: WeightShelf, folder: Path, file: str) -> None:
    """A sparse file of 100 GB is not read."""
    with (folder / file).open("r+b") as sparse:
        sparse.truncate(100 * 2**30)
    with pytest.raises(WeightsUnsafe, match="too large"):
        theirs.folder(CARD)


@pytest.mark.parametrize(
    "content", [b"[" * 200_000, b'{"a":' * 60_000 + b"1" + b"}" * 60_000, b"\xff\xfe", b"3"]
)
@pytest.mark.parametrize("file", ["model_index.json", "unet/config.json"])
def test_a_configuration_that_is_none(theirs: WeightShelf, folder: Path, file: str, content: bytes) -> None:
    """Nested without end, no text, no object."""
    (folder / file).write_bytes(content)
    with pytest.raises(WeightsUnsafe):
        theirs.folder(CARD)


def test_links_to_nowhere_and_in_a_circle(theirs: WeightShelf, folder: Path) -> None:
    """Say what they are."""
    (folder / UNET).unlink()
    (folder / UNET).symlink_to("gone.safetensors")
    with pytest.raises(WeightsDamaged, match="link to nowhere"):
        theirs.folder(CARD)
    (folder / UNET).unlink()
    (folder / UNET).symlink_to(folder / UNET)
    with pytest.raises(UnstillError):
        theirs.folder(CARD)


def test_what_is_missing_is_named(theirs: WeightShelf, folder: Path, tmp_path: Path) -> None:
    """An empty folder, one without an index, one without a tokenizer."""
    for name in ("scheduler", "tokenizer"):
        for path in (folder / name).iterdir():
            path.unlink()
    with pytest.raises(WeightsIncomplete, match=r"(tokenizer|scheduler)/\*\.json is missing"):
        theirs.folder(CARD)
    (tmp_path / "empty").mkdir()
    with pytest.raises(WeightsIncomplete, match=r"model_index\.json is missing"):
        inspect(tmp_path / "empty", "dream")
    with pytest.raises(WeightsIncomplete, match=r"model_index\.json is missing"):
        inspect(tmp_path / "no such folder", "dream")


def test_the_fields_own_loader_runs_nothing_either(folder: Path, marker: Path) -> None:
    """A text encoder of the real class, loaded as engines load it from a folder that was let through."""
    transformers = pytest.importorskip("transformers")
    config = transformers.CLIPTextConfig(
        vocab_size=32, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1
    )
    home = folder / "text_encoder"
    (home / "model.fp16.safetensors").unlink()
    transformers.CLIPTextModel(config).save_pretrained(home)
    found = inspect(folder, "dream").folder
    loaded = transformers.CLIPTextModel.from_pretrained(
        found / "text_encoder", use_safetensors=True, local_files_only=True, trust_remote_code=False
    )
    assert loaded.config.hidden_size == 8
    assert not marker.exists()
