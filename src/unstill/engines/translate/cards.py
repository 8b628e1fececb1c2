"""The translator there is. Data, no code."""

from __future__ import annotations

from unstill.domain.catalog import ModelCard, Range

FAMILY = "translate"
PARAMETERS = 77_484_009
"""Counted on transformers' class: 65001 words, 6 + 6 layers of width 512, 2048 inside; embeddings once."""

ZH_EN = ModelCard(
    id="opus-mt-zh-en",
    family=FAMILY,
    title="OPUS-MT zh-en",
    about={
        "en": "Puts Chinese prompts into English for models that read English alone; on the processor.",
        "zh": "把中文描述译成英文，供只懂英文的模型使用；用处理器运行。",
    },
    licence="CC-BY-4.0",
    generative=True,
    native={},
    frames=Range(1, 1),
    fps=Range(1, 1),
    side=Range(16, 8192),
    repo="Helsinki-NLP/opus-mt-zh-en",
    files=(
        "config.json", "generation_config.json", "model.safetensors", "source.spm", "target.spm", "vocab.json"
    ),
    revision="badebd2bdd4cdfde141a969df82a0f2c4e3b1dfe",
    parameters=PARAMETERS,
    download_bytes=315_200_000,
)  # fmt: skip
"""Licence: the repository's own page, and the README of Helsinki-NLP/OPUS-MT-train for all of its models. The
safetensors stand beside the other files in the one commit of its pull request 12, "Adding `safetensors`
variant of this model": the hub's page of that commit, which is the revision here, lists all these files.
``download_bytes`` adds up the rounded sizes there: 312 MB, 805 kB, 807 kB, 1.62 MB."""
