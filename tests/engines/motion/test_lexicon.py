"""What a prompt is read as: measured on a corpus of prompts as people write them, and case by case."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from unstill.engines.motion.lexicon import Cue, Understood, understand

CORPUS = [
    json.loads(line) for line in Path(__file__).with_name("prompts.jsonl").read_text("utf-8").splitlines()
]


def ids(read: Understood) -> list[list[str]]:
    return [[cue.id for cue in stage] for stage in read.stages]


def effects(prompt: str) -> set[str]:
    return {cue.id for cue in understand(prompt).effects}


def matches(row: dict[str, Any]) -> bool:
    read = understand(row["prompt"])
    return (
        read.moves == row["moves"]
        and {cue.id for cue in read.effects} == set(row["effects"])
        and read.auto == row["auto"]
        and ("seconds" not in row or read.seconds == row["seconds"])
    )


@pytest.mark.parametrize("part", ["dev", "held", "fresh", "independent"])
def test_at_least_97_of_100_prompts_are_read_exactly(part: str) -> None:
    """Moves in order, effects as a set, whether a move was named, and the duration."""
    rows = [r for r in CORPUS if part == ("held" if r.get("held") else r.get("set", "dev"))]
    wrong = [r["prompt"] for r in rows if not matches(r)]
    assert len(rows) >= 60
    assert len(wrong) <= 0.03 * len(rows), wrong


def test_stages_follow_the_prompt_in_97_of_100_prompts() -> None:
    """Together or one after another, as the words between the moves say."""
    wrong = [r["prompt"] for r in CORPUS if ids(understand(r["prompt"])) != r["stages"]]
    assert len(wrong) <= 0.03 * len(CORPUS), wrong


def test_what_cannot_be_done_is_noticed_in_90_of_100_prompts() -> None:
    """A prompt that asks the people in the picture to act says so in `undone`."""
    wrong = [r["prompt"] for r in CORPUS if bool(understand(r["prompt"]).undone) != r["undone"]]
    assert len(wrong) <= 0.1 * len(CORPUS), wrong


def test_a_prompt_without_a_move_gets_a_gentle_push_in() -> None:
    assert understand("") == Understood(((Cue("dolly_in", 0.6),),), (), True, None, (), False)


@pytest.mark.parametrize(
    ("prompt", "strength"),
    [
        ("extremely slow push in", 0.35),
        ("slow push in", 0.65),
        ("push in", 1.0),
        ("quick push in", 1.35),
        ("very fast push in", 1.7),
        ("镜头极其缓慢地推进", 0.35),
        ("镜头缓缓推进", 0.65),
        ("镜头快速推进", 1.35),
        ("镜头急速推进", 1.7),
        ("whip pan left", 1.7),
    ],
)
def test_words_of_speed_set_the_strength(prompt: str, strength: float) -> None:
    assert understand(prompt).stages[0][0].strength == strength


@pytest.mark.parametrize(
    ("prompt", "side"),
    [
        ("orbit left around the statue", "left"),
        ("the camera orbits clockwise", "left"),
        ("镜头向右环绕主体", "right"),
        ("camera rolls clockwise", "right"),
        ("camera rolls counter-clockwise", "left"),
        ("orbit the statue", None),
    ],
)
def test_orbits_and_rolls_know_their_side(prompt: str, side: str | None) -> None:
    assert understand(prompt).stages[0][0].side == side


@pytest.mark.parametrize(
    ("prompt", "moves"),
    [
        ("don't pan, zoom in", ["zoom_in"]),
        ("without zooming in or panning, orbit the vase", ["orbit"]),
        ("not only pan left but also tilt up", ["pan_left", "tilt_up"]),
        ("Negative prompt: zoom, camera shake", ["dolly_in"]),
        ("不要推进,镜头环绕", ["orbit"]),
        ("不只推进,还要左摇", ["dolly_in", "pan_left"]),
        ("镜头不断推进", ["dolly_in"]),
    ],
)
def test_negation_ends_where_its_clause_ends(prompt: str, moves: list[str]) -> None:
    assert understand(prompt).moves == moves


@pytest.mark.parametrize(
    ("prompt", "stages"),
    [
        ("push in while panning left", [["dolly_in", "pan_left"]]),
        ("push in, then pan left", [["dolly_in"], ["pan_left"]]),
        ("tilt up after pushing in", [["dolly_in"], ["tilt_up"]]),
        ("before panning right, tilt down", [["tilt_down"], ["pan_right"]]),
        ("zoom in and zoom out", [["zoom_in"], ["zoom_out"]]),
        ("static shot, then push in", [["static"], ["dolly_in"]]),
        ("hold for 2 seconds, then pan left", [["static"], ["pan_left"]]),
        ("hold the cup, then pan left", [["pan_left"]]),
        ("once the camera has tilted up, pull back", [["tilt_up"], ["dolly_out"]]),
        ("POV walking forward, then pan left", [["dolly_in"], ["pan_left"]]),
        ("运镜：推+摇（左）→拉", [["dolly_in", "pan_left"], ["dolly_out"]]),
        ("先左移,再推近,最后环绕", [["truck_left"], ["dolly_in"], ["orbit"]]),
        ("边推进边左摇", [["dolly_in", "pan_left"]]),
        ("the camera panned left and then zoomed in", [["pan_left"], ["zoom_in"]]),
        ("panned left, then tilted up", [["pan_left"], ["tilt_up"]]),
        ("下雪了镜头慢慢往前走", [["dolly_in"]]),
        ("镜头缓缓推出", [["dolly_out"]]),
        ("飞过城市上空", [["dolly_in"]]),
    ],
)
def test_moves_happen_together_or_in_turn_as_told(prompt: str, stages: list[list[str]]) -> None:

    assert ids(understand(prompt)) == stages


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("zoomin", "zoom in"),
        ("PanRight", "pan right"),
        ("pan (left)", "pan left"),
        ("tilt: down", "tilt down"),
        ("镜头摇（左）", "镜头左摇"),
        ("左摇镜头", "镜头左摇"),
        ("dont move the camera", "don't move the camera"),
        ("飄著雪", "飘着雪"),
    ],
)
def test_hurried_spelling_is_read_as_the_careful_one(typed: str, meant: str) -> None:
    assert ids(understand(typed)) == ids(understand(meant)) != []
    assert effects(typed) == effects(meant)
    assert understand(typed).auto == understand(meant).auto


def test_a_rewritten_spelling_is_still_quoted_as_typed() -> None:
    """What is rewritten before reading does not shift the quotations after it."""
    assert understand("Dont Pan（Left）ZoomIn, her HAIR blows").undone == ("her HAIR blows",)


@pytest.mark.parametrize(
    ("prompt", "asked"),
    [
        ("add petals and clouds", {"petals", "clouds"}),
        ("push in, with snow", {"snow"}),
        ("mountains with snow, push in", set()),
        ("a hillside with clouds behind it", set()),
        ("加点雨", {"rain"}),
        ("不要加雨", set()),
        ("穿好加厚雨衣", set()),
        ("风沙弥漫", {"dust"}),
    ],
)
def test_a_bare_noun_is_an_effect_only_when_asked_for(prompt: str, asked: set[str]) -> None:
    assert effects(prompt) == asked


@pytest.mark.parametrize(
    "prompt",
    ["no zoom no pan", "totally still", "everything still, only clouds move", "无须任何运镜", "别动镜头"],
)
def test_who_forbids_motion_gets_none(prompt: str) -> None:
    read = understand(prompt)
    assert (ids(read), read.auto) == ([["static"]], False)


@pytest.mark.parametrize(
    "prompt", ["no snow", "no camera shake", "a still life", "still water", "Negative prompt: zoom"]
)
def test_a_refusal_of_something_else_is_not_stillness(prompt: str) -> None:
    assert understand(prompt).auto


def test_refusing_haste_is_not_refusing_the_move() -> None:
    read = understand("don't zoom in too fast")
    assert read.stages == ((Cue("zoom_in", 0.65),),)


@pytest.mark.parametrize(
    "prompt",
    [
        "a snow leopard",
        "Snow White",
        "girl in a raincoat, rainbow",
        "一只雪豹",
        "穿雨衣的女孩",
        "云南梯田",
        "water bottle",
    ],
)
def test_weather_in_a_name_is_no_weather(prompt: str) -> None:
    assert effects(prompt) == set()


@pytest.mark.parametrize(
    ("prompt", "phrase"),
    [
        ("Slow zoom in. She smiles, calm light", "She smiles"),
        ("her hair blowing in the wind, push in", "her hair blowing in the wind"),
        ("镜头推进,女孩微笑", "女孩微笑"),
        ("A CAR moves to the right", "A CAR moves to the right"),
        ("下雪了女孩慢慢往前走", "女孩慢慢往前走"),
        ("女孩微笑镜头慢慢推进", "女孩微笑"),
        ("she smiles and the camera slowly pushes in", "she smiles"),
        ("camera pushes in as she smiles", "she smiles"),
        ("the flag waves in the wind, push in", "the flag waves in the wind"),
        ("zoom in, make it night", "make it night"),
        ("add snow and a dog", "a dog"),
        ("下雪,再加一只狗", "加一只狗"),
        ("把背景换成海边,镜头推近", "把背景换成海边"),
        ("push in, with sound", "with sound"),
        ("in anime style", "in anime style"),
    ],
)
def test_what_cannot_be_done_is_quoted_as_it_stands(prompt: str, phrase: str) -> None:
    assert understand(prompt).undone == (phrase,)


@pytest.mark.parametrize(
    "prompt",
    [
        "a smiling woman",
        "no smiling, zoom in",
        "微笑的女孩",
        "push in on the oak door",
        "a night street",
        "an anime girl",
        "fireworks poster on the wall",
        "make it slower",
        "turn this photo into a video",
        "remove all camera movement",
        "don't add a dog",
        "不要加音乐",
        "去掉镜头晃动",
    ],
)
def test_states_and_refusals_are_not_undone(prompt: str) -> None:
    assert understand(prompt).undone == ()


@pytest.mark.parametrize(
    ("prompt", "seconds"),
    [
        ("push in, 5s", 5.0),
        ("for 3.5 sec, pan left", 3.5),
        ("a ten second clip", 10.0),
        ("三秒,向右摇", 3.0),
        ("时长４秒", 4.0),
        ("十五秒钟", 15.0),
        ("0-3s: push in. 3-6s: orbit", 6.0),
        ("then after 2 seconds pan left", None),
        ("hold for 2 seconds, then pan left", None),
        ("80s synthwave car", None),
        ("a woman in her 20s", None),
        ("24fps, 4k", None),
        ("1980s style arcade", None),
        ("1/1000s shutter", None),
        ("pan left 1000 seconds", 1000.0),
        ("pan left 1,000 seconds", 1000.0),
        ("pan left 99999999 seconds", 1e6),
        ("一百二十秒", 120.0),
        ("push in for two minutes", 120.0),
    ],
)
def test_a_duration_is_read_and_a_decade_is_not(prompt: str, seconds: float | None) -> None:
    assert understand(prompt).seconds == seconds


@pytest.mark.parametrize(
    ("prompt", "loop"),
    [
        ("seamless loop", True),
        ("无缝循环", True),
        ("do not loop", False),
        ("不要循环", False),
        ("hula hoop", False),
    ],
)
def test_a_loop_is_asked_for_in_words(prompt: str, loop: bool) -> None:
    assert understand(prompt).loop is loop


def test_script_width_and_case_do_not_matter() -> None:
    """Traditional and simplified, full and half width, capitals: one reading."""
    assert understand("鏡頭緩緩推進，雲層流動").stages == understand("镜头缓缓推进,云层流动").stages
    assert understand("ＰＵＳＨ　ＩＮ").moves == understand("push in").moves == ["dolly_in"]


REPEATED = (
    "🎬;\ud800;1;a;pan ;after panning ;绕着;不要;云;镜头缓;water ;"
    "no zoom, ;no ;she walks ;从左侧;\u0130\ufb03½;在推之前;0-3s:;"
    "add some ;add a ;make it ;把变成;给加;turn the ;a,;aA;加点;推+;pov, a ;pan (;zoomin ;dont ;"
    "once the camera ;and hold ;with "
)
HOSTILE = ["", "".join(chr(i % 32) for i in range(4000)), *(word * 4000 for word in REPEATED.split(";"))]


@pytest.mark.parametrize("prompt", HOSTILE, ids=range(len(HOSTILE)))
def test_any_text_is_read_and_quickly(prompt: str) -> None:
    """Time spent by this process, so that a busy machine does not fail it; generous for slow runners."""
    understand("push in 推进")
    started = time.process_time()
    read = understand(prompt[:4000])
    assert read.stages
    assert time.process_time() - started < 3


def test_importing_the_lexicon_loads_no_heavy_package() -> None:
    """The reader must be free to import: no numpy, no OpenCV, and no pattern compiled ahead of use."""
    code = (
        "import sys; from unstill.engines.motion.lexicon import finder, understand;"
        "loaded = {'numpy', 'cv2', 'torch', 'pydantic'} & set(sys.modules);"
        "assert not loaded, loaded;"
        "assert finder._idioms.cache_info().currsize == 0"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
