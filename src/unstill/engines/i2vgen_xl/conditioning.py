"""What a clip is made from: the words and the picture, as the UNet wants them."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
import torch

from unstill.engines.i2vgen_xl.constants import Conditions
from unstill.engines.i2vgen_xl.parts import Parts
from unstill.engines.i2vgen_xl.rungs import Rung

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from unstill.core.ports import Anchor, Frame

Found = TypeVar("Found")
PROMPTS, PICTURES = 64, 16
"""How many of each are remembered between jobs; a prompt takes 0.3 MB, a picture less."""
SKIPPED = 1
"""Layers of the text encoder left out at its end: the model was taught with the last but one."""


@dataclass(frozen=True)
class Seen:
    """A picture as the encoders see it, on the host, float32."""

    embedding: Tensor
    """Of the CLIP image encoder, [1 c]."""
    mean: Tensor
    """Of the latents [1 4 h w], scaled."""
    std: Tensor


class Remembered(Generic[Found]):
    """The last few things that were worked out, by name."""

    def __init__(self, most: int) -> None:
        self._most, self._found = most, OrderedDict[str, Found]()

    def get(self, name: str) -> Found | None:
        if name in self._found:
            self._found.move_to_end(name)
        return self._found.get(name)

    def put(self, name: str, found: Found) -> None:
        self._found[name] = found
        while len(self._found) > self._most:
            self._found.popitem(last=False)


class Conditioner:
    """Turns words and pictures into embeddings, and remembers them between jobs."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._words = Remembered["Tensor"](PROMPTS)
        self._pictures = Remembered[Seen](PICTURES)

    def words(self, text: str, rung: Rung) -> Tensor:
        """The embedding of a text [1 77 c]: the last but one layer through the encoder's final norm."""
        known = self._words.get(text)
        if known is None:
            known = self._embed(text, rung)
            self._words.put(text, known)
        return known

    def picture(self, anchor: Anchor, rung: Rung) -> Seen:
        """What the encoders see: CLIP the middle square of the whole picture, the VAE the first frame."""
        name = _digest(anchor.frame, anchor.context)
        known = self._pictures.get(name)
        if known is None:
            known = Seen(self._look(anchor, rung), *self._encode(anchor.frame, rung))
            self._pictures.put(name, known)
        return known

    def _embed(self, text: str, rung: Rung) -> Tensor:
        encoder = self.parts.checkpoint.text_encoder
        self.parts.use("text_encoder", rung)
        ids = self.parts.checkpoint.tokens.ids(text).to(self.parts.hardware.device)
        with torch.no_grad():
            layers = encoder(ids, output_hidden_states=True).hidden_states
            final = getattr(encoder, "text_model", encoder).final_layer_norm  # flat since transformers 5.6
            embedded: Tensor = final(layers[-(SKIPPED + 1)]).float().cpu()
        return embedded

    def _look(self, anchor: Anchor, rung: Rung) -> Tensor:
        encoder = self.parts.checkpoint.image_encoder
        self.parts.use("image_encoder", rung)
        values = self.parts.checkpoint.eye.see(anchor.context, anchor.frame.shape[1])
        with torch.no_grad():
            seen: Tensor = encoder(self._placed(values)).image_embeds.float().cpu()
        return seen

    def _encode(self, frame: Frame, rung: Rung) -> tuple[Tensor, Tensor]:
        vae = self.parts.checkpoint.vae
        self.parts.use("vae", rung)
        values = torch.from_numpy(np.ascontiguousarray(frame)).permute(2, 0, 1)[None].float()
        with torch.no_grad():
            spread = vae.encode(self._placed(values / 255.0 * 2.0 - 1.0)).latent_dist
            scale = vae.config.scaling_factor
            return spread.mean.float().cpu() * scale, spread.std.float().cpu() * scale

    def _placed(self, values: Tensor) -> Tensor:
        hardware = self.parts.hardware
        return values.to(hardware.device, hardware.dtype)


def condition(words: list[Tensor], seen: Seen, generator: Generator) -> Conditions:
    """Everything for one clip. ``words`` are the negative prompt's and the prompt's embeddings, or the
    prompt's alone; the picture's latents are drawn from their distribution with ``generator``."""
    noise = torch.randn(seen.mean.shape, generator=generator, dtype=torch.float32)
    return Conditions(torch.cat(words), seen.embedding, seen.mean + seen.std * noise)


def _digest(*pictures: Frame) -> str:
    total = hashlib.sha256()
    for picture in pictures:
        total.update(repr(picture.shape).encode())
        total.update(np.ascontiguousarray(picture).data)
    return total.hexdigest()
