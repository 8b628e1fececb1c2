"""Chinese camera moves: patterns, and who in the clause is moving."""

import re
from functools import cache

from unstill.engines.motion.lexicon import chinese as zh
from unstill.engines.motion.lexicon.cues import Hit

_CLAUSE = re.compile(r"[,。.;:!?\n()、+&|/→]|然后|接着|随后|之后|最后|同时|而后|接下来|并且")
_RANKS = {"mood": 0, "path": 1, "follow": 2, "follow?": 2}
_ATTRIBUTE = re.compile("的(?!镜头|画面|运镜|视角|无人机|机位|同时|过程|时候|瞬间|航拍)")
_CHOSEN = ("pan_right", "truck_right")
_WAY = re.compile("[左右上下前后]")
_SHORT = {
    "推": "dolly_in", "拉": "dolly_out", "摇": "pan_right", "移": "truck_right", "升": "crane_up",
    "降": "crane_down", "跟": "truck_right", "甩": "pan_right",
}  # fmt: skip
_LONE = re.compile(
    r"(?:^|(?<=[,。;:!?\n、+&|/→>() ]))[先再后慢快缓急 ]{0,3}([推拉摇移升降跟甩])"
    r"(?= *(?:$|[,。;:!?\n、+&|/→(\d)-]| [^ ]))"
)
_STOP = ".。;!?\n"


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str], str], ...]:
    return tuple((move, re.compile(pattern), need) for move, pattern, need in zh.MOVES)


@cache
def _words() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    return re.compile(zh.CAMERA), re.compile(zh.MOVERS), re.compile(zh.STRIP), re.compile(zh.UNDONE)


def moves(text: str) -> list[Hit]:
    """Moves of the camera; those of the picture's own people and things are left out."""
    found = [
        (m.start(), -m.end(), move, need)
        for move, pattern, need in _patterns()
        for m in pattern.finditer(text)
    ]
    kept: list[Hit] = []
    for start, end, move, need in sorted(found):
        if need == "cam" and _ATTRIBUTE.match(text, -end):
            continue
        if need in ("any", "follow", "mood") or _camera_moves(text, start, need, kept):
            vague = move in _CHOSEN and not _WAY.search(text, start, -end)
            kept.append(Hit(start, -end, move, rank=_RANKS.get(need, 3), vague=vague))
    return [*kept, *_shorthand(text)]


def _shorthand(text: str) -> list[Hit]:
    """One character as a clause of its own, as in "运镜:推+升" or "推→拉"."""
    found = []
    for m in _LONE.finditer(text):
        move = _SHORT[m[1]]
        found.append(Hit(m.start(1), m.end(1), move, rank=2 if m[1] == "跟" else 3, vague=move in _CHOSEN))
    return found


def _clause_start(text: str, at: int) -> int:
    low = max(0, at - 40)
    return low + max((m.end() for m in _CLAUSE.finditer(text[low:at])), default=0)


def _camera_moves(text: str, start: int, need: str, kept: list[Hit]) -> bool:
    """Whether the clause up to `start` names the camera or nobody, as against someone else."""
    camera, movers, strip, _ = _words()
    begin = _clause_start(text, start)
    before = text[begin:start]
    if camera.search(before) or (kept and begin <= kept[-1].start < start):
        return True
    rest = strip.sub("", before)
    if not rest:
        return not _someone_acts(text, begin)
    if need == "move":
        return not movers.search(before)
    return False


def _someone_acts(text: str, begin: int) -> bool:
    """A clause without a subject keeps the last one: "她站起来,向左移动" is still hers."""
    camera, movers, _, acts = _words()
    sentence = max(text.rfind(mark, 0, begin) for mark in _STOP) + 1
    before = text[max(sentence, begin - 60) : begin]
    cameras = [m.end() for m in camera.finditer(before)]
    who = [m.end() for m in movers.finditer(before)]
    acting = acts.search(before, who[0]) if who else None
    return bool(acting) and (not cameras or cameras[-1] < who[-1])
