"""How the model reads: words into tokens, a picture into what the CLIP image encoder sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from transformers import CLIPTokenizer

from unstill.engines.i2vgen_xl.folder import CheckpointFolder

if TYPE_CHECKING:
    from torch import Tensor

    from unstill.core.ports import Frame

MARKS = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>",
         "pad_token": "<|endoftext|>"}  # fmt: skip
"""CLIP's own, for where the folder does not name them."""
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
"""Of the pictures CLIP was trained with (arXiv 2103.00020, the authors' code)."""


@dataclass(frozen=True)
class Tokens:
    """The tokenizer."""

    tokenizer: CLIPTokenizer
    length: int
    """Tokens that the text encoder takes, start and end counted."""

    @property
    def size(self) -> int:
        """One more than the largest token id."""
        return int(max(self.tokenizer.get_vocab().values())) + 1

    def ids(self, words: str) -> Tensor:
        """Token ids [1 length], padded, cut where the text is too long."""
        read = self.tokenizer(words, padding="max_length", max_length=self.length, truncation=True)
        return torch.tensor([read["input_ids"]])

    def left_out(self, words: str) -> str:
        """What of a text is too much for the text encoder; empty where all of it is read."""
        ids = self.tokenizer(words)["input_ids"]
        return str(self.tokenizer.decode(ids[self.length - 1 : -1])).strip()


def read_tokens(folder: CheckpointFolder) -> Tokens:
    """The tokenizer of a checkpoint: its vocabulary and merges, and no class that a file may name."""
    vocab, merges = _vocabulary(folder)
    settings: dict[str, Any] = {}
    for name in ("tokenizer/special_tokens_map.json", "tokenizer/tokenizer_config.json"):
        settings |= folder.table(name) if folder.has(name) else {}
    marks = {name: _word(settings.get(name), usual) for name, usual in MARKS.items()}
    length = settings.get("model_max_length")
    try:
        tokenizer = CLIPTokenizer(vocab=vocab, merges=merges, **marks)
    except Exception:  # the tokenizer library raises bare exceptions for words it cannot merge
        raise folder.damaged(
            "tokenizer/merges.txt", "it does not fit the vocabulary", "与词表不匹配"
        ) from None
    return Tokens(tokenizer, length if isinstance(length, int) and 2 < length <= 77 else 77)


def _vocabulary(folder: CheckpointFolder) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Words and merges, from the two classic files or from the one that newer tools write."""
    if folder.has("tokenizer/vocab.json") or not folder.has("tokenizer/tokenizer.json"):
        vocab: object = folder.table("tokenizer/vocab.json")
        lines = folder.words("tokenizer/merges.txt").splitlines()
        pairs = [tuple(line.split()) for line in lines if line and not line.startswith("#version")]
    else:
        model = folder.table("tokenizer/tokenizer.json").get("model")
        vocab = model.get("vocab") if isinstance(model, dict) else None
        listed = model.get("merges") if isinstance(model, dict) else None
        pairs = [tuple(m.split() if isinstance(m, str) else m) for m in listed or []]
    if not isinstance(vocab, dict) or not all(isinstance(at, int) for at in vocab.values()):
        raise folder.damaged("tokenizer/vocab.json", "it is not a vocabulary", "不是词表")
    if not all(len(pair) == 2 for pair in pairs):
        raise folder.damaged("tokenizer/merges.txt", "it is not a list of pairs", "不是成对的合并表")
    return vocab, [(str(first), str(second)) for first, second in pairs]


def _word(value: object, usual: str) -> str:
    """A special token, given as a word or as an entry that describes one."""
    if isinstance(value, Mapping):
        value = value.get("content")
    return value if isinstance(value, str) and value else usual


@dataclass(frozen=True)
class Eye:
    """What happens to a picture before the CLIP image encoder sees it."""

    width: int
    height: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def see(self, picture: Frame, side: int) -> Tensor:
        """The middle of a picture [h w 3] as the encoder wants it, float32 [1 3 height width].

        Cut and scaled as the authors do it and diffusers after them: the middle square of ``side`` pixels
        with a box filter, then bilinear.
        """
        square = middle(Image.fromarray(picture), side, side)
        small = square.resize((self.width, self.height), Image.Resampling.BILINEAR)
        values = torch.from_numpy(np.asarray(small, dtype=np.float32) / 255.0)
        normal = (values - torch.tensor(self.mean)) / torch.tensor(self.std)
        return normal.permute(2, 0, 1)[None]


def middle(picture: Image.Image, width: int, height: int) -> Image.Image:
    """Scale until ``width`` x ``height`` is covered, and cut out the middle."""
    scale = min(picture.width / width, picture.height / height)
    covering = round(picture.width // scale), round(picture.height // scale)
    scaled = picture.resize(covering, Image.Resampling.BOX)
    left, top = (scaled.width - width) // 2, (scaled.height - height) // 2
    return scaled.crop((left, top, left + width, top + height))


def read_eye(folder: CheckpointFolder) -> Eye:
    """From the feature extractor's configuration."""
    name = "feature_extractor/preprocessor_config.json"
    found = folder.settings(name, ("crop_size", "image_mean", "image_std"))
    crop = found.get("crop_size", 224)
    sides: list[Any] = [crop.get("width"), crop.get("height")] if isinstance(crop, dict) else [crop, crop]
    mean, std = _three(found.get("image_mean", CLIP_MEAN)), _three(found.get("image_std", CLIP_STD))
    if not all(isinstance(side, int) and 0 < side <= 1024 for side in sides) or not mean or not std:
        raise folder.damaged(name, "it describes no picture", "没有描述图片")
    return Eye(int(sides[0]), int(sides[1]), mean, std)


def _three(values: object) -> tuple[float, ...]:
    """A number for each colour; empty for anything else."""
    if not isinstance(values, (list, tuple)) or len(values) != 3:
        return ()
    return tuple(float(v) for v in values) if all(isinstance(v, (int, float)) and v for v in values) else ()
