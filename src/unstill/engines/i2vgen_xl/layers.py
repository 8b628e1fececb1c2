"""The layers of the UNet, computed on its own modules with the frames' pixels last in memory.

Everything here takes and gives activations [b f h w c], c changing fastest. A convolution sees them as
channels_last, a linear layer as rows, a temporal layer as [b f (h w) c]: all views, so nothing is copied to
change the point of view. Dropout is the identity when a model is not in training, and is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

KeyValue = tuple["Tensor", "Tensor"]
"""Keys and values of a cross-attention, each [b heads tokens d]."""
MOST_HEADS = 65535
"""CUDA's limit of a grid along y and z: attention over more heads (or batches) at once is refused."""


def conv(x: Tensor, module: Module, bias: Tensor, stride: int = 1) -> Tensor:
    """A 3 x 3 convolution of each frame, padded by 1, with ``bias`` in place of the module's own."""
    b, f, h, w, c = x.shape
    seen = x.reshape(b * f, h, w, c).permute(0, 3, 1, 2)
    made = F.conv2d(seen, module.weight, bias, stride=stride, padding=1)
    return made.permute(0, 2, 3, 1).unflatten(0, (b, f))


def norm(x: Tensor, module: Module, *, over_frames: bool) -> Tensor:
    """Group normalisation: of each frame for itself, or of all frames of a clip together."""
    b, f, h, w, c = x.shape
    if over_frames:
        seen = x.reshape(b, f, h * w, c).permute(0, 3, 1, 2)
    else:
        seen = x.reshape(b * f, h, w, c).permute(0, 3, 1, 2)
    made = F.group_norm(seen, module.num_groups, module.weight, module.bias, module.eps)
    return made.permute(0, 2, 3, 1).reshape(b, f, h, w, c)


def resnet(x: Tensor, module: Module, time: Tensor) -> Tensor:
    """Two convolutions around the projected time and fps embedding ``time`` [c], and a shortcut."""
    y = conv(_silu(norm(x, module.norm1, over_frames=False)), module.conv1, module.conv1.bias + time)
    y = conv(_silu(norm(y, module.norm2, over_frames=False)), module.conv2, module.conv2.bias)
    if module.conv_shortcut is not None:
        x = F.linear(x, module.conv_shortcut.weight.flatten(1), module.conv_shortcut.bias)
    return x + y


def temporal_conv(x: Tensor, module: Module) -> Tensor:
    """Four convolutions along time. A Conv3d of (3, 1, 1) is a Conv2d of (3, 1) over [b c f (h w)]."""
    b, f, h, w, c = x.shape
    y = x
    for stage in (module.conv1, module.conv2, module.conv3, module.conv4):
        seen = _silu(norm(y, stage[0], over_frames=True)).reshape(b, f, h * w, c).permute(0, 3, 1, 2)
        made = F.conv2d(seen, stage[-1].weight.squeeze(-1), stage[-1].bias, padding=(1, 0))
        y = made.permute(0, 2, 3, 1).reshape(b, f, h, w, -1)
    return x + y


def spatial_start(x: Tensor, module: Module) -> Tensor:
    """A spatial transformer up to its cross-attention, [b f h w c]: as yet the same for both halves."""
    block = module.transformer_blocks[0]
    y = _project(norm(x, module.norm, over_frames=False), module.proj_in)
    return y + _within_frames(_layer_norm(y, block.norm1), block.attn1)


def spatial_end(y: Tensor, x: Tensor, module: Module, kv: KeyValue, rows: int | None) -> Tensor:
    """The rest of a spatial transformer that began with ``x`` and has come to ``y``.

    Here the halves part: where ``kv`` has two and ``y`` one, the result has two. ``y`` is left as it is.
    """
    block = module.transformer_blocks[0]
    asked = _layer_norm(y, block.norm2).expand(kv[0].shape[0], *y.shape[1:])
    y = y + _across(asked, block.attn2, kv)
    y = feed_forward(y, block, rows)
    return _project(y, module.proj_out) + x


def temporal(x: Tensor, module: Module, rows: int | None) -> Tensor:
    """A temporal transformer: every place attends to itself in all frames, twice."""
    block = module.transformer_blocks[0]
    y = _project(norm(x, module.norm, over_frames=True), module.proj_in)
    y = y + _over_time(_layer_norm(y, block.norm1), block.attn1)
    y = y + _over_time(_layer_norm(y, block.norm2), block.attn2)
    y = feed_forward(y, block, rows)
    return _project(y, module.proj_out) + x


