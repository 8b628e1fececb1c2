"""The network of the real size, with random weights: minutes, 5 GB of disk and 16 GB of memory."""

from __future__ import annotations

import gc
import json
import os
import resource
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra diffusion is not installed")

from tiny_i2vgen import Extractor, embed, picture, plan, reference, whole, write  # noqa: E402
from unstill.engines.i2vgen_xl.card import PARAMETERS  # noqa: E402
from unstill.engines.i2vgen_xl.checkpoint import open_checkpoint  # noqa: E402
from unstill.engines.i2vgen_xl.conditioning import Conditioner, condition  # noqa: E402
from unstill.engines.i2vgen_xl.hardware import Hardware  # noqa: E402
from unstill.engines.i2vgen_xl.parts import Parts  # noqa: E402
from unstill.engines.i2vgen_xl.rungs import Rung  # noqa: E402
from unstill.engines.i2vgen_xl.sampler import Clip, Sampler, draw  # noqa: E402

CLIP_STAT = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4]}
SIDE, FRAMES, STEPS = 256, 4, 2


def real_sizes() -> dict[str, Any]:
    """The four networks as the hub's configurations have them, random, fp16."""
    from diffusers import AutoencoderKL, I2VGenXLUNet
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(0)
    clip = {"num_attention_heads": 16, "hidden_act": "gelu", "projection_dim": 1024}
    made = {
        "unet": I2VGenXLUNet(sample_size=32),
        "vae": AutoencoderKL(
            block_out_channels=(128, 256, 512, 512), layers_per_block=2, sample_size=768,
            down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        ),
        "text_encoder": CLIPTextModel(CLIPTextConfig(
            vocab_size=49408, hidden_size=1024, intermediate_size=4096, num_hidden_layers=24,
            bos_token_id=49406, eos_token_id=49407, pad_token_id=49407, **clip,
        )),
        "image_encoder": CLIPVisionModelWithProjection(CLIPVisionConfig(
            hidden_size=1280, intermediate_size=5120, num_hidden_layers=32, image_size=224, patch_size=14,
            **clip,
        )),
    }  # fmt: skip
    for module in made["unet"].modules():
        if type(module).__name__ == "TemporalConvLayer":
            torch.nn.init.normal_(module.conv4[-1].weight, std=0.01)
    return {name: module.half().eval().requires_grad_(False) for name, module in made.items()}


def peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The full-size checkpoint on disk, in fp16 safetensors."""
    path = tmp_path_factory.mktemp("full")
    if shutil.disk_usage(path).free < 8 << 30:
        pytest.skip("needs 8 GB of free disk")
    if os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES") < 17 << 30:
        pytest.skip("needs 17 GB of free memory")
    write(path, real_sizes(), variant="fp16")
    config = {"crop_size": {"height": 224, "width": 224}, **CLIP_STAT}
    (path / "feature_extractor/preprocessor_config.json").write_text(json.dumps(config))
    gc.collect()
    yield path
    shutil.rmtree(path)


def ours(path: Path, shown: np.ndarray) -> tuple[Any, Any, float]:
    """Latents, the embeddings of both prompts, and the peak of resident memory in GiB."""
    hardware = Hardware(torch.device("cpu"), torch.float32, (Rung.CHUNKED,))
    parts = Parts(open_checkpoint(path, "i2vgen-xl", torch.float32), hardware)
    counted = {name: sum(p.numel() for p in m.parameters()) for name, m in parts.checkpoint.modules.items()}
    assert counted == PARAMETERS
    made = plan(size=f"{SIDE}x{SIDE}", num_frames=FRAMES, num_inference_steps=STEPS)
    conditioner, (generator, noise) = Conditioner(parts), draw(made.seed, FRAMES, SIDE // 8, SIDE // 8)
    words = [conditioner.words(text, Rung.CHUNKED) for text in ("", "the cat")]
    given = condition(words, conditioner.picture(whole(shown), Rung.CHUNKED), generator)
    sampler = Sampler(Clip(given, noise, STEPS, 9.0, 16.0), parts)
    for _ in range(STEPS):
        sampler.step(Rung.CHUNKED)
    return sampler.latents, words, peak_gib()


@pytest.mark.soak
@pytest.mark.timeout(5400)
def test_two_steps_of_the_real_size_are_those_of_diffusers(
    folder: Path, monkeypatch: pytest.MonkeyPatch, record_property: Any
) -> None:
    """From fp16 files, computed in fp32, at 256 x 256 and 4 frames; and how much memory ours took."""
    shown = picture(SIDE, SIDE)
    latents, words, peak = ours(folder, shown)
    record_property("peak_gib", peak)
    print(f"peak resident memory {peak:.2f} GiB")
    assert peak < 16
    gc.collect()
    monkeypatch.setattr(Extractor, "crop_size", {"height": 224, "width": 224})
    found = open_checkpoint(folder, "i2vgen-xl", torch.float32)
    loaded = found.modules
    embedded = [embed(loaded["text_encoder"], found.tokens.ids(text)) for text in ("", "the cat")]
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(words, embedded, strict=True))
    others = reference(
        loaded, shown, 5, (embedded[0], embedded[1]), height=SIDE, width=SIDE, num_frames=FRAMES,
        num_inference_steps=STEPS, guidance_scale=9.0, target_fps=16, output_type="latent",
    )[0].transpose(0, 1)  # fmt: skip
    furthest = float((latents - others).abs().max() / others.abs().max())
    print(f"largest relative difference {furthest:.2e}")
    assert furthest < 1e-3
