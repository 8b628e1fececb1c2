# ruff: noqa: E501  (a pattern reads better whole than in scraps)
"""Clauses: where negation ends, what comes first, how long, and whether it loops."""

import re
from bisect import bisect_right
from functools import cache
from sys import maxsize

from unstill.engines.motion.lexicon import chinese as zh
from unstill.engines.motion.lexicon import english as en
from unstill.engines.motion.lexicon.cues import Hit

Span = tuple[int, int]

_NEGATION = (
    r"\b(?:no|not|without|never(?! stop)|avoid(?:s|ing)?|"
    rf"{en.NOT}|(?<!never )(?<!not )(?<!n't )stop(?:s|ping)?(?! motion| frame)|"
    r"instead of|rather than|free of|neither|nor|zero|exclud(?:e|ing)|remove|"
    r"lack of|refrain from|skip the|less|minus|forbid|ban|ditch|drop the)\b(?! (?:only|just|merely|"
    r"simply|long after|one\b|matter))"
)
_SCOPE_END = (
    r"[,.;:!?\n()]|\b(?:but|just|only|instead(?! of)|then|while|rather(?! than)|except|however|"
    r"although|so|keep|let|"
    r"simply|as the|we see|with a|i want|please)\b|\band (?:a|an|the|slow|gentle|smooth|subtle|"
    r"instead|keep|let|have|use|make|add|"
    r"camera|hold)\b|[\u4e00-\u9fff]"
)
_LIST = r",(?: *(?:\w+ ){0,3}\w+,){0,4} *(?:and )?(?:\w+ ){0,3}?(?:or|nor) (?:\w+ ?){1,3}(?=[,.;!?\n]|$)"
_SEQUENCE = (
    r"\b(?:and then|then|followed by|after (?:that|this|which)|afterwards?|before|finally|"
    r"subsequently|eventually|lastly|"
    r"next(?=,| the (?:camera|shot)| (?:we )?(?:pan|tilt|push|pull|zoom|dolly|truck|orbit|crane|track|"
    r"move|arc|rise|roll|slide))|"
    r"later|ends? (?:with|on|in|by|as)|ending (?:with|on|in|by)|finish(?:es|ing)? (?:with|on|by|in)|"
    r"to end|secondly|thirdly|second,|"
    r"third,|transition(?:s|ing)? (?:in)?to|leading (?:in)?to|culminat\w+ (?:in|with)|shot \d|"
    r"scene \d|until|at the end|once)\b|→|->|=>|>>|»"
)
_NUMBERED, _ITEM = r"\W*1[.)、]", r"(?<![\w.])[2-9][.)、]"
_MOVE_NOUN = "pan|tilt|zoom|push|pull|dolly|truck|crane|orbit|arc|roll|track"
_AFTER = (
    rf"\b(?:after|once) (?=(?:the camera|it|having|\w+ing|(?:an? |the )?(?:\w+ ){{0,2}}(?:{_MOVE_NOUN}))\b)"
)
_BEFORE = r"(?:^|[.;!?\n] *)before (?=\w+ing\b|the camera)"
_BEFORE_ZH = r"在([^,。;!?\n]{1,16}?)(?:之前|以前|前)[,]?先?(?=[^,。]{0,12}[推拉摇移升降绕焦])"
_TIMECODE = r"(?<![\d.])\d{1,3}(?:\.\d{1,3})? ?(?:s|secs?|秒)? ?(?:[-~至到]|to) ?(\d{1,3}(?:\.\d{1,3})?) ?(?:s\b|secs?\b|seconds?\b|秒)"
_DIGITS = "one two three four five six seven eight nine ten eleven twelve"
_VALUES = {word: value for value, word in enumerate(_DIGITS.split(), 1)} | {
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "ninety": 90,
    "hundred": 100,
    "thousand": 1000,
    "million": 1_000_000,
}
_NUMBER = "|".join(_VALUES)
_SECONDS = (
    r"(?<![\d.:/])(?<!\d,)(?:(\d{1,3}(?:,\d{3}){1,5}|\d{1,18}(?:\.\d{1,3})?) ?(?:s\b|secs?\b|seconds?\b|秒)|"
    rf"\b((?:{_NUMBER})(?: (?:hundred|thousand|million))?) ?(?:secs?|seconds?)\b|"
    r"(?<![几每数多])([零一二两三四五六七八九十百千万半]{1,9})秒)"
)
_MINUTES = (
    rf"(?<![\d.:/])(?<!\d,)(?:(\d{{1,18}}(?:\.\d{{1,3}})?) ?(?:mins?\b|minutes?\b|分钟)|\b({_NUMBER}|an?|half an?) (?:mins?|minutes?)\b|"
    r"(?<![几每数多])([零一二两三四五六七八九十百千万半]{1,9})分钟)"
)
_LONGEST = 1e6
"""Past this a duration is not told apart from a longer one."""
_TOO = r"\b(?:too|so|overly|that|very) (?:fast|quick|hard|much|far|close|rapid|strong|aggressive|sudden|abrupt|wild)|[太过](?:于|分)?(?:快|急|猛|大|多|远|近|强|剧烈|夸张|突然)"
_NEGATIVE_PROMPT = r"negative(?: prompts?)? ?:|(?:反向|负面|负向|反面)提示词? ?:"
_DURATION_BEFORE = r"(?:for|over|within|duration|length|lasts?|long|时长|:|=) ?$"
_DURATION_AFTER = (
    r" *(?:$|[,.;)\u4e00-\u9fff]|(?:long|clips?|videos?|loops?|shots?|duration|in length|seamless)\b)"
)
_PART_BEFORE = (
    r"(?:\bafter|\bat|\bevery|(?:the )?(?:first|last|final))(?: about| around)? $|[第前后每]$|最后$"
)
_PART_AFTER = r" *(?:later\b|in,|后|之后|以后|处)"
_HELD = r"(?:hold|holds|holding|static|still|pause|wait|fixed|locked)(?: \w+)?(?: for)?(?: about| a)? $|(?:停|停留|固定|静止|不动|镜头|保持) ?$"
_LOOP = r"(?<!hula )(?<!belt )(?<!rope )(?<!fruit )(?:seamless(?:ly)? )?\bloop(?:s|ed|ing|able)?\b(?! (?:around|over|back|through|of|earring|hole))|循环|首尾相接|首尾衔接"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def inside(position: int, spans: list[Span]) -> bool:
    """Whether `position` lies in one of `spans`, which are sorted and apart."""
    at = bisect_right(spans, (position, maxsize))
    return at > 0 and position < spans[at - 1][1]


