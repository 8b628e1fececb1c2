"""The family as the rest of the house meets it, with or without torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from testcard import CARD
from testcard import family as testcard
from unstill.core.plan import Plan, default_first, make_plan
from unstill.core.ports import Accelerator, Machine
from unstill.domain.errors import ExtraMissing, NotAChoice, NotOffered, OutOfRange
from unstill.domain.request import VideoRequest
from unstill.engines import i2vgen_xl
from unstill.engines.i2vgen_xl import family
from unstill.engines.i2vgen_xl.card import CARD as MODEL
from unstill.engines.i2vgen_xl.card import NEGATIVE_PROMPT
from unstill.engines.i2vgen_xl.estimate import OVERHEAD_BYTES, clip_flops, step_flops
from unstill.engines.i2vgen_xl.memory import device_bytes
from unstill.engines.i2vgen_xl.recipe import Recipe, recipe_of
from unstill.engines.i2vgen_xl.rungs import WORDS, Rung
from unstill.engines.placement import allocator
from unstill.wiring import discover

HERE = Machine(cores=2, memory_bytes=64 << 30)
CARD_4090 = Accelerator("NVIDIA GeForce RTX 4090", 24 << 30, 23 << 30, (8, 9), 16384, 2.52e9, 1.008e12)
GPU = Machine(cores=8, memory_bytes=64 << 30, device="cuda:0", accelerator=CARD_4090)
GIB = 1 << 30


def plan(picture: tuple[int, int] = (1600, 900), machine: Machine = HERE, **fields: Any) -> Plan:
    return make_plan(VideoRequest(**{"prompt": "a cat walks", **fields}), picture, [family], machine)


def codes(made: Plan) -> list[str]:
    return [said.code for said in made.notes if said.code not in ("takes_long", "no_gpu")]


def test_it_joins_by_its_entry_point_without_torch() -> None:
    """Looking at models, and planning, loads none of the heavy libraries."""
    code = """
import sys
from importlib.metadata import EntryPoint
from unstill.core.plan import make_plan
from unstill.core.ports import Accelerator, Machine
from unstill.domain.request import VideoRequest
from unstill.wiring import discover
(found,), _ = discover([EntryPoint("i2vgen-xl", "unstill.engines.i2vgen_xl:family", "unstill.engines")])
make_plan(VideoRequest(prompt="cat"), (640, 480), [found], Machine(2, 1 << 30)).to_json()
loaded = {name.split(".")[0] for name in sys.modules}
print(sorted(loaded & {"torch", "diffusers", "transformers", "PIL", "numpy", "cv2"}))
"""
    probe = [sys.executable, "-c", code]
    done = subprocess.run(probe, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_defaults_are_the_classic_ones() -> None:
    """512p, crop, 16 frames, 8 fps, 50 steps, guidance 9, DDIM, and the authors' negative prompt."""
    made = plan()
    assert (made.width, made.height, made.fit, made.num_frames, made.fps) == (512, 512, "crop", 16, 8)
    assert (made.request.num_inference_steps, made.request.guidance_scale) == (50, 9.0)
    assert made.option("target_fps") == 16
    assert made.details["scheduler"] == "ddim"
    assert made.details["negative_prompt_used"] == NEGATIVE_PROMPT
    assert recipe_of(made) == Recipe()
    assert codes(made) == []
    assert made.to_json()["generative"] is True
    json.dumps(made.to_json())


def test_an_empty_negative_prompt_is_a_wish() -> None:
    """Unlike none at all."""
    assert plan(negative_prompt="").details["negative_prompt_used"] == ""
    assert plan(negative_prompt="fog").details["negative_prompt_used"] == "fog"


