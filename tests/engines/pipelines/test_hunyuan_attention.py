"""HunyuanVideo 1.5 attended over what counts alone: the numbers of diffusers' masks, without the masks."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

import numpy as np  # noqa: E402
from diffusers import HunyuanVideo15ImageToVideoPipeline  # noqa: E402
from diffusers.models.transformers.transformer_hunyuan_video15 import (  # noqa: E402
    HunyuanVideo15AttnProcessor2_0,
)
from PIL import Image  # noqa: E402

from tiny_pipelines import KINDS  # noqa: E402
from unstill.engines.pipelines.hunyuan_attention import ValidTokensOnly  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> HunyuanVideo15ImageToVideoPipeline:
    folder: Path = tmp_path_factory.mktemp("hunyuan")
    KINDS["hunyuanvideo-1.5"].build(folder)
    made = HunyuanVideo15ImageToVideoPipeline.from_pretrained(folder, local_files_only=True)
    made.set_progress_bar_config(disable=True)
    return made


def clip(pipe: HunyuanVideo15ImageToVideoPipeline, prompt: str) -> np.ndarray:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    generator = torch.Generator().manual_seed(3)
    made = pipe(image=picture, prompt=prompt, num_frames=5, num_inference_steps=2, generator=generator,
                output_type="np")  # fmt: skip
    return np.asarray(made.frames[0])


@pytest.mark.parametrize("prompt", ["", "a cat", 'a sign that says "OPEN" over a door'])
def test_the_numbers_are_those_of_the_masks(pipe: HunyuanVideo15ImageToVideoPipeline, prompt: str) -> None:
    stock = pipe.transformer.attn_processors
    expected = clip(pipe, prompt)
    ours = ValidTokensOnly()
    for block in pipe.transformer.transformer_blocks:
        block.attn.set_processor(ours)
    try:
        made = clip(pipe, prompt)
    finally:
        pipe.transformer.set_attn_processor(stock)
    assert np.isfinite(made).all()
    assert np.abs(made - expected).max() < 2e-5
    assert made.std() > 1e-3


def test_no_matrix_of_all_pairs_is_made(pipe: HunyuanVideo15ImageToVideoPipeline) -> None:
    """The largest tensor that a pass makes grows with the tokens, not with their square."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Largest(TorchDispatchMode):
        most = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            out = func(*args, **(kwargs or {}))
            if isinstance(out, torch.Tensor) and out.dtype == torch.bool:
                self.most = max(self.most, out.numel())
            return out

    block = pipe.transformer.transformer_blocks[0]
    clip_states, text_states = (torch.randn(1, count, block.attn.to_q.in_features) for count in (400, 40))
    mask = torch.arange(40)[None] < 12

    def most(processor: HunyuanVideo15AttnProcessor2_0) -> int:
        with torch.no_grad(), Largest() as seen:
            processor(block.attn, clip_states, text_states, mask)
        return seen.most

    assert most(block.attn.processor) >= 440**2
    assert most(ValidTokensOnly()) <= 440


def test_a_batch_of_two_goes_the_usual_way(pipe: HunyuanVideo15ImageToVideoPipeline) -> None:
    block = pipe.transformer.transformer_blocks[0]
    width = block.attn.to_q.in_features
    generator = torch.Generator().manual_seed(1)
    clips, texts = (torch.randn(2, count, width, generator=generator) for count in (6, 4))
    mask = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 0]], dtype=torch.bool)
    with torch.no_grad():
        expected = block.attn.processor(block.attn, clips, texts, mask)
        made = ValidTokensOnly()(block.attn, clips, texts, mask)
    for one, other in zip(expected, made, strict=True):
        assert torch.equal(torch.nan_to_num(one), torch.nan_to_num(other))
