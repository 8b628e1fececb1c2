"""LoRA files on the driver's pipelines, made by peft and saved in the hub's layout of keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra diffusion is not installed")
pytest.importorskip("peft", reason="the extra diffusion is not installed")

import torch
from safetensors.torch import load_file, save_file

from tiny_engine import Clip, apart, engine_of, made, plan_of
from tiny_rows import TINY
from unstill.domain.errors import NotOffered
from unstill.domain.weight_errors import LightningMissing, LoraDamaged, LoraForAnother, LoraUnknown
from unstill.engines.pipelines.loras import KEPT

pytestmark = pytest.mark.filterwarnings("ignore")  # the libraries warn of their own ways

Folders = Callable[[str], Path]
WAN, LTX, COG = "wan2.1-i2v-14b-480p", "ltx-video-2b", "cogvideox-1.5-5b"
EXPERTS = "wan2.2-i2v-a14b"
RANK = 2


def lora_file(row: str, model: Path, path: Path, seed: int = 0, strength: float = 0.5) -> Path:
    """A LoRA of the attention layers of a row's denoiser, random, as training scripts save it."""
    import diffusers
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    pipeline = getattr(diffusers, TINY[row].pipeline)
    network = getattr(diffusers, _class_of(model)).from_pretrained(model / "transformer")
    network.add_adapter(LoraConfig(r=RANK, lora_alpha=RANK, target_modules=["to_q", "to_k", "to_v"]))
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        for name, values in network.named_parameters():
            if "lora_" in name:
                values.normal_(0, strength)
    layers = get_peft_model_state_dict(network)
    pipeline.save_lora_weights(path.parent, transformer_lora_layers=layers, weight_name=path.name)
    return path


def _class_of(model: Path) -> str:
    import json

    return str(json.loads((model / "transformer" / "config.json").read_text())["_class_name"])


def uses(**weights: float) -> list[dict[str, Any]]:
    return [{"source": name, "weight": weight} for name, weight in weights.items()]


def _worn(network: Any) -> dict[str, dict[str, torch.Tensor]]:
    """Of each layer that has any, the first matrix of every LoRA on it, by the LoRA's name."""
    return {
        name: {each: matrix.weight.data for each, matrix in layer.lora_A.items()}
        for name, layer in network.named_modules()
        if hasattr(layer, "lora_A")
    }


@pytest.mark.parametrize("row", [WAN, LTX, COG])
def test_loras_go_on_and_off(row: str, folder_of: Folders, tmp_path: Path) -> None:
    """By their weights, one and two at a time; at weight 0, and off again, the model is as it was."""
    one = lora_file(row, folder_of(row), tmp_path / "one.safetensors")
    two = lora_file(row, folder_of(row), tmp_path / "two.safetensors", seed=1)
    engine = engine_of(folder_of(row), one=one, two=two)

    def clip(**weights: float) -> Clip:
        return made(engine, plan_of(row, loras=uses(**weights)))

    bare = clip()
    whole, half = clip(one=1), clip(one=0.5)
    other, both = clip(two=1), clip(one=1, two=1)
    different = [bare, whole, half, other, both]
    for number, first in enumerate(different):
        assert first.frames.std() > 1
        for second in different[number + 1 :]:
            assert apart(first, second) > 0
    assert np.array_equal(clip(one=0).frames, bare.frames)
    assert np.array_equal(clip(one=1, two=0).frames, whole.frames)
    assert np.array_equal(clip().frames, bare.frames)
    assert np.array_equal(clip(one=1).frames, whole.frames)
    fresh = engine_of(folder_of(row), two=two)
    assert np.array_equal(made(fresh, plan_of(row, loras=uses(two=1))).frames, other.frames)