@pytest.mark.parametrize(
    ("fields", "warned"),
    [
        ({"size": "512p"}, False), ({"size": "768p"}, False), ({"size": "1024p"}, False),
        ({"size": "1280x704"}, False), ({"size": "704x1280"}, False), ({"size": "512x1024"}, False),
        ({"size": "504x1024"}, True), ({"size": "64x64"}, True), ({"size": "1280x1032"}, True),
        ({"size": "512p", "fit": "keep"}, False), ({"size": "320x320", "fit": "keep"}, True),
    ],
)  # fmt: skip
def test_untrained_sizes_are_made_with_a_warning(fields: dict[str, str], warned: bool) -> None:
    """From 512p to 1024p, the native 1280x704 with them, nothing is said."""
    made = plan(**fields)
    assert ("outside_training" in codes(made)) is warned
    if warned:
        said = next(said for said in made.notes if said.code == "outside_training")
        assert "outside what the model was trained for" in said.text()
        assert f"{made.width}x{made.height}" in said.text("zh")


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"size": "1288x512"}, OutOfRange), ({"size": "56x64"}, OutOfRange), ({"num_frames": 65}, OutOfRange),
        ({"num_frames": 0}, OutOfRange), ({"guidance_scale": 0.5}, OutOfRange),
        ({"options": {"speed": "warp"}}, NotAChoice), ({"options": {"scheduler": "euler"}}, NotAChoice),
        ({"options": {"target_fps": 0}}, OutOfRange), ({"loop": True}, NotOffered),
        ({"interpolate": 2}, NotOffered),
    ],
)  # fmt: skip
def test_limits_are_named(fields: dict[str, Any], kind: type[Exception]) -> None:
    """64 to 1280 in multiples of 8, 1 to 64 frames, and no other words than those offered."""
    with pytest.raises(kind):
        plan(**fields)


def test_sides_come_in_multiples_of_eight() -> None:
    """What has to change is said."""
    made = plan(size="517x701", fit="crop")
    assert (made.width, made.height) == (520, 704)
    assert codes(made) == ["size_snapped"]


def test_speed_is_never_chosen_and_always_said() -> None:
    """Fewer steps and cut corners come by their name, in the plan and in the video's own record."""
    for speed, steps, reuse in (("balanced", 25, 1), ("fast", 20, 2)):
        made = plan(options={"speed": speed})
        assert made.request.num_inference_steps == steps
        recipe = recipe_of(made)
        assert (recipe.scheduler, recipe.reuse, recipe.exact) == ("dpm++", reuse, False)
        (said,) = [said for said in made.notes if said.code == "speed_chosen"]
        assert f"{steps} steps" in said.text()
        assert speed in said.text("zh")
    assert recipe_of(plan(options={"speed": "exact"})).exact


def test_what_is_asked_for_wins_over_speed() -> None:
    """Steps and scheduler of one's own."""
    made = plan(num_inference_steps=12, options={"speed": "fast", "scheduler": "unipc"})
    assert made.request.num_inference_steps == 12
    assert recipe_of(made).scheduler == "unipc"
    assert "unipc, 12 steps" in next(n.text() for n in made.notes if n.code == "speed_chosen")


@pytest.mark.parametrize(
    ("prompt", "warned"),
    [("a cat", False), ("", False), ("123 …!", False), ("un café à Paris", False), ("一只猫", True),
     ("кот идёт", True), ("a cat 猫", False)],
)  # fmt: skip
def test_foreign_words_are_noticed(prompt: str, warned: bool) -> None:
    """The text encoder was taught in English."""
    assert ("prompt_not_english" in codes(plan(prompt=prompt))) is warned


def test_a_plan_can_be_made_again_from_its_own_request() -> None:
    """The same recipe comes out."""
    made = plan(options={"speed": "fast"}, seed=3)
    again = make_plan(made.request, (1600, 900), [family], HERE)
    assert again.details == made.details
    assert again.request == made.request


# --- the cost -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "counted"),
    [
        ((512, 512, 16), 41.870),
        ((768, 768, 24), 157.494),
        ((1024, 1024, 16), 213.800),
        ((1280, 704, 16), 176.189),
    ],
)
def test_the_cost_of_a_step_is_that_of_its_operations(size: tuple[int, int, int], counted: float) -> None:
    """Teraflops counted operation by operation on the real network."""
    assert step_flops(*size) / 1e12 == pytest.approx(counted, rel=2e-3)


def test_a_clip_costs_its_steps_and_its_frames() -> None:
    """2.135 petaflops for the classic case, counted."""
    assert clip_flops(plan(), Recipe()) / 1e15 == pytest.approx(2.135, rel=5e-3)
    unguided = plan(guidance_scale=1.0)
    assert clip_flops(unguided, Recipe()) < 0.55 * clip_flops(plan(), Recipe())


def test_a_processor_is_told_hours() -> None:
    """The truth about a computer without a graphics card."""
    made = plan()
    assert made.estimate.seconds > 3 * 3600
    assert "takes_long" in [said.code for said in made.notes]
    assert 10 * GIB < made.estimate.peak_bytes < 16 * GIB
    assert make_plan(made.request, (512, 512), [family], GPU).estimate.seconds < 120
    assert not make_plan(made.request, (512, 512), [family], Machine(2, 8 * GIB)).fits


