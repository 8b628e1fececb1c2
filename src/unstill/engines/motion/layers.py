"""Moving two soft layers: backward mapping, so that no output pixel is ever without a source."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from unstill.engines.motion.camera import Lens, Matrix, Points, Pose
from unstill.engines.motion.saliency import Image, Map
from unstill.engines.motion.scene import Scene

GRID = 8
"""Output pixels between two nodes of the mapping grid. Depth is smooth, so the map is, too; between nodes it
is interpolated linearly."""


@dataclass(frozen=True)
class Window:
    """A part of the output, in grid cells."""

    left: int
    top: int
    right: int
    bottom: int

    def pixels(self, lens: Lens) -> tuple[slice, slice]:
        """Rows and columns of the output."""
        return (
            slice(self.top * GRID, min(lens.height, self.bottom * GRID)),
            slice(self.left * GRID, min(lens.width, self.right * GRID)),
        )


class Nodes:
    """The grid of output points for which the camera is asked.

    Nodes sit in the middle of cells of `GRID` pixels and one cell beyond each edge, so that ``cv2.resize``
    (half-pixel centres) interpolates between them exactly.
    """

    def __init__(self, lens: Lens) -> None:
        self.lens = lens
        self.columns, self.rows = -(-lens.width // GRID), -(-lens.height // GRID)
        x = (np.arange(-1, self.columns + 1) + 0.5) * GRID - 0.5
        y = (np.arange(-1, self.rows + 1) + 0.5) * GRID - 0.5
        self.points: Points = np.stack(np.meshgrid(x, y), -1).astype(np.float32)

    def looked(self, pose: Pose, cover: float, disparity: Map) -> npt.NDArray[np.float32]:
        """Source positions of all nodes, float32 [rows+2 columns+2 2] x y."""
        return self.lens.look(pose, cover, disparity, self.points)

    def dense(self, nodes: npt.NDArray[np.float32], window: Window) -> npt.NDArray[np.float32]:
        """Source x and y in half pixels for every output pixel of the window, float32 [h w 2]."""
        part = nodes[window.top : window.bottom + 2, window.left : window.right + 2]
        size = (part.shape[1] * GRID, part.shape[0] * GRID)
        rows, columns = window.pixels(self.lens)
        height, width = rows.stop - rows.start, columns.stop - columns.start
        full = cv2.resize(part * np.float32(2), size, interpolation=cv2.INTER_LINEAR)
        return np.ascontiguousarray(full[GRID : GRID + height, GRID : GRID + width])

    @property
    def whole(self) -> Window:
        return Window(0, 0, self.columns, self.rows)


class Plate:
    """An image ready to be sampled between its pixels.

    It is kept at twice the density, the pixels themselves at the even places and half-way values from an
    8-tap filter at the odd ones (the half-sample interpolator of H.265, clause 8.5.3.3.3). Plain bilinear
    sampling of that is exact on the pixels, close to the filter between them, and a fifth of the cost of
    bicubic sampling.
    """

    TAPS = np.array([-1, 4, -11, 40, 40, -11, 4, -1], np.float32) / 64

    def __init__(self, image: Image) -> None:
        self.image = image
        one, taps = np.ones(1, np.float32), self.TAPS
        rows, columns = image.shape[:2]
        self.dense = np.empty((2 * rows, 2 * columns, *image.shape[2:]), np.uint8)
        border = cv2.BORDER_REPLICATE
        for down, across in ((0, 0), (0, 1), (1, 0), (1, 1)):
            between = image
            if down or across:
                between = cv2.sepFilter2D(
                    image, -1, taps if across else one, taps if down else one,
                    anchor=(3 if across else 0, 3 if down else 0), borderType=border,
                )  # fmt: skip
            self.dense[down::2, across::2] = between

    def warp(self, homography: Matrix, size: tuple[int, int]) -> Image:
        """Through output-to-source ``homography`` to ``size`` (width, height)."""
        lookup = np.diag([2.0, 2.0, 1.0]) @ homography
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        if abs(lookup[2, 0]) + abs(lookup[2, 1]) < 1e-12 * abs(lookup[2, 2]):
            affine = lookup[:2] / lookup[2, 2]
            return np.asarray(
                cv2.warpAffine(self.dense, affine, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
            )
        return np.asarray(
            cv2.warpPerspective(self.dense, lookup, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        )

    def remap(self, lookup: npt.NDArray[np.float32]) -> Image:
        """At the source positions ``lookup`` [h w 2] x y, in units of half a pixel."""
        return np.asarray(
            cv2.remap(self.dense, lookup, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        )


@dataclass(frozen=True)
class View:
    """One look at one layer: where each output pixel of a window finds its source."""

    homography: Matrix | None
    """Output to source, for a layer that moves as one."""
    lookup: npt.NDArray[np.float32] | None
    """Source positions in half pixels [h w 2], for a layer with depth."""
    window: tuple[slice, slice]
    """Rows and columns of the output."""

    @property
    def is_home(self) -> bool:
        return self.homography is not None and bool(np.array_equal(self.homography, np.eye(3)))

    def of(self, plate: Plate) -> Image:
        """The plate as seen, uint8, the window's size."""
        rows, columns = self.window
        if self.homography is None:
            assert self.lookup is not None
            return plate.remap(self.lookup)
        if self.is_home:
            return plate.image
        return plate.warp(self.homography, (columns.stop, rows.stop))

    def of_soft(self, overlay: Image) -> Image:
        """An overlay without fine detail: sampled as it is, for it is made anew each frame."""
        rows, columns = self.window
        linear, border = cv2.INTER_LINEAR, cv2.BORDER_REPLICATE
        if self.lookup is not None:
            return np.asarray(
                cv2.remap(overlay, self.lookup * np.float32(0.5), None, linear, borderMode=border)
            )
        if self.is_home:
            return overlay
        size, flags = (columns.stop, rows.stop), linear | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpPerspective(overlay, self.homography, size, flags=flags, borderMode=border))