@pytest.mark.parametrize(("row", "of"), [(WAN, LTX), (LTX, WAN), (COG, WAN)])
def test_one_of_another_model_is_refused(row: str, of: str, folder_of: Folders, tmp_path: Path) -> None:
    """In both languages; the model is as it was, and takes its own."""
    strange = lora_file(of, folder_of(of), tmp_path / "strange.safetensors")
    own = lora_file(row, folder_of(row), tmp_path / "own.safetensors")
    engine = engine_of(folder_of(row), strange=strange, own=own)
    bare = made(engine, plan_of(row))
    for weights in ({"strange": 1.0}, {"own": 1.0, "strange": 0.5}):
        with pytest.raises(LoraForAnother) as caught:
            made(engine, plan_of(row, loras=uses(**weights)))
        for language in ("en", "zh"):
            assert "strange.safetensors" in caught.value.message(language)
            assert caught.value.hint(language)
    assert np.array_equal(made(engine, plan_of(row)).frames, bare.frames)
    assert apart(made(engine, plan_of(row, loras=uses(own=1))), bare) > 0


@pytest.mark.parametrize("row", [WAN, LTX, COG])
def test_one_of_a_larger_sister_leaves_nothing_behind(row: str, folder_of: Folders, tmp_path: Path) -> None:
    """Its layers have the right names and another width: found out half-way."""
    own = lora_file(row, folder_of(row), tmp_path / "own.safetensors")
    wide = {
        name: torch.cat([each, each], 1 if "lora_A" in name else 0) for name, each in load_file(own).items()
    }
    save_file(wide, tmp_path / "wide.safetensors")
    engine = engine_of(folder_of(row), own=own, wide=tmp_path / "wide.safetensors")
    bare = made(engine, plan_of(row))
    for _ in range(2):
        with pytest.raises(LoraForAnother):
            made(engine, plan_of(row, loras=uses(wide=1)))
    assert np.array_equal(made(engine, plan_of(row)).frames, bare.frames)
    worn = made(engine, plan_of(row, loras=uses(own=1)))
    fresh = made(engine_of(folder_of(row), own=own), plan_of(row, loras=uses(own=1)))
    assert np.array_equal(worn.frames, fresh.frames)
    assert apart(worn, bare) > 0


def test_files_that_are_none(folder_of: Folders, tmp_path: Path) -> None:
    """One that is cut off, one without a layer of any model, one that is not there."""
    own = lora_file(WAN, folder_of(WAN), tmp_path / "own.safetensors")
    cut, empty = tmp_path / "cut.safetensors", tmp_path / "empty.safetensors"
    cut.write_bytes(own.read_bytes()[:-100])
    save_file({"x": torch.zeros(1)}, empty)
    engine = engine_of(folder_of(WAN), cut=cut, empty=empty)
    for name, kind in (("cut", LoraDamaged), ("empty", LoraForAnother), ("gone", LoraUnknown)):
        with pytest.raises(kind):
            made(engine, plan_of(WAN, loras=uses(**{name: 1.0})))
    assert made(engine, plan_of(WAN)).frames.std() > 1


def test_a_model_without_them_says_so() -> None:
    with pytest.raises(NotOffered):
        plan_of("svd", loras=uses(one=1))


def test_both_experts_wear_it(folder_of: Folders, tmp_path: Path) -> None:
    """A14B's two networks: each of them with the LoRA's layers, and switched off by themselves."""
    path = lora_file(EXPERTS, folder_of(EXPERTS), tmp_path / "one.safetensors")
    engine = engine_of(folder_of(EXPERTS), one=path)
    bare = made(engine, plan_of(EXPERTS))
    worn = made(engine, plan_of(EXPERTS, loras=uses(one=1)))
    assert apart(worn, bare) > 0
    assert engine._loaded is not None
    worn_by = [_worn(getattr(engine._loaded.pipe, name)) for name in ("transformer", "transformer_2")]
    assert [len(each) for each in worn_by] == [2 * 2 * 3] * 2  # blocks, attentions, projections
    assert all(len(each) == 1 for found in worn_by for each in found.values())
    assert np.array_equal(made(engine, plan_of(EXPERTS)).frames, bare.frames)


