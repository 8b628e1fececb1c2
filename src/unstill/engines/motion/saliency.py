"""What stands out in a picture, by the shipped U-2-Net (small)."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from threading import Lock

import cv2
import numpy as np
import numpy.typing as npt

from unstill.domain.errors import DamagedInstall

Map = npt.NDArray[np.float32]
"""A value per pixel, float32 [h w]."""
Image = npt.NDArray[np.uint8]
"""uint8 RGB [h w 3]."""

WEIGHTS = "u2netp.onnx"
SHA256 = "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8"
SIDE = 320
"""The network's input side (Qin et al. 2020, section 4.2)."""
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)
"""ImageNet statistics, RGB."""
_one_at_a_time = Lock()


@cache
def _network() -> cv2.dnn.Net:
    """The network, its weights checked against the published hash."""
    file = resources.files("unstill.engines.motion") / "assets" / WEIGHTS
    try:
        weights = file.read_bytes()
    except OSError:
        raise DamagedInstall(name=WEIGHTS) from None
    if hashlib.sha256(weights).hexdigest() != SHA256:
        raise DamagedInstall(name=WEIGHTS)
    return cv2.dnn.readNetFromONNX(np.frombuffer(weights, np.uint8))


def saliency(image: Image) -> tuple[Map, float]:
    """How much each pixel belongs to what stands out, float32 [h w] 0..1, and the network's own peak 0..1.

    The map is stretched to 0..1 as U-2-Net's authors do; the peak before stretching says whether there is
    anything at all.
    """
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    small /= max(float(small.max()), 1e-6)
    small = (small - MEAN) / STD
    with _one_at_a_time:
        network = _network()
        network.setInput(small.transpose(2, 0, 1)[None])
        raw = network.forward(network.getUnconnectedOutLayersNames()[0])[0, 0]
    peak, low = float(raw.max()), float(raw.min())
    stretched = (raw - low) / max(peak - low, 1e-9)
    full = cv2.resize(stretched, image.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.clip(full, 0, 1), peak


def forget() -> None:
    """Give the network's memory back."""
    with _one_at_a_time:
        _network.cache_clear()
