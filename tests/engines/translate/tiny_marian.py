"""A tiny MarianMT with random weights and a vocabulary of its own, as the hub has the real one."""

from __future__ import annotations

import io
import json
from pathlib import Path

import sentencepiece
import torch
from transformers import GenerationConfig, MarianConfig, MarianMTModel

from unstill.domain.prompt_language import has_han

CHINESE = (
    "一只猫坐在窗边看雨。", "镜头缓慢推近，云在飘动。", "一个女孩在海边微笑着走过来。",
    "模糊，低质量，变形。", "日落时分，湖面波光粼粼。", "老人慢慢转过头来。",
    "花瓣随风飘落，狗在草地上奔跑。",
)  # fmt: skip
ENGLISH = (
    "A cat sits at the window and watches the rain.", "The camera slowly pushes in while clouds drift.",
    "A girl walks along the beach, smiling.", "Blurry, low quality, deformed.",
    "At sunset the lake glitters.", "The old man slowly turns his head.", "Petals fall, a dog runs.",
)  # fmt: skip


def _pieces(lines: tuple[str, ...], size: int) -> bytes:
    """A sentencepiece model of so many pieces."""
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=written, vocab_size=size, hard_vocab_limit=False,
        character_coverage=1.0, minloglevel=2, bos_id=-1, eos_id=0, unk_id=1, pad_id=-1,
    )  # fmt: skip
    return written.getvalue()


def write(folder: Path, *, seed: int = 0) -> Path:
    """All files of the real one, with weights of ``seed``."""
    folder.mkdir(parents=True, exist_ok=True)
    models = {"source.spm": _pieces(CHINESE, 90), "target.spm": _pieces(ENGLISH, 60)}
    words = ["</s>", "<unk>"]
    for name, content in models.items():
        (folder / name).write_bytes(content)
        read = sentencepiece.SentencePieceProcessor(model_proto=content)
        words += [read.id_to_piece(n) for n in range(len(read)) if read.id_to_piece(n) not in words]
    words.append("<pad>")
    vocab = {word: number for number, word in enumerate(words)}
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), encoding="utf-8")
    pad = vocab["<pad>"]
    never = [[number] for word, number in vocab.items() if has_han(word) or word in ("<pad>", "<unk>")]
    config = MarianConfig(
        vocab_size=len(vocab), d_model=16, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=32,
        decoder_ffn_dim=32, encoder_attention_heads=2, decoder_attention_heads=2, pad_token_id=pad,
        decoder_start_token_id=pad, eos_token_id=0, bos_token_id=0, forced_eos_token_id=0,
        scale_embedding=True, init_std=0.5, static_position_embeddings=True, max_position_embeddings=64,
    )  # fmt: skip
    torch.manual_seed(seed)
    network = MarianMTModel(config)
    network.generation_config = GenerationConfig(
        num_beams=3, max_length=16, bad_words_ids=never, pad_token_id=pad, decoder_start_token_id=pad,
        eos_token_id=0, bos_token_id=0, forced_eos_token_id=0, renormalize_logits=True,
    )  # fmt: skip
    network.save_pretrained(folder)
    return folder