def test_four_steps_with_the_files_made_for_it(folder_of: Folders, tmp_path: Path) -> None:
    """Each expert wears its own file, at full weight; without a file it is said which one is missing. An
    ordinary clip after it is as before, and a LoRA goes beside them."""
    few = TINY[EXPERTS].lightning
    assert few is not None
    names = {name: few.name(name) for name in few.files}
    files = {
        name: lora_file(EXPERTS, folder_of(EXPERTS), tmp_path / f"{name}.safetensors", seed)
        for seed, name in enumerate([*names.values(), "own"])
    }
    engine = engine_of(folder_of(EXPERTS), **files)
    bare = made(engine, plan_of(EXPERTS))
    plan = plan_of(EXPERTS, options={"lightning": "4-step"}, num_inference_steps=None)
    assert (plan.request.num_inference_steps, plan.request.guidance_scale) == (4, 1.0)
    quick = made(engine, plan)
    assert apart(quick, bare) > 0
    assert {total for stage, _, total, _ in quick.ticks if stage == "step"} == {4}
    assert engine._loaded is not None
    first, second = (_worn(getattr(engine._loaded.pipe, name)) for name in few.files)
    assert set(first) == set(second)
    for name, own in first.items():
        assert len(own) == len(second[name]) == 1
        for denoiser, found in ((names["transformer"], own), (names["transformer_2"], second[name])):
            given = load_file(files[denoiser])[f"transformer.{name}.lora_A.weight"]
            assert torch.equal(*found.values(), given)
    beside = made(engine, plan_of(EXPERTS, options={"lightning": "4-step"}, loras=uses(own=1)))
    assert apart(beside, quick) > 0
    assert np.array_equal(made(engine, plan).frames, quick.frames)
    assert np.array_equal(made(engine, plan_of(EXPERTS)).frames, bare.frames)
    lacking = engine_of(folder_of(EXPERTS), **dict(list(files.items())[:1]))
    with pytest.raises(LightningMissing) as caught:
        made(lacking, plan)
    assert few.files["transformer_2"] in caught.value.message("en") + caught.value.hint("en")
    assert few.repo in caught.value.hint("zh")


def test_another_file_under_the_same_name_is_another(folder_of: Folders, tmp_path: Path) -> None:
    """A warm model must not go on with the file that was there before."""
    path = lora_file(WAN, folder_of(WAN), tmp_path / "one.safetensors")
    engine = engine_of(folder_of(WAN), one=path)
    first = made(engine, plan_of(WAN, loras=uses(one=1.0)))
    path.unlink()
    lora_file(WAN, folder_of(WAN), path, seed=7)
    second = made(engine, plan_of(WAN, loras=uses(one=1.0)))
    assert apart(first, second) > 0
    fresh = made(engine_of(folder_of(WAN), one=path), plan_of(WAN, loras=uses(one=1.0)))
    assert np.array_equal(second.frames, fresh.frames)


def test_few_stay_on_that_no_clip_wears(folder_of: Folders, tmp_path: Path) -> None:
    files = {
        f"n{number}": lora_file(WAN, folder_of(WAN), tmp_path / f"{number}.safetensors", seed=number)
        for number in range(KEPT + 3)
    }
    engine = engine_of(folder_of(WAN), **files)
    clips = [made(engine, plan_of(WAN, loras=uses(**{name: 1.0}))) for name in files]
    pipe: Any = engine._loaded and engine._loaded.pipe
    assert len(next(iter(_worn(pipe.transformer).values()))) <= KEPT + 1
    again = made(engine, plan_of(WAN, loras=uses(n0=1.0)))
    assert np.array_equal(again.frames, clips[0].frames)


def test_numbers_that_are_none_are_said_to_be_the_files(folder_of: Folders, tmp_path: Path) -> None:
    path = lora_file(WAN, folder_of(WAN), tmp_path / "one.safetensors")
    layers = load_file(path)
    save_file({name: values * float("nan") for name, values in layers.items()}, path)
    with pytest.raises(LoraDamaged):
        made(engine_of(folder_of(WAN), one=path), plan_of(WAN, loras=uses(one=1.0)))
