"""Fractal noise that tiles without a seam: the stuff of clouds and fog."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from unstill.engines.motion.saliency import Map

Vector = npt.NDArray[np.float32]


def tile(random: np.random.Generator, side: int, coarsest: float, finest: float, slope: float = 1.7) -> Map:
    """A periodic random field, float32 [side side], mean 0, standard deviation 1.

    Spectral synthesis (Saupe 1988, in The Science of Fractal Images): white noise whose amplitude falls with
    frequency as f^-slope, kept between the wavelengths ``coarsest`` and ``finest`` (in samples, soft ends).
    Turbulence (an energy spectrum of k^-5/3) has a slope of 4/3 in two dimensions; veils look softer.
    """
    grid = np.fft.rfft2(random.standard_normal((side, side)))
    f = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    f[0, 0] = 1.0
    low, high = (f * coarsest) ** 4, (f * finest) ** 4
    shape = f**-slope * low / (1 + low) / (1 + high)
    shape[0, 0] = 0.0
    field = np.fft.irfft2(grid * shape, s=(side, side))
    return np.asarray(field / field.std(), dtype=np.float32)


def sampled(field: Map, x: Map, y: Map) -> Map:
    """A tile's bilinear values at x and y (float32 [h w], in samples, any size: the tile repeats)."""
    side = np.float32(field.shape[0])
    padded = cv2.copyMakeBorder(field, 0, 1, 0, 1, cv2.BORDER_WRAP)
    wrapped_x, wrapped_y = x - np.floor(x / side) * side, y - np.floor(y / side) * side
    return np.asarray(
        cv2.remap(padded, wrapped_x, wrapped_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )


def smoothstep(low: float, high: float, values: Map) -> Map:
    """0 below ``low``, 1 above ``high``, a cubic between."""
    s = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(s * s * (3 - 2 * s), dtype=np.float32)


def enlarged(values: npt.NDArray[np.float32], height: int, width: int) -> npt.NDArray[np.float32]:
    """Soft maps at reduced size [h/n w/n ..], brought to the picture's size bilinearly."""
    return np.asarray(cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def small_size(height: int, width: int, unit: float, step: float) -> tuple[int, int]:
    """Height and width of a map with one sample for ``step`` pixels (at 1024) of the picture."""
    pace = max(1.0, step * unit)
    return max(2, round(height / pace)), max(2, round(width / pace))


def pixel_grid(rows: int, columns: int, height: int, width: int) -> tuple[Map, Map]:
    """x and y of the picture's pixels under the samples of a small map, float32 [rows columns]."""
    x = (np.arange(columns, dtype=np.float32) + 0.5) * (width / columns) - 0.5
    y = (np.arange(rows, dtype=np.float32) + 0.5) * (height / rows) - 0.5
    across, down = np.meshgrid(x, y)
    return np.asarray(across, dtype=np.float32), np.asarray(down, dtype=np.float32)