def feed_forward(x: Tensor, block: Module, rows: int | None) -> Tensor:
    """``x`` plus its feed-forward layer; with ``rows`` so many rows at a time, and in ``x`` itself."""
    if rows is None:
        return x + _gated(_layer_norm(x, block.norm3), block.ff)
    flat = x.view(-1, x.shape[-1])
    for start in range(0, flat.shape[0], rows):
        piece = flat[start : start + rows]
        piece += _gated(_layer_norm(piece, block.norm3), block.ff)
    return x


def downsample(x: Tensor, module: Module) -> Tensor:
    """Half the size, rounded up."""
    return conv(x, module.conv, module.conv.bias, stride=2)


def upsample(x: Tensor, module: Module, height: int, width: int) -> Tensor:
    """Each place becomes four, or as many as fill ``height`` x ``width``, and a convolution smooths them."""
    b, f, h, w, c = x.shape
    if (height, width) == (2 * h, 2 * w):
        x = x[:, :, :, None, :, None].expand(b, f, h, 2, w, 2, c).reshape(b, f, height, width, c)
    else:
        down = torch.arange(height, device=x.device) * h // height
        across = torch.arange(width, device=x.device) * w // width
        x = x[:, :, down][:, :, :, across]
    return conv(x, module.conv, module.conv.bias)


def _silu(x: Tensor) -> Tensor:
    """In place: what is given was made by a normalisation for this alone."""
    return F.silu(x, inplace=True)


def _layer_norm(x: Tensor, module: Module) -> Tensor:
    return F.layer_norm(x, module.normalized_shape, module.weight, module.bias, module.eps)


def _project(x: Tensor, module: Module) -> Tensor:
    """A linear layer, or the 1 x 1 convolution that some checkpoints have in its place."""
    return F.linear(x, module.weight.flatten(1), module.bias)


def _gated(x: Tensor, module: Module) -> Tensor:
    """GEGLU (arXiv 2002.05202) and the projection back."""
    wide, back = module.net[0].proj, module.net[2]
    values, gates = F.linear(x, wide.weight, wide.bias).chunk(2, dim=-1)
    return F.linear(F.gelu(gates).mul_(values), back.weight, back.bias)


def _within_frames(x: Tensor, module: Module) -> Tensor:
    """Self-attention among the places of each frame."""
    b, f, h, w, c = x.shape
    rows = x.reshape(b * f, h * w, c)
    parts = [F.linear(rows, to.weight, to.bias).unflatten(-1, (module.heads, -1)) for to in _qkv(module)]
    q, k, v = (part.transpose(1, 2) for part in parts)
    made = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
    return _out(made, module).view(b, f, h, w, -1)


def _across(x: Tensor, module: Module, kv: KeyValue) -> Tensor:
    """Cross-attention of all frames to the clip's context: their places ask in one long row."""
    b, f, h, w, c = x.shape
    asked = F.linear(x.reshape(b, f * h * w, c), module.to_q.weight, module.to_q.bias)
    made = F.scaled_dot_product_attention(asked.unflatten(-1, (module.heads, -1)).transpose(1, 2), *kv)
    return _out(made.transpose(1, 2).flatten(2), module).view(b, f, h, w, -1)


def _over_time(x: Tensor, module: Module) -> Tensor:
    """Self-attention of each place among the frames. Places count as heads, which copies nothing."""
    b, f, h, w, c = x.shape
    rows = x.reshape(b, f, h * w, c)
    parts = [F.linear(rows, to.weight, to.bias) for to in _qkv(module)]
    size = parts[0].shape[-1] // module.heads
    q, k, v = (part.view(b, f, h * w * module.heads, size).transpose(1, 2) for part in parts)
    made = [
        F.scaled_dot_product_attention(*pieces)
        for pieces in zip(*(part.split(MOST_HEADS, dim=1) for part in (q, k, v)), strict=True)
    ]
    whole = made[0] if len(made) == 1 else torch.cat(made, dim=1)
    return _out(whole.transpose(1, 2).reshape(b, f, h, w, -1), module)


def _qkv(module: Module) -> tuple[Module, Module, Module]:
    return module.to_q, module.to_k, module.to_v


def _out(x: Tensor, module: Module) -> Tensor:
    return F.linear(x, module.to_out[0].weight, module.to_out[0].bias)
