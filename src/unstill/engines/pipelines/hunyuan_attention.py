"""Attention of HunyuanVideo 1.5 over the tokens that count, without a mask.

diffusers' processor pads text to its longest and masks the padding by matrices of a byte for each pair of
tokens, in each of 54 blocks: 26 GB at 720p and 121 frames, and no kernel that keeps no scores takes such a
mask. The denoiser puts what counts first (`HunyuanVideo15Transformer3DModel.forward`), so that cutting the
rest off gives the same numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from diffusers.models.attention_dispatch import dispatch_attention_fn
from diffusers.models.embeddings import apply_rotary_emb
from diffusers.models.transformers.transformer_hunyuan_video15 import HunyuanVideo15AttnProcessor2_0

if TYPE_CHECKING:
    from torch import Tensor


class ValidTokensOnly(HunyuanVideo15AttnProcessor2_0):  # type: ignore[misc]
    """One for all blocks of a denoiser; a batch of several clips goes diffusers' way."""

    def __init__(self) -> None:
        super().__init__()
        self._mask: Tensor | None = None
        self._valid = 0

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        image_rotary_emb: Any = None,
    ) -> Any:
        """``hidden_states`` [1 n d] of the clip, ``encoder_hidden_states`` [1 m d] of text and picture, of
        which ``attention_mask`` [1 m] marks the first few. Both, attended; zeros for what does not count."""
        if encoder_hidden_states is None or attention_mask is None or len(hidden_states) != 1:
            return super().__call__(
                attn, hidden_states, encoder_hidden_states, attention_mask, image_rotary_emb
            )
        said = encoder_hidden_states[:, : self._count(attention_mask)]
        query, key, value = (
            torch.cat([clip, text], dim=1)
            for clip, text in zip(
                _clip(attn, hidden_states, image_rotary_emb), _text(attn, said), strict=True
            )
        )
        seen = dispatch_attention_fn(query, key, value, backend=self._attention_backend)
        seen = seen.flatten(2, 3).to(query.dtype)
        clip, text = seen[:, : hidden_states.shape[1]], seen[:, hidden_states.shape[1] :]
        clip, text = attn.to_out[1](attn.to_out[0](clip)), attn.to_add_out(text)
        rest = encoder_hidden_states.shape[1] - text.shape[1]
        return clip, torch.nn.functional.pad(text, (0, 0, 0, rest))

    def _count(self, mask: Tensor) -> int:
        """How many tokens count; looked at once a pass, for the device has to be waited for."""
        if mask is not self._mask:
            self._mask, self._valid = mask, int(mask.sum())
        return self._valid


def _clip(attn: Any, states: Tensor, rotary: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Query, key and value [1 n heads d] of the clip's own tokens."""
    query, key, value = (
        part(states).unflatten(2, (attn.heads, -1)) for part in (attn.to_q, attn.to_k, attn.to_v)
    )
    query, key = attn.norm_q(query), attn.norm_k(key)
    if rotary is not None:
        query, key = (apply_rotary_emb(each, rotary, sequence_dim=1) for each in (query, key))
    return query, key, value


def _text(attn: Any, states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The same of text and picture."""
    query, key, value = (
        part(states).unflatten(2, (attn.heads, -1))
        for part in (attn.add_q_proj, attn.add_k_proj, attn.add_v_proj)
    )
    if attn.norm_added_q is not None:
        query = attn.norm_added_q(query)
    if attn.norm_added_k is not None:
        key = attn.norm_added_k(key)
    return query, key, value
