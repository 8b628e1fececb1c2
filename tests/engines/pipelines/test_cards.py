"""What the catalogue says of each model, against the real classes that it is of."""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

diffusers = pytest.importorskip("diffusers", reason="the extra diffusion is not installed")
sys.path.append(str(Path(__file__).parents[1] / "placement"))  # full_size stands beside its meter

from full_size import ENTRIES, PARAMETERS, build  # noqa: E402
from tiny_engine import engine_of, made, plan_of  # noqa: E402
from tiny_rows import ONE_OF_A_KIND, TINY  # noqa: E402
from unstill.engines.pipelines.glimpse import Glimpse  # noqa: E402
from unstill.engines.pipelines.row import Row  # noqa: E402
from unstill.engines.pipelines.rows import ROWS  # noqa: E402
from unstill.engines.pipelines.rows.hunyuan_sizes import SIZES_480, SIZES_720  # noqa: E402
from unstill.engines.pipelines.rungs import Rung, allowed  # noqa: E402

PROMISED = (
    "id", "family", "licence", "licence_limits", "terms", "parameters", "download_bytes", "sizes",
    "num_frames", "frame_grid", "size_grid", "memory", "prompt_languages", "last_picture", "loops", "lora",
    "sound",
)  # fmt: skip
ENTRY_OF: Mapping[str, str] = {
    "svd": "svd-img2vid",
    "svd-xt": "svd-xt",
    "cogvideox-5b": "cogvideox-5b-i2v",
    "cogvideox-1.5-5b": "cogvideox1.5-5b-i2v",
    "ltx-video-2b": "ltx-video-2b-0.9.5",
    "ltx-video-13b": "ltx-video-13b-0.9.7",
    "ltx-video-13b-distilled": "ltx-video-13b-0.9.8-distilled",
    "hunyuanvideo-1.5-480p": "hunyuanvideo-1.5-i2v-480p",
    "hunyuanvideo-1.5-720p": "hunyuanvideo-1.5-i2v-720p",
    "hunyuanvideo-1.5-480p-distilled": "hunyuanvideo-1.5-i2v-480p-cfg-distilled",
    "hunyuanvideo-1.5-720p-distilled": "hunyuanvideo-1.5-i2v-720p-cfg-distilled",
    "hunyuanvideo-1.5-480p-step-distilled": "hunyuanvideo-1.5-i2v-480p-step-distilled",
    "skyreels-v2-i2v-1.3b": "skyreels-v2-i2v-1.3b-540p",
    "kandinsky-5-lite": "kandinsky-5-i2v-lite-5s",
}
"""Where the counted networks go by another name."""
UNREAD = {"ltx-2.5": {"text_encoder": "taken to be that of LTX-2.3: its own was not to be had"}}
STEPS: Mapping[str, str] = {
    "wan2.2-i2v-a14b": "40: Wan2.2's wan/configs/wan_i2v_A14B.py",
    "wan2.1-i2v-14b-480p": "40: Wan2.1's generate.py, for pictures",
    "wan2.1-i2v-14b-720p": "40: Wan2.1's generate.py, for pictures",
    "ltx-2.5": "8: as many as its sigmas",
    "hunyuanvideo-1.5-480p-step-distilled": "12: the README's table",
    "ltx-video-2b": "40: configs/ltxv-2b-0.9.5.yaml",
    "ltx-video-13b": "30: configs/ltxv-13b-0.9.7-dev.yaml",
    "ltx-video-13b-distilled": "8: as many as its timesteps",
    "ltx-video-13b-0.9.7-distilled": "8: as many as its timesteps",
}
"""Steps that are not the call's own, and why."""
GUIDANCE: Mapping[str, str] = {
    "wan2.2-i2v-a14b": "3.5 for both experts: Wan2.2's wan/configs/wan_i2v_A14B.py",
    "wan2.1-flf2v-14b-720p": "5.5: diffusers' documentation of FLF2V",
    "ltx-2": "the sound's as the picture's: the call's 7 is of LTX-2.3",
    "ltx-video-13b": "5: diffusers' documentation of 0.9.7",
    "ltx-video-13b-distilled": "1: distilled, nothing is guided",
    "ltx-video-13b-0.9.7-distilled": "1: distilled, nothing is guided",
}
"""The same for guidance."""
EACH = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.card.id)


def call_of(row: Row) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(getattr(diffusers, row.pipeline).__call__).parameters