def lay_over(below: Image, layer: Image, window: tuple[slice, slice]) -> None:
    """Composite premultiplied RGBA uint8 over ``below`` [h w 3] in place: layer + (1 - alpha) below."""
    clear = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(layer, 3)), cv2.COLOR_GRAY2RGB)
    part = cv2.multiply(below[window], clear, scale=1 / 255)
    below[window] = cv2.add(part, cv2.cvtColor(layer, cv2.COLOR_RGBA2RGB))


class LayerCamera:
    """Looks at a scene's two layers from any pose."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.lens = Lens(scene.width, scene.height)
        self.nodes = Nodes(self.lens)
        covered = np.zeros_like(scene.alpha, np.uint8)
        if scene.foreground is not None:
            covered = (scene.foreground[..., 3] > 0).astype(np.uint8)
        self._cells = self._coarse(covered)

    def far(self, pose: Pose, cover: float) -> View:
        """The view of the background; of everything, when the camera does not travel."""
        window = self.nodes.whole.pixels(self.lens)
        if pose.is_flat:
            return View(self.lens.rays(pose, cover), None, window)
        nodes = self.nodes.looked(pose, cover, self.scene.far)
        return View(None, self.nodes.dense(nodes, self.nodes.whole), window)

    def near(self, pose: Pose, cover: float) -> View | None:
        """The view of the subject, only as large as the subject is; None when it is out of sight."""
        nodes = self.nodes.looked(pose, cover, self.scene.near)
        window = self._window(nodes)
        if window is None:
            return None
        return View(None, self.nodes.dense(nodes, window), window.pixels(self.lens))

    def _window(self, nodes: npt.NDArray[np.float32]) -> Window | None:
        """The cells in which the subject can be seen."""
        x, y = (np.ascontiguousarray(nodes[1:-1, 1:-1, i]) / GRID for i in (0, 1))
        nearest = cv2.INTER_NEAREST
        hit = cv2.remap(self._cells, x - 0.5, y - 0.5, nearest, borderMode=cv2.BORDER_REPLICATE) > 0
        rows, columns = np.nonzero(hit.any(1))[0], np.nonzero(hit.any(0))[0]
        if not len(rows):
            return None
        return Window(
            max(0, int(columns[0]) - 1), max(0, int(rows[0]) - 1),
            min(self.nodes.columns, int(columns[-1]) + 2), min(self.nodes.rows, int(rows[-1]) + 2),
        )  # fmt: skip

    def _coarse(self, covered: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Cells of the source that hold any of the subject, and their neighbours."""
        size = (self.nodes.rows, GRID, self.nodes.columns, GRID)
        padded = np.zeros((size[0] * GRID, size[2] * GRID), np.uint8)
        padded[: self.lens.height, : self.lens.width] = covered
        return np.asarray(cv2.dilate(padded.reshape(size).max((1, 3)), np.ones((3, 3), np.uint8)))
