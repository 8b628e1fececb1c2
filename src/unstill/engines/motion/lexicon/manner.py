# ruff: noqa: E501  (a pattern reads better whole than in scraps)
"""Manner: how fast or strong, and to which side."""

import re
from functools import cache

from unstill.engines.motion.lexicon.cues import Cue, Hit

_SPEEDS: tuple[tuple[float, str], ...] = (
    (0.35, r"\b(?:extremely|very|ultra|super|incredibly|ever so|barely|exceptionally|really|so) (?:slow|subtl|gentl|slight|gradual|soft)\w*|"
           r"\bbarely (?:perceptible|noticeable|visible)?|\bimperceptibl\w+|\bhypnotically slow|\bglacial\w*|\bcreep\w*|极其?(?:缓|慢|轻|微)|非常(?:缓慢|慢|轻|轻微|细微|微小|缓)|极慢|微微|轻微|细微|极轻|十分(?:缓|轻)\w?|几乎察觉不到|极其缓慢"),
    (0.65, r"\btoo (?:fast|quick\w*|hard|much|far|rapid\w*|strong\w*|aggressive\w*|sudden\w*|abrupt\w*)|[太过](?:于|分)?(?:快|急|猛|大|多|剧烈|突然)"),
    (1.7, r"\b(?:very|extremely|super|ultra|incredibly) (?:fast|quick|rapid)\w*|\brapid\w*|\bwhip\w*|\bcrash|\bexplosive\w*|\baggressive\w*|\bdramatic(?:ally)? (?=zoom|push|pull|dolly|crane|orbit|pan|tilt|move|camera|truck|arc)|\bdramatically|\bhyper ?speed|\bviolent\w*|\bsnap|\bfrantic\w*|\blightning fast|\bat high speed|"
          r"急速|急|飞速|猛烈|猛|剧烈|极快|极速|大幅|高速|甩|飞快|非常快|疾速|超快"),
    (0.65, r"\b(?:slow(?:ly|er)?|gent(?:ly|le)|subtl[ey]|soft(?:ly)?|slight(?:ly)?|calm(?:ly)?|gradual(?:ly)?|steady|steadily|smooth(?:ly)?|graceful(?:ly)?|delicate(?:ly)?|light(?:ly)?|leisurely|mild|small|faint|lazy|lazily|quiet(?:ly)?|tender(?:ly)?|soothing|minimal)\b|"
           r"缓慢|缓缓|慢慢|轻轻|轻柔|平稳|逐渐|徐徐|缓|慢速|慢|渐渐|柔和|稍稍|稍微|小幅|平滑|舒缓|匀速|优雅|轻"),
    (1.35, r"\b(?:fast|quick(?:ly)?|swift(?:ly)?|dynamic(?:ally)?|energetic(?:ally)?|speedy|brisk(?:ly)?|sudden(?:ly)?|bold|powerful)\b|快速|迅速|迅猛|快|动感|突然|有力"),
)  # fmt: skip
_AMOUNTS: tuple[tuple[float, str], ...] = (
    (1.7, r"blizzard|down ?pour|storm|torrential|raging|暴|倾盆|鹅毛|漫天|汹涌|惊涛"),
    (1.35, r"\b(?:heav(?:y|ily)|thick|dense|strong|intense|hard|lots of|crash\w*|rough)\b|大[雪雨雾浪]|浓|厚|纷飞|纷纷|滚滚"),
    (0.65, r"\b(?:light(?:ly)?|gent(?:ly|le)|soft(?:ly)?|slight(?:ly)?|subtl[ey]|faint(?:ly)?|slow(?:ly)?|few|thin|drizzl\w*|foggy|misty|rainy|steamy|steaming|flurries|occasional|sparse|delicate|calm)\b|小[雪雨]|细雨|毛毛|薄雾|轻|微|缓|淡淡|零星|稀疏|慢|柔"),
)  # fmt: skip
_SIDES = (
    ("left", r"(?<!counter )(?<!counter)(?<!anti )(?<!anti)\bclockwise|right to (?:the )?left|\bleft(?:ward)?s?\b|(?<!逆)顺时针|从右(?:向|往|到|至)左|[向往朝]左|左"),
    ("right", r"(?:counter|anti) ?clockwise|left to (?:the )?right|\bright(?:ward)?s?\b|逆时针|从左(?:向|往|到|至)右|[向往朝]右|右"),
)  # fmt: skip
_BORDER = ",.;:!?\n。()"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _window(text: str, hit: Hit, spans: list[tuple[int, int]]) -> tuple[int, int]:
    """The phrase around a cue: up to the comma, or to the neighbouring cue; a lone "slow," before it belongs."""
    low = max((b for a, b in spans if b <= hit.start), default=0)
    high = min((a for a, b in spans if a >= hit.end), default=len(text))
    start, end = hit.start, hit.end
    while start > low and hit.start - start < 60 and text[start - 1] not in _BORDER:
        start -= 1
    while end < high and end - hit.end < 40 and text[end] not in _BORDER:
        end += 1
    lone = re.search(r"(?:^|[.;:,]) *([a-z]+)[,] *$", text[max(low, start - 24) : start])
    if lone and any(_compiled(p).fullmatch(lone.group(1)) for _, p in _SPEEDS):
        start -= len(lone.group()) - lone.group().index(lone.group(1))
    return start, end


def _nearest(text: str, hit: Hit, span: tuple[int, int], table: tuple[tuple[float, str], ...]) -> float:
    """The word nearest to the cue; "slow" inside "extremely slow" is not heard again."""
    best, best_distance = 1.0, 1000
    heard: list[tuple[int, int]] = []
    for value, pattern in table:
        for m in _compiled(pattern).finditer(text, *span):
            if not m.group() or any(m.start() < b and a < m.end() for a, b in heard):
                continue
            heard.append(m.span())
            distance = max(hit.start - m.end(), m.start() - hit.end, 0) + (4 if m.start() >= hit.end else 0)
            if distance < best_distance:
                best, best_distance = value, distance
    return best


def of_move(text: str, hit: Hit, spans: list[tuple[int, int]]) -> Cue:
    span = _window(text, hit, spans)
    told = _nearest(text, hit, span, _SPEEDS)
    strength = told if hit.strength is None or told != 1.0 else hit.strength
    if hit.id == "static":
        strength = 1.0
    return Cue(hit.id, strength, _side(text, hit, span) if hit.id in ("orbit", "roll") else None)


def _side(text: str, hit: Hit, span: tuple[int, int]) -> str | None:
    """An orbit is clockwise as seen from above, so the camera in front travels left; a roll is as seen on screen."""
    near = (max(span[0], hit.start - 16), min(span[1], hit.end + 24))
    for side, pattern in _SIDES:
        m = _compiled(pattern).search(text, *near)
        if m:
            turning = "clockwise" in m.group() or "时针" in m.group()
            return {"left": "right", "right": "left"}[side] if turning and hit.id == "roll" else side
    return None


def of_effect(text: str, hit: Hit) -> float:
    span = (max(0, hit.start - 14), min(len(text), hit.end + 10))
    start, end = hit.start, hit.end
    while start > span[0] and text[start - 1] not in _BORDER:
        start -= 1
    while end < span[1] and text[end] not in _BORDER:
        end += 1
    return _nearest(text, hit, (start, end), _AMOUNTS)