@EACH
def test_a_card_in_json_has_what_people_choose_by(row: Row) -> None:
    """In both languages; memory by rung, for the rungs that the model can take; sides and frames whole."""
    for language in ("en", "zh"):
        told = json.loads(json.dumps(row.card.to_json(language)))
        assert [name for name in PROMISED if name not in told] == []
    rungs = allowed(tuple(Rung), exact=False, tiles=row.tiles)
    assert list(told["memory"]) == [rung.name.lower() for rung in rungs]
    assert told["memory"]["resident"] >= 2 * row.card.parameters
    assert min(told["memory"].values()) > 0
    assert told["num_frames"] == row.card.native["num_frames"]
    assert told["sizes"][0] == row.card.sizes[0]
    assert (told["licence_limits"] == "") == (row.card.terms.limits() == "")


@EACH
def test_parameters_are_those_of_the_real_classes(row: Row) -> None:
    counted = PARAMETERS[ENTRY_OF.get(row.card.id, row.card.id)]
    unread = UNREAD.get(row.card.id, {})
    assert {name: count for name, count in row.parameters.items() if name not in unread} == counted
    assert row.card.parameters == sum(row.parameters.values())
    assert row.card.download_bytes == 2 * row.card.parameters
    for name in unread:
        assert row.parameters[name] == PARAMETERS["ltx-2.3"][name]


@EACH
def test_latents_are_those_of_the_real_classes(row: Row) -> None:
    """Channels of the VAE; pixels and frames to a latent; the denoiser's patches."""
    parts = ENTRIES[ENTRY_OF.get(row.card.id, row.card.id)]
    vae, denoiser = build(parts["vae"]), build(parts[row.denoisers[0]])
    given = inspect.signature(getattr(diffusers, row.pipeline).__init__).parameters
    rest = {name: None for name in given if name not in ("self", "vae", *row.denoisers)}
    known = {name: of.default for name, of in given.items() if of.default is not inspect.Parameter.empty}
    if row.adapter == "hunyuan15":
        rest["guider"] = diffusers.ClassifierFreeGuidance()
    pipe = getattr(diffusers, row.pipeline)(**{**rest, **known, "vae": vae, row.denoisers[0]: denoiser})
    config = vae.config
    channels = _first(config, "z_dim", "latent_channels")
    spatial = _first(pipe, "vae_scale_factor_spatial", "vae_spatial_compression_ratio", "vae_scale_factor")
    temporal = _first(pipe, "vae_scale_factor_temporal", "vae_temporal_compression_ratio", default=1)
    assert (row.latents.channels, row.latents.spatial, row.latents.temporal) == (channels, spatial, temporal)
    assert row.latents.patch == _patch(denoiser.config)


def _first(of: Any, *names: str, default: int | None = None) -> Any:
    return next((getattr(of, name) for name in names if getattr(of, name, None) is not None), default)


def _patch(config: Any) -> tuple[int, int, int]:
    """Latent frames, rows and columns to a token, as each class says it."""
    if "in_visual_dim" in config or isinstance(config.get("patch_size"), (tuple, list)):
        return tuple(config.patch_size)  # type: ignore[return-value]
    side = config.get("patch_size") or 1
    return (config.get("patch_size_t") or 1, side, side)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", sorted(ONE_OF_A_KIND.values()))
