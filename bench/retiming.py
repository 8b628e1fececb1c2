"""``python -m bench.retiming``: in-between frames beside plain blending, where the true frame is known.

A photo is scaled to 576 pixels and two 512 x 512 windows are taken from it, half the shift to either side of
the middle one; whole pixels are cut out, fractions sampled by Lanczos. So what comes into the picture at its
borders is real, and the true middle frame is the middle window. The number is the PSNR of the whole frame
against it, of the drawn one and of the mean of the two. CPU seconds are the process's, for one new frame.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass

import cv2
import numpy as np

from bench import photos
from unstill.engines.motion.saliency import Image
from unstill.engines.retime.opencv import OpenCvMiddle

SIDE, AROUND = 512, 32
SHIFTS = ((0.5, 0.0), (1.0, 0.0), (3.5, 1.5), (8.0, -6.0), (12.25, 4.75), (20.0, 0.0))
"""Pixels that the picture moves between two frames, right and down."""
BUNDLED = ("astronaut", "coffee", "rocket")


@dataclass(frozen=True)
class Case:
    """Two frames and the true one between them, each uint8 [512 512 3]."""

    first: Image
    last: Image
    truth: Image


@dataclass(frozen=True)
class Result:
    """PSNR in dB, CPU seconds."""

    drawn: float
    blended: float
    cpu_s: float

    @property
    def gain(self) -> float:
        return self.drawn - self.blended


def case(photo: Image, shift: tuple[float, float]) -> Case:
    """The frames of a photo [576 576 3] that moves by ``shift``."""
    half = shift[0] / 2, shift[1] / 2
    return Case(_window(photo, half), _window(photo, (-half[0], -half[1])), _window(photo, (0, 0)))


def large(name: str) -> Image:
    """A photo as `case` wants it."""
    return photos.photo(name, SIDE + 2 * AROUND)


def measure(made: Case, middle: OpenCvMiddle) -> Result:
    """One pair. The networks are built before the clock starts."""
    started = time.process_time()
    drawn = middle.middle(made.first, made.last)
    took = time.process_time() - started
    return Result(psnr(drawn, made.truth), psnr(blend(made.first, made.last), made.truth), took)


def blend(first: Image, last: Image) -> Image:
    """The mean of two frames, rounded."""
    return ((first.astype(np.uint16) + last + 1) // 2).astype(np.uint8)


def psnr(made: Image, truth: Image) -> float:
    """In dB, of all three channels."""
    error = float(np.mean((made.astype(np.float64) - truth) ** 2))
    return 10 * math.log10(255**2 / error) if error else math.inf


def _window(photo: Image, offset: tuple[float, float]) -> Image:
    """The 512 x 512 window so far right and below of the middle one."""
    x, y = AROUND + offset[0], AROUND + offset[1]
    if x == int(x) and y == int(y):
        return np.ascontiguousarray(photo[int(y) : int(y) + SIDE, int(x) : int(x) + SIDE])
    how = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
    moved: Image = cv2.warpAffine(photo, np.array([[1.0, 0, x], [0, 1, y]]), (SIDE, SIDE), flags=how)
    return moved


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.retiming", description=__doc__)
    parser.add_argument("--photos", nargs="+", choices=photos.names(), default=BUNDLED)
    middle = OpenCvMiddle()
    print("| photo | shift, pixels | drawn, dB | blended, dB | gain, dB | CPU s |")
    print("|---|---|---|---|---|---|")
    for name in parser.parse_args().photos:
        whole = large(name)
        middle.middle(whole[:SIDE, :SIDE], whole[:SIDE, :SIDE])
        for shift in SHIFTS:
            got = measure(case(whole, shift), middle)
            words = (f"{got.drawn:.1f}", f"{got.blended:.1f}", f"{got.gain:.1f}", f"{got.cpu_s:.2f}")
            print(f"| {name} | {shift[0]:g}, {shift[1]:g} | {' | '.join(words)} |", flush=True)


if __name__ == "__main__":
    main()
