"""MarianMT, read from a folder of safetensors and plain configurations."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import MarianMTModel, MarianTokenizer
from transformers.utils import logging as bars

from unstill.domain.prompt_language import has_han
from unstill.domain.weight_errors import WeightsDamaged
from unstill.engines.translate.sentences import sentences

LOG = logging.getLogger(__name__)
MARGIN = 8
"""Tokens of an input that are left free: the end, and what cutting in pieces adds."""
MADE_UP = ("embed_positions.weight", "final_logits_bias", "lm_head.weight", "embed_tokens.weight")
"""Tensors that a file need not have: sines, zeros, and the embeddings under further names."""
PLAIN = str.maketrans({"。": ".", "，": ",", "、": ",", "！": "!", "？": "?", "；": ";", "：": ":"})
"""Punctuation of what is English already."""
_ONE_AT_A_TIME = threading.Lock()
"""Warnings and bars are silenced for the whole process."""

Sentence = Callable[[int, int], None]
"""Is told how many sentences are done, and of how many."""


class Marian:
    """One direction of translation, loaded, on the processor. Not for several threads at once."""

    def __init__(self, folder: Path, model: str) -> None:
        """Raises `WeightsDamaged` for files that are no such model."""
        self._tokenizer = _tokenizer(folder, model)
        self._network = _network(folder, model)
        words, known = len(self._tokenizer.get_vocab()), int(self._network.config.vocab_size)
        if words > known:
            raise _damaged(model, "vocab.json", "it has more words than the network", "词表大于网络")
        self._room = int(self._network.config.max_position_embeddings) - MARGIN

    def translate(self, texts: Sequence[str], told: Sentence) -> list[str]:
        """Each text, its Chinese sentences translated and the others as they are."""
        cut = [sentences(text, self._fits) for text in texts]
        total, done, made = sum(map(len, cut)), 0, []
        for parts in cut:
            english = []
            for part in parts:
                told(done, total)
                english.append(self._english(part) if has_han(part) else part.translate(PLAIN))
                done += 1
            made.append(" ".join(english))
        told(total, total)
        return made

    def _fits(self, part: str) -> bool:
        return len(part) < 2 or len(self._tokenizer(part)["input_ids"]) <= self._room

    def _english(self, part: str) -> str:
        """One sentence. The search is that of the model's own generation configuration. What it has no words
        for stays as it is."""
        ids = torch.tensor([self._tokenizer(part)["input_ids"]])
        with torch.inference_mode():
            found = self._network.generate(input_ids=ids, attention_mask=torch.ones_like(ids))
        text = str(self._tokenizer.decode(found[0], skip_special_tokens=True)).strip()
        return text or part


def _tokenizer(folder: Path, model: str) -> MarianTokenizer:
    """Its vocabulary and its two sentencepiece models, and no class that a file may name."""
    names = {"source_spm": "source.spm", "target_spm": "target.spm", "vocab": "vocab.json"}
    paths = {name: str(folder / file) for name, file in names.items()}
    try:
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            # It asks for a package that its own code reads and never uses.
            warnings.filterwarnings("ignore", message=".*sacremoses.*")
            return MarianTokenizer(**paths)
    except Exception as error:  # sentencepiece's and json's are of many kinds
        LOG.debug("the vocabulary of %s", model, exc_info=error)
        raise _damaged(model, "vocab.json", "it is no vocabulary, or source.spm and target.spm are none",
                       "词表、source.spm 或 target.spm 无法读取") from error  # fmt: skip


def _network(folder: Path, model: str) -> Any:
    """The network in float32. Raises `WeightsDamaged` where tensors are missing or of another shape."""
    name = "model.safetensors"
    try:
        with _ONE_AT_A_TIME:
            bars.disable_progress_bar()  # ours is shown
            network, found = MarianMTModel.from_pretrained(
                folder, local_files_only=True, use_safetensors=True, output_loading_info=True,
                dtype=torch.float32,
            )  # fmt: skip
    except Exception as error:  # whatever a configuration of a stranger leads to
        LOG.debug("the weights of %s", model, exc_info=error)
        raise _damaged(model, name, "it does not fit config.json", "与 config.json 不匹配") from error
    lacking = [key for key in found["missing_keys"] if not str(key).endswith(MADE_UP)]
    if lacking or found.get("mismatched_keys"):
        raise _damaged(model, name, "tensors are missing in it", "缺少张量")
    return network.eval()


def _damaged(model: str, file: str, reason: str, reason_zh: str) -> WeightsDamaged:
    return WeightsDamaged(model=model, file=file, reason=reason, reason_zh=reason_zh)
