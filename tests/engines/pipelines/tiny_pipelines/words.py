"""Tokenizers made without any download, and the encoders that fit them."""

from __future__ import annotations

import re

from transformers import (
    AddedToken,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTokenizer,
    GemmaTokenizer,
    PreTrainedModel,
    Qwen2Tokenizer,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
    UMT5Config,
    UMT5EncoderModel,
)

WIDTH = 32
"""Of the T5 encoders' embeddings."""
ASCII = [chr(code) for code in range(33, 127)]
SPACE = "\u2581"
"""What SentencePiece writes for a space."""
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
QWEN_MARKS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>",
              "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>")  # fmt: skip
CLIP_MARKS = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>",
              "pad_token": "<|endoftext|>"}  # fmt: skip


def letters() -> list[str]:
    """The 256 bytes as GPT-2's byte-level alphabet writes them."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + n) for n in range(len(others))]


def numbered(words: list[str]) -> dict[str, int]:
    return {word: number for number, word in enumerate(words)}


def t5_tokenizer() -> T5Tokenizer:
    """Unigram, one piece a letter: padding 0, end 1, unknown 2."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), (SPACE, -2.0)]
    return T5Tokenizer(vocab=[*pieces, *((letter, -3.0) for letter in ASCII)], extra_ids=0)


def t5_encoder(vocabulary: int = 128) -> PreTrainedModel:
    return T5EncoderModel(T5Config(**_t5(vocabulary))).eval()


def umt5_encoder() -> PreTrainedModel:
    return UMT5EncoderModel(UMT5Config(**_t5(128))).eval()


def _t5(vocabulary: int) -> dict[str, object]:
    return {
        "vocab_size": vocabulary, "d_model": WIDTH, "d_kv": 8, "d_ff": 37, "num_layers": 2, "num_heads": 4,
        "relative_attention_num_buckets": 8, "feed_forward_proj": "gated-gelu",
    }  # fmt: skip


def qwen_tokenizer(template: str = "") -> Qwen2Tokenizer:
    """Byte-level without merges: 256 letters, then the marks.

    Each word of ``template`` is one piece, so that an instruction built into a pipeline takes about as many
    tokens as with the real vocabulary: where it takes more, the prompt after it is cut away.
    """
    made = Qwen2Tokenizer(
        vocab=numbered([*letters(), *QWEN_MARKS]),
        merges=[],
        padding_side="right",
        chat_template=CHATML,
        additional_special_tokens=list(QWEN_MARKS[1:]),
    )
    plain = re.sub(r"<\|.*?\|>|\{\}", "", template)
    words = sorted(set(re.findall(r" ?[A-Za-z]{2,}", plain)))
    made.add_tokens([AddedToken(word, normalized=False) for word in words])
    return made


def clip_tokenizer() -> CLIPTokenizer:
    """256 letters, the same at a word's end, two marks: start 512, end 513."""
    alphabet = letters()
    words = [*alphabet, *(f"{letter}</w>" for letter in alphabet), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab=numbered(words), merges=[], model_max_length=77, **CLIP_MARKS)


def clip_encoder(width: int = 16) -> CLIPTextModel:
    return CLIPTextModel(CLIPTextConfig(
        vocab_size=514, hidden_size=width, intermediate_size=16, num_attention_heads=2, num_hidden_layers=2,
        projection_dim=width, bos_token_id=512, eos_token_id=513, pad_token_id=513,
    )).eval()  # fmt: skip


def gemma_tokenizer() -> GemmaTokenizer:
    """Marks, 256 pieces for bytes, single letters. Padding on the left."""
    marks = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    words = [*marks, *(f"<0x{byte:02X}>" for byte in range(256)), SPACE, *ASCII]
    return GemmaTokenizer(vocab=numbered(words), merges=[], padding_side="left")
