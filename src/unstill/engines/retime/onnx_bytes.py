"""Writes small networks as ONNX for OpenCV's DNN module, which reads them from memory.

ONNX is a Protocol Buffers message (onnx.proto3 of ONNX 1.14; field numbers below are its own): a varint key
of field number and wire type, then a varint or a length and bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

IR_VERSION, OPSET = 7, 13
FLOAT, INTS, INT = 1, 7, 2
"""TensorProto.FLOAT, AttributeProto.INTS and AttributeProto.INT."""


def varint(value: int) -> bytes:
    """A whole number from 0, seven bits a byte, the lowest first."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def block(field: int, value: bytes | str) -> bytes:
    """A field that is text, bytes or a message of its own."""
    raw = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(raw)) + raw


class Graph:
    """A network with one input "x", [n c h w] float32, grown node by node; each returns its output's name."""

    def __init__(self, batch: int, channels: int, height: int, width: int) -> None:
        self._shape = (batch, channels, height, width)
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []

    def conv(self, source: str, weight: npt.NDArray[np.float32], bias: npt.NDArray[np.float32],
             stride: int) -> str:  # fmt: skip
        """A convolution with ``weight`` [out in k k], one pixel of padding."""
        return self._convolution("Conv", source, weight, bias, stride)

    def deconv(self, source: str, weight: npt.NDArray[np.float32], bias: npt.NDArray[np.float32],
               stride: int) -> str:  # fmt: skip
        """A transposed convolution with ``weight`` [in out k k], one pixel of padding."""
        return self._convolution("ConvTranspose", source, weight, bias, stride)

    def prelu(self, source: str, slope: npt.NDArray[np.float32]) -> str:
        """Below zero multiplied by ``slope`` [c]."""
        return self._node("PRelu", [source, self._constant(slope.reshape(-1, 1, 1))])

    def add(self, first: str, second: str) -> str:
        return self._node("Add", [first, second])

    def model(self, output: str, channels: int) -> npt.NDArray[np.uint8]:
        """The finished network's bytes; its output is as large as its input, of so many channels."""
        shape = (self._shape[0], channels, *self._shape[2:])
        graph = b"".join(
            [*(block(1, node) for node in self._nodes), block(2, "g"),
             *(block(5, constant) for constant in self._constants),
             block(11, _value("x", self._shape)), block(12, _value(output, shape))]
        )  # fmt: skip
        opset = block(1, "") + number(2, OPSET)
        model = number(1, IR_VERSION) + block(7, graph) + block(8, opset)
        return np.frombuffer(model, np.uint8)

    def _convolution(self, kind: str, source: str, weight: npt.NDArray[np.float32],
                     bias: npt.NDArray[np.float32], stride: int) -> str:  # fmt: skip
        inputs = [source, self._constant(weight), self._constant(bias)]
        kernel = _whole("kernel_shape", weight.shape[2:])
        return self._node(kind, inputs, kernel, _whole("strides", [stride] * 2), _whole("pads", [1] * 4))

    def _node(self, kind: str, inputs: Sequence[str], *attributes: bytes) -> str:
        name = f"n{len(self._nodes)}"
        parts = [*(block(1, one) for one in inputs), block(2, name), block(3, name), block(4, kind),
                 *(block(5, one) for one in attributes)]  # fmt: skip
        self._nodes.append(b"".join(parts))
        return name

    def _constant(self, values: npt.NDArray[np.float32]) -> str:
        name = f"c{len(self._constants)}"
        dims = b"".join(number(1, side) for side in values.shape)
        raw = np.ascontiguousarray(values, "<f4").tobytes()
        self._constants.append(dims + number(2, FLOAT) + block(8, name) + block(9, raw))
        return name


def _whole(name: str, values: Sequence[int]) -> bytes:
    return block(1, name) + b"".join(number(8, value) for value in values) + number(20, INTS)


def _value(name: str, shape: Sequence[int]) -> bytes:
    dims = b"".join(block(1, number(1, side)) for side in shape)
    return block(1, name) + block(2, block(1, number(1, FLOAT) + block(2, dims)))
