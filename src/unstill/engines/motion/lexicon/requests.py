# ruff: noqa: E501  (a pattern reads better whole than in scraps)
"""Requests: effects asked for by a bare noun ("add petals", "orbit, clouds", "加点雪").

In a description a noun moves only where a verb says so; as the object of a request, or as a whole clause, the
noun is enough. The noun alone is the hit, so that a negator before the verb still covers it.
"""

import re
from functools import cache

from unstill.engines.motion.lexicon.cues import Hit

_NOUNS = {
    "clouds": "clouds?|cloud layer",
    "snow": "snow|snowflakes?",
    "rain": "rain|raindrops?",
    "dust": "dust|particles?|embers?|sparks?|fireflies|pollen|(?<![,.;] )(?:sand|ash)",
    "petals": "petals?|(?<![,.;] )leaves|confetti|(?:cherry |sakura )?blossoms?|(?:rose|flower|sakura|cherry) petals?|autumn leaves|sakura",
    "fog": "fog|mist|haze|smoke|steam|vapou?r",
    "water": "waves?|ripples?",
}
_WEATHERED = {
    "clouds": "cloudy",
    "snow": "snowy|snow",
    "rain": "rainy|rain",
    "dust": "dusty|sandy",
    "fog": "foggy|misty|hazy|smoky|steamy",
}
_AMOUNT = (
    "(?:(?:a |some |the |more |few |little |bit of |touch of |hint of |lots of |plenty of |loads of |couple of |"
    "light |gentle |soft |heavy |thick |thin |subtle |faint |slow |slight |falling |drifting |floating |swirling |moving |pink |white |golden |"
    "red |autumn |nice |real |realistic |proper |fine |tiny |small |big |magical |glowing ){0,5})"
)
_ASKED = (
    r"\b(?:add(?:ing)?|put(?: in)?|include|plus|insert|overlay|throw in|sprinkle(?: in)?|bring in|give (?:it|me|us|this|the (?:scene|picture|image|photo))|"
    r"(?:want|need|i'd like|apply|create|generate|animate|some|a (?:bit|touch|hint|dash|sprinkle) of)) (?:in )?"
)
_AFTER_MOVE = r"(?:^|[,.;:!\n(+&] ?|\b(?:in|out|left|right|up|down|back|forward|shot|orbit|static|handheld|around|closer|slowly|camera) )with "
_WEATHERS = (
    "rain",
    "snow",
    "fog",
    "mist",
    "haze",
    "smoke",
    "clouds",
    "petals",
    "leaves",
    "dust",
    "wind",
    "embers",
)
_AND = rf"(?:{'|'.join(f'(?<=[^a-z]{w})' for w in _WEATHERS)}),? (?:and|or|&|\+|plus) "
_CLAUSE = r"(?:^|[,.;:!?\n(+&|/] ?|\bplus )"
_END = (
    r"(?= *(?:$|[,.;:!?\n)&+|/]|and\b(?! \w+ing\b)|effects?\b|overlays?\b|particles?\b|please\b|pls\b|thanks\b|too\b|to (?:the|it|this|my)\b|"
    r"in (?:the )?(?:background|air|sky|scene|foreground|front|it)\b|everywhere\b|falling\b|over (?:the|it)\b|around\b|then\b|while\b|as\b|with\b|but\b|animation\b))"
)

_ZH_NOUNS = {
    "clouds": "云[朵彩层海]?|白云",
    "snow": "雪花?",
    "rain": "雨[丝点滴]?",
    "dust": "灰?尘埃?|沙尘|粉尘|粒子|光点|萤火虫|火星",
    "petals": "花瓣|落叶|樱花|桃花|叶子|枫叶|彩带|彩纸|花瓣雨|落花",
    "fog": "雾气?|烟雾?|薄雾|雾霭|水汽|蒸汽",
    "water": "波浪|水波|涟漪|浪花?",
}
_ZH_BARE = {k: _ZH_NOUNS[k] for k in ("snow", "rain", "fog", "clouds", "petals", "dust")}
_ZH_STIRRED = {
    "water": "(?<![风薪汗泪口])水|河|湖|海|溪|浪",
    "clouds": "(?<![青风])云",
    "fog": "烟|雾",
    "flicker": "烛光|烛火|火焰|灯光",
}
_ZH_ASKED = (
    "(?:加[入上进个]?|添[加上]?|增加|来|要|下|飘|落|撒|配上?|放|弄|做|整|搞|"
    "(?:^|[,。;:!?\\n、+ ])(?:最好|还|再|也|并|且|同时|画面|背景|天空|空中|里|中|上){0,3}[带有])"
)
_ZH_SOME = "(?:一点点?|一些|一层|一场|一阵|点儿?|[了着过些个小大轻细微薄淡]|漫天的?|淡淡的?|轻轻的?|飘落的?|飘动的?|流动的?){0,3}"
_ZH_START = "(?:^|[,。;:!?\\n、+&|/ ]) *[小大微细薄淡]?"
_ZH_END = "(?= *(?:$|[,。;:!?\\n、+&|/)]|[呗吧呢啊哦哈吗嘛么呀哟哇啦]|效果?|特效|粒子|动画|氛围|的(?:效果|感觉|氛围|特效)|和|与|跟|以及|然后|并|就|再| ))"

_ZH_MOVING = "[面流波珠儿]?(?:[在也要会]|轻轻|微微|慢慢|缓缓){0,2}(?:动(?![物漫画作人力机感])|动起来|活起来)"


@cache
def _patterns(chinese: bool) -> tuple[re.Pattern[str], ...]:
    if chinese:
        return (
            re.compile(f"{_ZH_ASKED}{_ZH_SOME}(?:{_named(_ZH_NOUNS)}){_ZH_END}"),
            re.compile(f"{_ZH_START}(?:{_named(_ZH_BARE)}){_ZH_END}"),
            re.compile(f"(?:{_named(_ZH_STIRRED)}){_ZH_MOVING}"),
        )
    lead = rf"(?:{_ASKED}|{_AFTER_MOVE}|{_AND}|{_CLAUSE}){_AMOUNT}"
    made = r"\bmake (?:it|this|that|the \w+) (?:look )?(?:more |a bit |a little |slightly |very |really )*"
    return (
        re.compile(f"{lead}(?:{_named(_NOUNS)}){_END}"),
        re.compile(rf"{made}(?:{_named(_WEATHERED)})\b"),
    )


def _named(nouns: dict[str, str]) -> str:
    return "|".join(f"(?P<{effect}>{noun})" for effect, noun in nouns.items())


def named_alone() -> str:
    """A pattern of the bare names of effects, in either language."""
    nouns = [*_NOUNS.values(), *_ZH_NOUNS.values()]
    return "|".join(re.sub(r"\(\?<!\[,\.;\] \)", "", noun) for noun in nouns)


def effects(text: str, chinese: bool) -> list[Hit]:
    """Effects requested by name alone; `text` is folded."""
    matches = (m for pattern in _patterns(chinese) for m in pattern.finditer(text))
    return [Hit(*m.span(fx), fx) for m in matches if (fx := m.lastgroup)]
