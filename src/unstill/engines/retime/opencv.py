"""The frame halfway between two, on the processor: networks by OpenCV's DNN module, warps by its remap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from unstill.engines.retime.onnx_bytes import Graph
from unstill.engines.retime.scale import padded, scales_of
from unstill.engines.retime.weights import Tensor, weights

Frame = npt.NDArray[np.uint8]
HALF = np.float32(0.5)
BACK = [2, 3, 0, 1]
"""The order that turns the flows [to first, to last] of a pair into those of the pair the other way round."""


class OpenCvMiddle:
    """Draws middle frames for pairs of one size after another; networks are built anew for a new size."""

    device = "cpu"

    def __init__(self) -> None:
        self._weights = weights()
        self._size = (0, 0)
        self._nets: list[cv2.dnn.Net] = []
        self._grid: tuple[Tensor, Tensor] = (np.zeros(0, np.float32), np.zeros(0, np.float32))

    def middle(self, first: Frame, last: Frame) -> Frame:
        """The frame at half time between two, each uint8 [h w 3] of one size."""
        height, width = first.shape[:2]
        self._prepare(height, width)
        pair = [self._padded(frame) for frame in (first, last)]
        seen, mask = self._look(pair, scales_of(height, width))
        share = 1 / (1 + np.exp(-mask[0, :height, :width, None]))
        near, far = (one[:height, :width] for one in seen)
        return np.clip(np.rint((far + (near - far) * share) * 255), 0, 255).astype(np.uint8)

    def _look(self, pair: Sequence[Tensor], scales: Sequence[int]) -> tuple[Sequence[Tensor], Tensor]:
        """The pair [h w 3] warped to the middle, and how much of the first counts, before the sigmoid.

        Each block corrects flow [4 h w] (pixels, from the middle to first and last; x, y) and mask [1 h w].
        It sees the pair both ways round, and the mean of both corrections counts, so that time has no
        direction.
        """
        sides = self._size
        flow: Tensor = np.zeros((4, *sides), np.float32)
        mask: Tensor = np.zeros((1, *sides), np.float32)
        seen = pair
        for net, scale in zip(self._nets, scales, strict=True):
            views = [_view(seen, flow, mask, scale), _view(seen[::-1], flow[BACK], -mask, scale)]
            net.setInput(np.stack(views))
            there, back = (_resized(one, sides) for one in net.forward())
            flow = flow + (there[:4] + back[:4][BACK]) * (HALF * np.float32(scale))
            mask = mask + (there[4:] - back[4:]) * HALF
            seen = [self._warped(pair[0], flow[:2]), self._warped(pair[1], flow[2:])]
        return seen, mask

    def _prepare(self, height: int, width: int) -> None:
        sides = padded(height, width)
        if sides == self._size:
            return
        self._nets = [
            cv2.dnn.readNetFromONNX(block_model(self._weights, index, sides[0] // scale, sides[1] // scale))
            for index, scale in enumerate(scales_of(height, width))
        ]
        self._size = sides
        x, y = np.meshgrid(np.arange(sides[1], dtype=np.float32), np.arange(sides[0], dtype=np.float32))
        self._grid = (x, y)

    def _padded(self, frame: Frame) -> Tensor:
        """float32 0..1, black beyond the picture, as the network was taught."""
        below, right = (want - have for want, have in zip(self._size, frame.shape[:2], strict=True))
        grown: Frame = cv2.copyMakeBorder(frame, 0, below, 0, right, cv2.BORDER_CONSTANT, value=(0, 0, 0))
        return grown.astype(np.float32) / np.float32(255)

    def _warped(self, picture: Tensor, flow: Tensor) -> Tensor:
        x, y = self._grid
        mode, border = cv2.INTER_LINEAR, cv2.BORDER_REPLICATE
        warped: Tensor = cv2.remap(picture, x + flow[0], y + flow[1], mode, borderMode=border)
        return warped


def block_model(named: Mapping[str, Tensor], index: int, height: int, width: int) -> npt.NDArray[np.uint8]:
    """One block as ONNX bytes: [2 11 h w] (pair, mask, flow) to [2 5 h w] (flow and mask, corrected by).

    Its two heads are joined into one: the first layers side by side, the second block-diagonal.
    """
    own = {name.removeprefix(f"block{index}."): value for name, value in named.items()
           if name.startswith(f"block{index}.")}  # fmt: skip
    graph = Graph(2, 11, height, width)

    def layer(source: str, name: str, stride: int) -> str:
        grown = graph.conv(source, own[f"{name}.0.weight"], own[f"{name}.0.bias"], stride)
        return graph.prelu(grown, own[f"{name}.1.weight"])

    x = layer(layer("x", "conv0.0", 2), "conv0.1", 2)
    for part in range(4):
        x = graph.add(x, layer(layer(x, f"convblock{part}.0", 1), f"convblock{part}.1", 1))
    heads = ("conv1", "conv2")
    x = graph.deconv(x, np.concatenate([own[f"{h}.0.weight"] for h in heads], axis=1),
                     np.concatenate([own[f"{h}.0.bias"] for h in heads]), 2)  # fmt: skip
    x = graph.prelu(x, np.concatenate([own[f"{h}.1.weight"] for h in heads]))
    flow, mask = (own[f"{h}.2.weight"] for h in heads)
    both = np.zeros((len(flow) + len(mask), 5, 4, 4), np.float32)
    both[: len(flow), :4], both[len(flow) :, 4:] = flow, mask
    return graph.model(graph.deconv(x, both, np.concatenate([own[f"{h}.2.bias"] for h in heads]), 2), 5)


def _view(pair: Sequence[Tensor], flow: Tensor, mask: Tensor, scale: int) -> Tensor:
    """What a block sees, [11 h/scale w/scale]."""
    whole = np.concatenate([*(one.transpose(2, 0, 1) for one in pair), mask, flow])
    if scale == 1:
        return whole
    small = _resized(whole, (whole.shape[1] // scale, whole.shape[2] // scale))
    small[7:] /= scale
    return small


def _resized(planes: Tensor, sides: tuple[int, int]) -> Tensor:
    """Planes [c h w] scaled linearly."""
    if planes.shape[1:] == sides:
        return planes
    whole = cv2.resize(planes.transpose(1, 2, 0), sides[::-1], interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(whole.transpose(2, 0, 1))