def test_tiny_latents_have_the_axes_of_the_row(
    row: str, folder_of: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a step of the real class works on, in frames and places. Some leave the first picture's latents as
    they are and step the others alone; some round frames up to a whole patch."""
    shapes: list[tuple[int, ...]] = []
    monkeypatch.setattr(Glimpse, "stepped", lambda *given: shapes.append(tuple(given[3].shape)))
    plan = plan_of(row, Rung.RESIDENT)
    made(engine_of(folder_of(row)), plan)
    form = TINY[row].latents
    frames = (plan.num_frames - 1) // form.temporal + 1
    high, wide = plan.height // form.spatial, plan.width // form.spatial
    (shape,) = set(shapes)
    if form.axes == "packed" and len(shape) == 3:
        assert shape[1] == frames * high * wide
        return
    places = {"bcfhw": (2, 3, 4), "packed": (2, 3, 4), "bfchw": (1, 3, 4), "bfhwc": (1, 2, 3)}[form.axes]
    stepped, *rest = (shape[place] for place in places)
    assert rest == [high, wide]
    assert stepped in (frames, frames - 1, -(-frames // form.patch[0]) * form.patch[0])


@EACH
def test_what_it_does_by_itself_is_within_its_own_limits(row: Row) -> None:
    """Sizes on the grid and within the sides, lengths on theirs, and every grid the latents can do."""
    card, native = row.card, row.card.native
    form = row.latents
    for size in card.sizes:
        for side in map(int, size.split("x")):
            assert side % card.side_grid == 0, size
            assert side in card.side, size
    assert card.side_grid % (form.spatial * max(form.patch[1:])) == 0
    assert int(str(native["num_frames"])) % card.frame_stride == 1 % card.frame_stride
    assert int(str(native["num_frames"])) in card.frames
    for end in (card.frames.low, card.frames.high):
        assert int(end) % card.frame_stride == 1 % card.frame_stride
    assert card.frame_stride % form.temporal == 0
    assert native["num_inference_steps"] in card.steps
    assert native["guidance_scale"] in card.guidance
    assert native["fps"] in card.fps
    short = re.fullmatch(r"(\d+)p", str(native["size"]))
    assert str(native["size"]) in card.sizes or (
        short is not None and int(short[1]) == min(map(int, card.sizes[0].split("x")))
    )


@EACH
def test_the_pipeline_takes_what_the_row_gives(row: Row) -> None:
    """Every argument that the row names, and every one that its card promises, is one of the class's call."""
    known = call_of(row)
    fps = [row.fps] if row.fps else []
    assert [name for name in (*row.guidance, *row.call, *fps) if name not in known] == []
    if row.card.negative_prompt:
        assert "negative_prompt" in known
        assert row.negative_prompt or row.adapter == "hunyuan15"
    last = {"last_image": "last_image", "conditions": "conditions"}.get(row.last)
    assert last is None or last in known
    assert (row.card.last_picture != "no") == bool(row.last) == row.card.loops
    assert ("prompt" in known) == bool(row.card.prompt_languages)
    if row.card.lora:
        assert hasattr(getattr(diffusers, row.pipeline), "load_lora_weights")
    assert ("acceleration" in row.card.options) == row.compiles


@EACH
def test_steps_and_guidance_are_the_calls_own_or_have_a_reason(row: Row) -> None:
    known, native, name = call_of(row), row.card.native, row.card.id
    own = known["num_inference_steps"].default
    assert (native["num_inference_steps"] != own) == (name in STEPS), own
    guided = [known[each].default for each in row.guidance if known[each].default is not None]
    assert any(native["guidance_scale"] != each for each in guided) == (name in GUIDANCE), guided


@pytest.mark.parametrize(("sizes", "target"), [(SIZES_480, 640), (SIZES_720, 960)])
def test_hunyuans_sizes_are_those_of_its_processor(sizes: tuple[str, ...], target: int) -> None:
    """All that the class has for the target, once each, the best known first."""
    from diffusers.pipelines.hunyuan_video1_5.image_processor import generate_crop_size_list

    crops = generate_crop_size_list(base_size=target, patch_size=16)
    assert sorted(sizes) == sorted({f"{width}x{height}" for height, width in crops})
    assert len(set(sizes)) == len(sizes)
    assert sizes[0] == {640: "832x480", 960: "1280x720"}[target]


@EACH
def test_texts_are_there_in_both_languages_and_short(row: Row) -> None:
    """Chinese in Chinese, and no line of English longer than people read."""
    card = row.card
    english, chinese = card.about["en"], card.about["zh"]
    assert 0 < len(english) <= 150
    assert len(re.findall(r"[\u4e00-\u9fff]", chinese)) >= 8
    assert card.licence
    assert card.licence_zh or re.fullmatch(r"[A-Za-z0-9.-]+", card.licence), "a sentence, in English alone"
    assert card.title_in("en")
    for note in card.licence_notes:
        assert note["en"]
        assert re.search(r"[\u4e00-\u9fff]", note["zh"])
    for option in card.options.values():
        assert option.about["en"]
        assert re.search(r"[\u4e00-\u9fff]", option.about["zh"])
    if card.terms.limits():
        assert card.terms.limits("zh") != card.terms.limits()


def test_no_two_models_stand_alike() -> None:
    """Of two that both fit, one is always the better one; names and files are their own."""
    for of in (lambda row: row.card.standing, lambda row: row.card.id, lambda row: row.card.repo):
        assert len({of(row) for row in ROWS}) == len(ROWS)
    titles = [row.card.title for row in ROWS]
    assert len(set(titles)) == len(titles)
    assert all(0 < row.card.standing < 100 for row in ROWS)
