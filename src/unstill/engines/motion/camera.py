"""A pinhole camera over a picture with depth: poses, and where each output pixel looks.

The picture is the view of a camera at the origin with focal length ``max(width, height)`` pixels (53 degrees
across). A source pixel u with disparity d seen by a camera moved by (x, y, z) lands at
``c + ((u - c) - f (x, y) d) / (1 - z d)`` (Hartley and Zisserman 2004, section 6.1, with Z = 1/d); rotation
and focal changes are homographies on top.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import cv2
import numpy as np
import numpy.typing as npt

from unstill.engines.motion.saliency import Map

Points = npt.NDArray[np.float32]
"""x and y of points, float32 [.. 2]."""
Matrix = npt.NDArray[np.float64]

FIXED_POINT_STEPS = 4
"""Iterations of u = g(d(u)); the maps are smooth, so each gains more than a digit."""


@dataclass(frozen=True)
class Pose:
    """Where the camera is and looks. x right, y down, z forward in units of the nearest distance; radians;
    ``zoom`` is the log of the focal length's change."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    zoom: float = 0.0

    def __add__(self, other: Pose) -> Pose:
        return Pose(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __mul__(self, k: float) -> Pose:
        return Pose(*(getattr(self, f.name) * k for f in fields(self)))

    @property
    def is_flat(self) -> bool:
        """No travel: the whole picture moves by one homography."""
        return self.x == self.y == self.z == 0.0

    @property
    def is_home(self) -> bool:
        return self == Pose()


@dataclass(frozen=True)
class Lens:
    """Size of the picture, and with it the focal length and centre, in pixels."""

    width: int
    height: int

    @property
    def focal(self) -> float:
        return float(max(self.width, self.height))

    @property
    def centre(self) -> tuple[float, float]:
        return (self.width - 1) / 2, (self.height - 1) / 2

    def rays(self, pose: Pose, cover: float = 1.0) -> Matrix:
        """Homography from output pixels to pixels of the unturned, unzoomed view, float64 [3 3]."""
        if pose.yaw == pose.pitch == pose.roll == pose.zoom == 0.0 and cover == 1.0:
            return np.eye(3)
        f, (cx, cy) = self.focal, self.centre
        near = f * float(np.exp(pose.zoom)) * cover
        into = np.array([[1 / near, 0, -cx / near], [0, 1 / near, -cy / near], [0, 0, 1]])
        back = np.array([[f, 0, cx], [0, f, cy], [0, 0, 1]])
        return np.asarray(back @ _turn(pose) @ into)

    def look(self, pose: Pose, cover: float, disparity: Map, at: Points) -> Points:
        """Source pixels [.. 2] that output pixels ``at`` [.. 2] see on a layer of the given disparity map."""
        seen = transform(self.rays(pose, cover), at)
        if pose.is_flat:
            return seen
        centre = np.array(self.centre, np.float32)
        shift = np.array([pose.x, pose.y], np.float32) * np.float32(self.focal)
        offset, closer = seen - centre, np.float32(pose.z)
        slope = shift - closer * offset  # u = c + offset (1 - z d) + f (x, y) d, gathered by d
        source: Points = seen
        for _ in range(FIXED_POINT_STEPS):
            source = (seen + slope * sample(disparity, source)[..., None]).astype(np.float32)
        return source

    def project(self, pose: Pose, points: Points, disparity: npt.NDArray[np.float32]) -> Points:
        """Output pixels [.. 2] where ``points`` [.. 2] of known disparity [..] land; inverse of `look`."""
        centre, d = np.array(self.centre, np.float32), disparity[..., None]
        shift = np.array([pose.x, pose.y], np.float32) * np.float32(self.focal)
        moved = centre + (points - centre - shift * d) / (1 - np.float32(pose.z) * d)
        return transform(inverse(self.rays(pose)), moved.astype(np.float32))


def inverse(homography: Matrix) -> Matrix:
    return np.asarray(np.linalg.inv(homography), dtype=np.float64)


def transform(homography: Matrix, points: Points) -> Points:
    """Points [.. 2] through a homography."""
    if points.size == 0 or np.array_equal(homography, np.eye(3)):
        return points
    flat = np.ascontiguousarray(points, np.float32).reshape(-1, 1, 2)
    return np.asarray(cv2.perspectiveTransform(flat, homography)).reshape(points.shape)


def sample(values: Map, points: Points) -> npt.NDArray[np.float32]:
    """Bilinear values [..] of a map at points [.. 2], edges extended."""
    at = np.ascontiguousarray(points, np.float32)
    if at.ndim == 2:
        at = at[:, None]
    found = cv2.remap(values, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found).reshape(points.shape[:-1])


def _turn(pose: Pose) -> Matrix:
    """Rotation of a camera that yaws right, pitches up and rolls clockwise, from the world in."""
    cy, sy, cp, sp = np.cos(pose.yaw), np.sin(pose.yaw), np.cos(pose.pitch), np.sin(pose.pitch)
    cr, sr = np.cos(pose.roll), np.sin(pose.roll)
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    pitch = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    roll = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(yaw @ pitch @ roll)