def test_every_rung_has_its_words() -> None:
    """In both languages, each its own."""
    assert set(WORDS) == set(Rung)
    assert len({words for pair in WORDS.values() for words in pair}) == 2 * len(Rung)


def test_unknown_devices_are_estimated_as_processors() -> None:
    """Rather too slow than too quick."""
    odd = make_plan(plan().request, (512, 512), [family], Machine(2, 64 * GIB, "xpu"))
    assert odd.estimate.seconds == plan().estimate.seconds
    assert odd.estimate.peak_bytes == plan().estimate.peak_bytes


# --- the default --------------------------------------------------------------------------------------------


def test_it_is_the_default_where_there_is_a_gpu_and_weights() -> None:
    """And nowhere else: there the model that needs neither stays first."""
    families = [testcard, family]
    assert default_first(families, GPU, lambda card: card is MODEL)[0] is family
    assert default_first(families, GPU, lambda _: False) == families
    assert default_first(families, HERE, lambda _: True) == families
    assert not CARD.generative


# --- what it needs ------------------------------------------------------------------------------------------


def test_without_torch_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra, by its name."""
    monkeypatch.setattr(i2vgen_xl, "LIBRARIES", ("no_such_library_anywhere",))
    with pytest.raises(ExtraMissing, match="diffusion") as caught:
        family.engine(None)  # type: ignore[arg-type]
    assert "pip install 'unstill[diffusion]'" in caught.value.hint()


def test_the_licence_says_both() -> None:
    """Its two sources differ, and each is named, in both languages."""
    assert "MIT" in MODEL.licence
    assert "non-commercial" in MODEL.licence
    for language in ("en", "zh"):
        first, second = (said[language] for said in MODEL.licence_notes)
        assert "MIT" in first
        assert "ali-vilab/VGen" in second


def test_it_registers_in_the_package() -> None:
    """By the same group that a stranger's engine would use."""
    named = EntryPoint("i2vgen-xl", "unstill.engines.i2vgen_xl:family", "unstill.engines")
    assert discover([named]) == ([family], [])
    project = (Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8")
    assert 'i2vgen-xl = "unstill.engines.i2vgen_xl:family"' in project


# --- before torch is imported -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("torch", "name"), [((2, 6), allocator.OLD_ALLOCATOR), ((2, 13), allocator.ALLOCATOR)]
)
def test_the_allocator_is_set_by_the_name_that_torch_heeds(
    torch: tuple[int, int], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only before torch is imported, and never over what the person set."""
    for each in (allocator.ALLOCATOR, allocator.OLD_ALLOCATOR, allocator.COMPILED):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setattr(allocator, "_torch_version", lambda: torch)
    monkeypatch.setattr(sys, "modules", {k: v for k, v in sys.modules.items() if k != "torch"})
    monkeypatch.setattr(sys, "platform", "linux")
    allocator.choose_allocator()
    assert os.environ[name] == "expandable_segments:True"
    assert os.environ[allocator.COMPILED].endswith("compiled")
    assert len({allocator.ALLOCATOR, allocator.OLD_ALLOCATOR} & set(os.environ)) == 1
    monkeypatch.setenv(name, "backend:cudaMallocAsync")
    allocator.choose_allocator()
    assert os.environ[name] == "backend:cudaMallocAsync"


def test_the_allocator_is_left_alone_once_torch_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would come too late."""
    monkeypatch.delenv(allocator.ALLOCATOR, raising=False)
    monkeypatch.delenv(allocator.OLD_ALLOCATOR, raising=False)
    monkeypatch.setitem(sys.modules, "torch", object())  # type: ignore[arg-type]
    allocator.choose_allocator()
    assert not {allocator.ALLOCATOR, allocator.OLD_ALLOCATOR} & set(os.environ)


def test_the_cards_memory_is_what_the_planner_counts() -> None:
    plan = make_plan(VideoRequest(prompt="a boat", model=MODEL.id), (512, 512), [family], HERE)
    counted = {rung.name.lower(): OVERHEAD_BYTES["cuda"] + device_bytes(plan, rung, 2) for rung in Rung}
    assert MODEL.memory == counted