def negated(text: str) -> list[Span]:
    """Stretches of text that say what is not wanted, sorted and apart."""
    found = [_scope(text, m) for m in _compiled(_NEGATION).finditer(text)]
    end = _compiled(zh.SCOPE_END)
    for m in _compiled(zh.NEGATION).finditer(text):
        limit = min(len(text), m.end() + 40)
        stop = end.search(text, m.end(), limit)
        found.append(_measured(text, m.end(), stop.start() if stop else limit))
    for m in _compiled(_NEGATIVE_PROMPT).finditer(text):
        line = text.find("\n", m.end())
        found.append((m.end(), line if line >= 0 else len(text)))
    apart: list[Span] = []
    for a, b in sorted(found):
        if apart and a <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(b, apart[-1][1]))
        else:
            apart.append((a, b))
    return apart


def unwanted_at(text: str) -> int:
    """Where the negative prompt begins: what it lists is avoided, never ordered."""
    m = _compiled(_NEGATIVE_PROMPT).search(text)
    return m.start() if m else len(text)


def _measured(text: str, start: int, end: int) -> Span:
    """ "Don't zoom in too fast" and "别推太快" refuse the haste, not the move."""
    m = _compiled(_TOO).search(text, start, end + 14)
    m = m if m and m.start() <= end else None
    return m.span() if m else (start, end)


def _scope(text: str, negator: re.Match[str]) -> Span:
    return _measured(text, *_reach(text, negator))


def _reach(text: str, negator: re.Match[str]) -> Span:
    stop = _compiled(_SCOPE_END).search(text, negator.end(), negator.end() + 90)
    if stop is None:
        return negator.end(), min(len(text), negator.end() + 90)
    if stop.group() == ",":
        more = _compiled(_LIST).match(text, stop.start())
        if more:
            return negator.end(), more.end()
    return negator.end(), stop.start()


def orders(text: str, hits: list[Hit]) -> list[float]:
    """For each hit the stage it belongs to; "after pushing in" may turn the order round."""
    cuts = [m.start() for p in (_SEQUENCE, zh.SEQUENCE, _TIMECODE) for m in _compiled(p).finditer(text)]
    if _compiled(_NUMBERED).match(text):
        cuts += [m.start() for m in _compiled(_ITEM).finditer(text)]
    more, shifts = _turned(text)
    cuts = [c for c in [*cuts, *more] if not any(h.start < c < h.end for h in hits)]
    return [
        sum(cut <= hit.start for cut in cuts) + next((by for a, b, by in shifts if a <= hit.start < b), 0.0)
        for hit in hits
    ]


