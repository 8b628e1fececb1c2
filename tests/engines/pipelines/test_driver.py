"""The driver over tiny pipelines of every class: what each rung, seed and speed makes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra diffusion is not installed")

from tiny_engine import Clip, apart, engine_of, made, picture, plan_of
from tiny_rows import ONE_OF_A_KIND, TINY, kind_of
from unstill.engines.pipelines import engine as driver
from unstill.engines.pipelines.rows import ROWS
from unstill.engines.pipelines.rungs import Rung

pytestmark = pytest.mark.filterwarnings("ignore")  # the libraries warn of their own ways

Folders = Callable[[str], Path]
BALANCED = {"speed": "balanced"}
EACH = pytest.mark.parametrize("row", sorted(ONE_OF_A_KIND.values()))


@pytest.fixture(autouse=True)
def every_rung(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ladder for the processor as graphics cards have it."""
    monkeypatch.setattr(driver, "LADDERS", {"cpu": tuple(Rung)})


def rungs_of(row: str, *, exact: bool = True) -> list[Rung]:
    found = [rung for rung in Rung if TINY[row].tiles or rung is not Rung.TILED]
    return [rung for rung in found if not (exact and rung.narrows)]


def test_every_row_has_a_tiny_pipeline_of_its_class() -> None:
    assert [row.card.id for row in ROWS] == list(TINY)
    for row in ROWS:
        assert kind_of(row.card.id).pipeline == row.pipeline, row.card.id
        assert kind_of(row.card.id).sound == row.card.sound, row.card.id


@EACH
def test_every_rung_makes_the_same_frames(row: str, folder_of: Folders) -> None:
    """Weights that come block by block compute what resident ones do; decoding a frame that is smaller than
    a tile does, too. Another seed makes another clip, and the same one the same again."""
    engine = engine_of(folder_of(row))
    first = made(engine, plan_of(row, Rung.RESIDENT))
    kind = kind_of(row)
    assert first.frames.shape == (kind.num_frames, *kind.side[::-1], 3)
    assert first.frames.std() > 1
    for rung in rungs_of(row)[1:]:
        assert np.array_equal(made(engine, plan_of(row, rung)).frames, first.frames), rung.name
    other = made(engine, plan_of(row, Rung.RESIDENT, seed=4))
    assert apart(other, first) > 0
    again = made(engine, plan_of(row, Rung.RESIDENT))
    assert np.array_equal(again.frames, first.frames)
    assert list(first.notes) == list(again.notes) == []
    _told_in_order(first)
    _previews_are_pictures(first)
    assert (first.sound is not None) == kind.sound
    if first.sound is not None:
        assert first.sound.samples.dtype == np.float32
        assert np.isfinite(first.sound.samples).all()


def _told_in_order(clip: Clip) -> None:
    stages = list(dict.fromkeys(stage for stage, *_ in clip.ticks))
    assert [stage for stage in stages if stage != "decode"] == ["look", "step"]
    assert clip.ticks[-1][:3] == ("decode", len(clip.frames), len(clip.frames))
    steps = [(done, total) for stage, done, total, _ in clip.ticks if stage == "step"]
    assert steps == sorted(steps)
    assert steps[-1][0] == steps[-1][1] >= 4


def _previews_are_pictures(clip: Clip) -> None:
    assert clip.previews
    for shown in clip.previews:
        assert shown.dtype == np.uint8
        assert shown.ndim == 3
        assert shown.shape[2] == 3
        assert max(shown.shape) == 256
        assert shown.std() > 0


@EACH
def test_weights_in_8_bits_are_near_and_do_not_stay(row: str, folder_of: Folders) -> None:
    """Only where speed may cost a little; an exact clip after it is exact again."""
    engine = engine_of(folder_of(row))
    exact = made(engine, plan_of(row, Rung.RESIDENT))
    narrow = made(engine, plan_of(row, Rung.FP8, options=BALANCED))
    assert 0 < apart(narrow, exact) < 30
    assert np.array_equal(made(engine, plan_of(row, Rung.RESIDENT)).frames, exact.frames)
    made(engine, plan_of(row, Rung.FP8))  # of an exact clip's ladder it is no rung
    assert engine._loaded is not None
    assert not engine._loaded.placement.narrowed


@pytest.mark.parametrize("row", sorted(name for name in ONE_OF_A_KIND.values() if TINY[name].caches))
def test_what_is_kept_between_steps_is_not_kept_between_clips(row: str, folder_of: Folders) -> None:
    engine = engine_of(folder_of(row))
    exact = made(engine, plan_of(row))
    quick = made(engine, plan_of(row, options=BALANCED))
    assert quick.frames.shape == exact.frames.shape
    assert np.array_equal(made(engine, plan_of(row)).frames, exact.frames)
    assert np.array_equal(made(engine, plan_of(row, options=BALANCED)).frames, quick.frames)


@pytest.mark.parametrize(
    "row", sorted(name for name in ONE_OF_A_KIND.values() if TINY[name].card.last_picture != "no")
)
def test_a_last_picture_counts(row: str, folder_of: Folders) -> None:
    """One is not another; a loop is a clip whose last picture is the first; without any it is as before."""
    engine = engine_of(folder_of(row))
    one, other = (made(engine, plan_of(row, last_image=b"z"), picture(row, seed)) for seed in (1, 2))
    assert apart(one, other) > 0
    loop = made(engine, plan_of(row, loop=True, last_image=None))
    assert apart(loop, one) > 0
    assert np.array_equal(loop.frames, made(engine, plan_of(row, last_image=b"z"), picture(row)).frames)
    if TINY[row].card.last_picture == "can":
        bare = made(engine, plan_of(row))
        assert apart(bare, loop) > 0
        assert np.array_equal(made(engine_of(folder_of(row)), plan_of(row)).frames, bare.frames)


def test_words_that_have_no_room_are_said(folder_of: Folders) -> None:
    """A tiny tokenizer has a token for each letter: of 800 of them 512 are read."""
    engine = engine_of(folder_of("wan2.1-i2v-14b-480p"))
    long = made(engine, plan_of("wan2.1-i2v-14b-480p", prompt="catscats" * 100))
    assert list(long.notes) == ["prompt_cut"]
    assert not made(engine, plan_of("wan2.1-i2v-14b-480p")).notes
