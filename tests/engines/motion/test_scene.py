"""What the engine sees in real photos."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from films import scene
from photos import photo, psnr
from unstill.domain.errors import DamagedInstall
from unstill.engines.motion import saliency
from unstill.engines.motion.fill import behind, split, spread
from unstill.engines.motion.matte import guided_filter, light
from unstill.engines.motion.scene import analyse


@pytest.mark.parametrize(
    ("name", "inside"), [("astronaut", (160, 140)), ("flower", (160, 150)), ("coffee", (160, 120))]
)
def test_the_subject_is_found(name, inside):
    """A person, a flower, a cup: the layer covers it and not the picture's corners."""
    found = scene(name)
    assert found.has_subject
    assert found.alpha[inside[1], inside[0]] > 0.9
    assert found.alpha[3, 3] < 0.1


@pytest.mark.parametrize(
    ("name", "sky"), [("china", True), ("rocket", True), ("coffee", False), ("flower", False)]
)
def test_the_sky_is_found_where_there_is_one(name, sky):
    """A hazy day and a night sky are skies; a table and leaves are not."""
    assert (scene(name).sky is not None) == sky


def test_the_sky_stops_at_the_roof():
    """The pagoda is no sky; the air above the lake is."""
    sky = scene("china").sky
    assert sky[20, 280] > 0.9
    assert sky[150, 100] < 0.1


def test_crumbs_are_no_subject():
    """Two eyes of a face that fills the picture are not lifted out of it."""
    assert not scene("cat").has_subject


def test_near_things_are_nearer():
    """The subject is nearer than what is behind it, and the ground nearer than the sky."""
    found = scene("china")
    assert found.pivot > found.far.mean() + 0.1
    assert found.far[310].mean() > found.far[10].mean() + 0.2


@pytest.mark.parametrize("name", ["astronaut", "china", "flower", "coffee"])
def test_two_layers_make_the_picture_again(name):
    """Foreground over background is the photo, up to rounding."""
    found = scene(name)
    layer = found.foreground.astype(np.float64)
    again = layer[..., :3] + (1 - layer[..., 3:] / 255) * found.background
    assert psnr(again, found.picture) > 60
    assert (layer[..., :3] <= layer[..., 3:]).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_splitting_is_exact_whatever_the_matte(seed):
    """Even a senseless alpha and a senseless fill leave the picture whole."""
    random = np.random.default_rng(seed)
    image = cv2.resize(random.integers(0, 256, (6, 6, 3), np.uint8), (48, 48), interpolation=cv2.INTER_CUBIC)
    alpha = cv2.resize(random.random((5, 5), np.float32), (48, 48)) ** 2
    fill, hole = behind(image, alpha, 48 / 1024)
    background, foreground, invented = split(image, alpha, fill, hole)
    layer = foreground.astype(np.float64)
    again = layer[..., :3] + (1 - layer[..., 3:] / 255) * background
    assert np.abs(again - image).max() <= 2.5
    assert ((invented >= 0) & (invented <= 1)).all()


def test_spreading_keeps_what_is_known():
    """Known values stay; a constant spreads as itself."""
    known = np.zeros((64, 64), np.float32)
    known[20:40, 10:30] = 1
    out = spread(np.full((64, 64), 0.7, np.float32), known)
    assert np.allclose(out, 0.7, atol=1e-4)


def test_the_guided_filter_is_he_and_sun():
    """Against the textbook formula solved pixel by pixel with NumPy."""
    guide = light(photo("coffee", 64))
    target = (guide[..., 0] > 0.5).astype(np.float32)
    box = lambda a: cv2.blur(a, (5, 5), borderType=cv2.BORDER_REFLECT)  # noqa: E731 - the paper's notation
    mean, mean_p = box(guide), box(target)
    outer = np.einsum("hwi,hwj->hwij", guide, guide).reshape(64, 64, 9)
    sigma = np.dstack([box(np.ascontiguousarray(outer[..., k])) for k in range(9)]).reshape(64, 64, 3, 3)
    sigma = sigma - np.einsum("hwi,hwj->hwij", mean, mean) + 1e-3 * np.eye(3)
    cov = box(guide * target[..., None]) - mean * mean_p[..., None]
    a = np.linalg.solve(sigma, cov[..., None])[..., 0]
    b = mean_p - (a * mean).sum(-1)
    wanted = (box(a.astype(np.float32)) * guide).sum(-1) + box(b.astype(np.float32))
    got = guided_filter(guide, target, 2, 1e-3, shrink=1)
    assert np.abs(got - wanted).max() < 2e-3


def test_a_crop_is_seen_as_part_of_the_whole():
    """Saliency looks at the whole picture, so a tight crop keeps its subject."""
    whole = photo("astronaut")
    box = (100, 10, 228, 138)
    part = np.ascontiguousarray(whole[10:138, 100:228])
    found = analyse(part, whole, box)
    assert found.has_subject
    assert found.alpha.shape == (128, 128)


@pytest.mark.parametrize("shape", [(16, 16), (16, 400), (400, 16), (33, 47)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_pictures_without_anything_in_them_are_fine(shape, level):
    """Tiny, long and empty pictures have no subject and no crash."""
    found = analyse(np.full((*shape, 3), level, np.uint8))
    assert not found.has_subject
    assert np.isfinite(found.far).all()


def test_changed_weights_are_refused(monkeypatch):
    """The shipped network is used only if it is the one that was shipped."""
    saliency.forget()
    monkeypatch.setattr(saliency, "SHA256", "0" * 64)
    with pytest.raises(DamagedInstall):
        saliency.saliency(photo("coffee", 64))
    saliency.forget()
