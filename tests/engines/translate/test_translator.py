"""The translator: MarianMT from the hub's files, sentence by sentence."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra diffusion is not installed")

import torch
from safetensors.torch import load_file, save_file
from transformers import MarianMTModel, MarianTokenizer

from tiny_marian import write
from unstill.core.ports import Weights
from unstill.domain.errors import Cancelled
from unstill.domain.prompt_language import has_han
from unstill.domain.weight_errors import WeightsDamaged, WeightsMissing
from unstill.engines.translate.cards import ZH_EN
from unstill.engines.translate.marian import Marian
from unstill.engines.translate.sentences import sentences
from unstill.engines.translate.translator import Translator
from unstill.settings import Settings
from unstill.wiring import House

CAT, PETALS = "一只猫坐在窗边看雨。", "花瓣随风飘落！"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("marian"))


@pytest.fixture
def ruined(folder: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def shelf(folder: Path, models: Path) -> Weights:
    return House(Settings(weights=(f"{ZH_EN.id}={folder}",), models_dir=models)).weights


def told(_done: int, _of: int) -> None:
    """Nobody."""


@pytest.mark.filterwarnings("ignore:.*sacremoses.*")
def test_a_sentence_as_the_library_itself_translates_it(folder: Path) -> None:
    """With its tokenizer and its search, by the files' own generation configuration."""
    tokenizer = MarianTokenizer.from_pretrained(folder)
    network = MarianMTModel.from_pretrained(folder)
    with torch.no_grad():
        ids = network.generate(**tokenizer([CAT], return_tensors="pt"))
    expected = tokenizer.batch_decode(ids, skip_special_tokens=True)[0]
    assert network.generation_config.num_beams == 3
    assert Marian(folder, "m").translate([CAT], told) == [expected]


def test_texts_are_translated_sentence_by_sentence(folder: Path) -> None:
    """What is English already stays, with English punctuation; every Chinese sentence is one of its own."""
    seen: list[tuple[int, int]] = []
    made = Marian(folder, "m").translate(
        [f"{CAT}4k, cinematic。{PETALS}", CAT, PETALS], lambda *at: seen.append(at)
    )
    assert made[0] == f"{made[1]} 4k, cinematic. {made[2]}"
    assert made[1] != made[2]
    assert not has_han("".join(made))
    assert seen == [(n, 5) for n in range(6)]


def test_a_sentence_that_is_too_long_is_cut(folder: Path) -> None:
    """At its commas, or in the middle where there are none; nothing gets lost."""

    def fits(part: str) -> bool:
        return len(part) <= 12

    clauses = "镜头缓慢推近，云在飘动，一个女孩在海边走过来"
    assert sentences(clauses, fits) == ["镜头缓慢推近，", "云在飘动，", "一个女孩在海边走过来"]
    halves = sentences("猫" * 40, fits)
    assert (max(map(len, halves)) <= 12, "".join(halves)) == (True, "猫" * 40)
    english = "no Chinese in it, and however long that is"
    assert sentences(english, fits) == [english]
    assert sentences("  \n。", fits) == ["。"]
    long = Marian(folder, "m").translate(["模糊" * 300], told)
    assert len(long[0].split()) > 1


def test_it_needs_no_further_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tokenizer's advice to install one is nobody's business; a warning would be an error here."""
    expected = Marian(folder, "m").translate([CAT], told)
    monkeypatch.setitem(sys.modules, "sacremoses", None)
    assert Marian(folder, "m").translate([CAT], told) == expected


def test_damaged_files_are_named(ruined: Path) -> None:
    """A tensor less, a vocabulary that is none, a vocabulary that is larger than the network."""
    tensors = load_file(ruined / "model.safetensors")
    lacking = {k: v for k, v in tensors.items() if not k.endswith("fc1.weight")}
    save_file(lacking, ruined / "model.safetensors", {"format": "pt"})
    with pytest.raises(WeightsDamaged, match=r"model\.safetensors of the model m is damaged"):
        Marian(ruined, "m")
    save_file(tensors, ruined / "model.safetensors", {"format": "pt"})
    vocab = json.loads((ruined / "vocab.json").read_bytes())
    more = {**vocab, **{f"more{n}": len(vocab) + n for n in range(5)}}
    for content in (b"[", json.dumps(more).encode()):
        (ruined / "vocab.json").write_bytes(content)
        with pytest.raises(WeightsDamaged, match=r"vocab\.json"):
            Marian(ruined, "m")


def test_a_translator_without_files(tmp_path: Path) -> None:
    """It says which are missing, for what, and how large they are."""
    bare = Translator(House(Settings(models_dir=tmp_path)).weights)
    for call in (bare.require, lambda: bare.translate([CAT])):
        with pytest.raises(WeightsMissing, match=ZH_EN.id) as caught:
            call()
        assert caught.value.param == "translate"
        assert re.search(r"models pull opus-mt-zh-en.*MiB.*CC-BY-4\.0", caught.value.hint())


def test_what_was_translated_is_remembered(folder: Path, tmp_path: Path) -> None:
    """Even when the files are gone by then; a text that is asked for twice is one piece of work."""
    ticks: list[tuple[str, int, int]] = []
    weights = shelf(folder, tmp_path)
    translator = Translator(weights)
    first = translator.translate(
        [CAT, CAT], lambda stage, done, total, _=None: ticks.append((stage, done, total))
    )
    assert first[0] == first[1]
    assert ticks == [("translate", 0, 1), ("translate", 0, 1), ("translate", 1, 1)]
    again = translator.translate([CAT], lambda *_: pytest.fail("nothing is to be done"))
    assert again == first[:1]


def test_a_cancel_is_heeded_between_two_sentences(folder: Path, tmp_path: Path) -> None:
    """And the next call starts anew."""
    translator = Translator(shelf(folder, tmp_path))

    def stop(_stage: str, done: int, _total: int, _preview: object = None) -> None:
        if done == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        translator.translate([CAT + PETALS], stop)
    assert translator.translate([CAT + PETALS])[0]


def test_the_real_ones_files() -> None:
    """Safetensors, and no file that could hold code."""
    assert ZH_EN.repo == "Helsinki-NLP/opus-mt-zh-en"
    assert {name.rpartition(".")[2] for name in ZH_EN.files} == {"json", "safetensors", "spm"}
    assert re.fullmatch("[0-9a-f]{40}", str(ZH_EN.revision))
