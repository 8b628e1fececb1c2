"""One row of the table of models: the card that people see, and what the driver must know beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from unstill.domain.catalog import ModelCard

Axes = Literal["bcfhw", "bfchw", "bfhwc", "packed"]
"""How a pipeline orders its latents: batch, channels, frames, height, width. Packed: [b tokens c]."""
Last = Literal["", "last_image", "conditions", "conditions-2"]
"""How a pipeline takes a last picture: as an argument, or as a condition of LTX-Video or of LTX-2."""


@dataclass(frozen=True)
class Latents:
    """What a pipeline's denoiser works on."""

    axes: Axes
    channels: int
    spatial: int
    """Pixels of a frame's side that become one latent place."""
    temporal: int
    """Frames that become one, the first apart."""
    patch: tuple[int, int, int] = (1, 1, 1)
    """Latent frames, rows and columns that become one token."""


@dataclass(frozen=True)
class Work:
    """What the model's parts cost, counted on the real classes with tensors that have shapes and no values
    (tests/engines/pipelines/test_pipeline_counts.py). Bytes are those of bfloat16."""

    act: float = 0.0
    """Bytes that a pass through the denoiser takes whatever the clip's size."""
    act_per_token: float = 0.0
    """Peak bytes of a pass beside the weights, per token of one clip in the batch."""
    flops_per_token: float = 0.0
    flops_per_token2: float = 0.0
    """Of a pass: the second per pair of tokens, attention."""
    by_frame: bool = False
    """Whether attention looks at one frame at a time."""
    passes: int = 2
    """Passes through the denoiser that a step is worth where guidance is on; one without."""
    joined: bool = False
    """Whether those passes are one batch."""
    joined_tokens: int = 0
    """Tokens of text and picture that stand in one row with the clip's."""
    block_bytes: int = 0
    """Of the largest of the blocks that repeat."""
    rest_bytes: int = 0
    """Of what belongs to no block."""
    decode: tuple[float, float] = (0.0, 0.0)
    """Peak bytes of decoding a whole clip, per pixel of a frame, and per pixel and frame."""
    decode_at_once: int = 0
    """Frames that are decoded at a time, at every rung: a VAE that mixes them gives others for others; 0 for
    all."""
    tiled: tuple[float, float, float] | None = None
    """Peak bytes of decoding in tiles: whatever the size, per frame, per pixel and frame; None where the VAE
    cannot."""
    encode_per_pixel: float = 0.0
    encode_per_pixel_frame: float = 0.0
    """Peak bytes of encoding the picture; the second where empty frames follow it up to the clip's length."""
    decode_flops: float = 0.0
    """Of decoding, per pixel and frame."""
    text_flops: float = 0.0
    """Of reading one prompt."""
    text_layer_bytes: int = 0
    """Of a text encoder's two largest neighbouring layers and what belongs to none."""


@dataclass(frozen=True)
class Lightning:
    """LoRA files that were trained so that a model takes few steps without guidance."""

    repo: str
    files: Mapping[str, str]
    """By the denoiser that each goes to."""
    steps: int

    def name(self, denoiser: str) -> str:
        """What the file for a denoiser is called on the shelf of LoRA files."""
        return self.files[denoiser].removesuffix(".safetensors")


@dataclass(frozen=True)
class Row:
    """How one model is driven."""

    card: ModelCard
    pipeline: str
    """The class of diffusers that is loaded, whatever a folder's own index says."""
    parameters: Mapping[str, int]
    """Of each component; 0 where its published configuration was not to be had."""
    latents: Latents
    work: Work = Work()
    adapter: str = "table"
    """The class of `adapters` that knows what a table cannot say."""
    denoisers: tuple[str, ...] = ("transformer",)
    call: Mapping[str, object] = field(default_factory=dict)
    """Arguments of every call."""
    guidance: tuple[str, ...] = ("guidance_scale",)
    """The arguments that the request's guidance scale goes to."""
    fps: str | None = None
    """The argument that the frames a second go to."""
    last: Last = ""
    negative_prompt: str = ""
    """What is used where a request gives none."""
    vae_float32: bool = False
    """Whether the VAE, and an image encoder, are kept in single precision."""
    caches: bool = False
    """Whether first-block caching runs on the denoiser."""
    tiles: bool = True
    """Whether the VAE can decode in tiles."""
    tiles_encoding: bool = True
    """Whether it can encode in tiles, too, and comes to the same size."""
    compiles: bool = True
    """Whether the denoiser can be compiled block by block."""
    gguf: bool = False
    """Whether the denoiser can be read from a GGUF file."""
    shift: float | None = None
    """Shift of the noise schedule, where the folder's own is not the authors'."""
    lightning: Lightning | None = None
    """LoRA files with which it takes few steps."""

    def tokens(self, width: int, height: int, num_frames: int) -> int:
        """Of a clip in the denoiser."""
        frames = (num_frames - 1) // self.latents.temporal + 1 if self.latents.temporal > 1 else num_frames
        rows, columns = height // self.latents.spatial, width // self.latents.spatial
        deep, high, wide = self.latents.patch
        return -(-frames // deep) * -(-rows // high) * -(-columns // wide) + self.work.joined_tokens

    @property
    def denoiser_parameters(self) -> int:
        """Of the denoiser that is at work at a time."""
        return max(self.parameters.get(name, 0) for name in self.denoisers)