def _turned(text: str) -> tuple[list[int], list[tuple[int, int, float]]]:
    """Borders to add, and regions performed earlier (-.5) or later (.5) than their place in the text says."""
    cuts: list[int] = []
    shifts: list[tuple[int, int, float]] = []
    for m in _compiled(_AFTER).finditer(text):
        end = _border(text, m.end(), ",.;!?\n")
        sentence = max(text.rfind(mark, 0, m.start()) for mark in ".;!?\n") + 1
        if text[sentence : m.start()].strip():
            cuts.append(sentence)
            shifts.append((m.end(), end, -0.5))
        else:
            cuts += [m.start(), end]
    for m in _compiled(_BEFORE).finditer(text):
        cuts.append(m.start())
        shifts.append((m.end(), _border(text, m.end(), ",.;!?\n"), 0.5))
    for m in _compiled(_BEFORE_ZH).finditer(text):
        shifts.append((m.start(1), m.end(1), 0.5))
    return cuts, shifts


def _border(text: str, start: int, marks: str) -> int:
    m = _compiled(f"[{marks}]").search(text, start)
    return m.start() if m else len(text)


def seconds(text: str) -> float | None:
    """The duration named; of time codes ("0-3s ... 3-6s") the last end."""
    codes = [float(m.group(1)) for m in _compiled(_TIMECODE).finditer(text)]
    if codes:
        return max(codes)
    for m in _compiled(_SECONDS).finditer(text):
        digits, word, chinese = m.groups()
        if _is_stage(text, m):
            continue
        glued = m.group().endswith("s") and not m.group().endswith("secs") and " " not in m.group()
        if digits and glued and _is_decade(digits, text[: m.start()], text[m.end() :]):
            continue
        return min(_number(digits, word, chinese), _LONGEST)
    for m in _compiled(_MINUTES).finditer(text):
        before, after = text[max(0, m.start() - 12) : m.start()], text[m.end() : m.end() + 14]
        whole = re.search(_DURATION_BEFORE, before) or re.match(_DURATION_AFTER, after)
        if whole and not _is_stage(text, m):
            return min(60 * _number(*m.groups()), _LONGEST)
    return None


def _number(digits: str | None, word: str | None, chinese: str | None) -> float:
    if digits:
        return float(digits.replace(",", ""))
    if chinese:
        return _chinese_number(chinese)
    value = 1.0
    for part in (word or "").split():
        value *= 0.5 if part == "half" else _VALUES.get(part, 1)
    return value


def _is_stage(text: str, m: re.Match[str]) -> bool:
    """ "After 2 seconds" and "hold for 2 seconds, then" time a part, not the whole."""
    before, after = text[max(0, m.start() - 24) : m.start()], text[m.end() : m.end() + 12]
    if re.search(_PART_BEFORE, before) or re.match(_PART_AFTER, after):
        return True
    return bool(
        re.search(_HELD, before) and re.match(r"[,]? *(?:and )?(?:then|再|然后|后|接着|before)", after)
    )


def _is_decade(digits: str, before: str, after: str) -> bool:
    """ "80s synthwave" and "in her 20s" are no durations; "for 20s" and "20s clip" are."""
    if len(digits) < 2 or not digits.endswith("0") or digits == "10":
        return False
    if re.search(_DURATION_BEFORE, before[-12:]):
        return False
    if re.fullmatch(r"1[4-9]\d0|20\d0", digits):
        return True
    owned = re.search(r"\b(?:the|her|his|their|late|early|mid|my|in) $", before[-8:])
    return bool(owned) or not re.match(_DURATION_AFTER, after)


def _chinese_number(word: str) -> float:
    """ "十五" is 15, "一百二十" 120, "半" .5; digits in a row are read as such."""
    digit = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "半": 0.5}
    scale = {"十": 10, "百": 100, "千": 1000}
    total = section = held = 0.0
    for c in word:
        if c == "万":
            total, section, held = (total + section + held or 1.0) * 10_000, 0.0, 0.0
        elif c in scale:
            section, held = section + (held or 1.0) * scale[c], 0.0
        else:
            held = held * 10 + digit[c] if c != "半" and held and c != "零" else held + digit[c]
    return total + section + held


def loops(text: str, spans: list[Span]) -> bool:
    return any(not inside(m.start(), spans) for m in _compiled(_LOOP).finditer(text))
