# ruff: noqa: E501  (a pattern reads better whole than in scraps)
"""Edits: requests for another picture ("make it night", "add a dog", "加音乐"), which a camera cannot grant.

An order to change, add or take away is told from a description by where it stands and by what it governs: an
object that is a known effect, a move, or a manner of moving ("make it slower") is no edit.
"""

import re
from functools import cache

from unstill.engines.motion.lexicon import requests
from unstill.engines.motion.lexicon.clauses import inside
from unstill.engines.motion.lexicon.cues import Hit
from unstill.engines.motion.lexicon.text import words

Span = tuple[int, int]
_BORDER = ",.;:!?\n。()"

_MANNERS = words(
    "camera cam shot shots zoom pan tilt dolly motion motions movement movements move moves moving animation animations animated animate "
    "video videos clip film movie gif loop loops looping looped boomerang cinemagraph parallax perspective angle view "
    "framing composition direction speed pace focus position depth drama energy dynamism dynamics life alive feel feels mood vibe "
    "atmosphere effect effects shake shaking shakes wobble jitter jitters easing second seconds sec secs minute minutes last "
    "duration length slow slower slowly fast faster quick quicker quickly smooth smoother smoothly steady steadier stable long longer short "
    "shorter seamless cinematic dramatic dynamic subtle subtler gentle gentler gently real realistic natural pop better nice "
    "nicer cool cooler epic professional beautiful amazing good great interesting engaging immersive calm calmer "
    "static still fluid simple simpler perfect work sure strong stronger quality closer wide wider close closeup "
    "bigger dreamy moody romantic peaceful magical mysterious emphasis attention nothing handheld intense exciting impressive stop"
)
"""What a camera move can be told: an edit that names one of these is none."""
_LOOKS = words(
    "long longer short shorter bigger beautiful nice nicer better cool cooler wide wider strong stronger good great "
    "amazing real realistic"
)
"""Of these, what is said of a person's looks: "make her hair longer"."""
_SOUND = r"(?:music|sound|sounds|audio|sfx|bgm|sound ?effects?|sound ?tracks?|voice ?overs?|narration|narrator|dialogue|lip ?sync|(?:theme )?song)"
_MEDIUM = (
    r"(?:anime|manga|cartoon|comic(?: book)?|sepia|water ?colou?r|(?:oil |ink |acrylic )?painting|pixel ?art|(?:8|16) bit|"
    r"(?:pencil )?sketch|pencil|crayon|charcoal|black and white|b&w|monochrome|gr[ae]yscale|vintage|retro|noir|cyberpunk|steampunk|"
    r"pixar|disney|ghibli|lego|clay\w*|3d|van gogh|picasso|monet|pop art|vaporwave|synthwave|vhs|polaroid|impressionis\w+|surrealis\w+|"
    r"low poly|ukiyo e|chibi|stained glass|minecraft|simpsons|gta|video ?game)"
)
_SPECTACLE = (
    r"(?:fireworks?|lightning(?: bolts?)?|thunder|explosions?|earthquake|tornado|meteors?(?: shower)?|shooting stars?|hearts|"
    r"sub ?titles|captions|laser beams|lens flares?|light leaks?)"
)
_SOME = r"(?:(?:some|more|lots of|a few|a lot of|a|an|the|big|loud|soft|epic|sad|happy|nice|cool|colou?rful|beautiful|dramatic|gentle|background|ambient|calm) ){0,3}"
_END = r"(?= *(?:$|[,.;:!?\n)]|and\b|then\b|please\b|pls\b|too\b|in the (?:background|sky|air)\b|over (?:it|the)\b|playing\b|everywhere\b))"
_LEAD = r"(?:^|(?<=[,.;:!?\n(])|\b(?:please|pls|and|then|to|you|also|just|now|let's|plus|maybe|but|first|finally|next)) ?"
_IT = (
    r"(?:(?:the|this|my|that) (?:whole |entire )?(?:video|clip|image|picture|photo|scene|film|thing|one)|it|this|that|everything|"
    r"all of it|(?:him|her|them|me|us)\b(?! \w+s\b)|(?=(?:the|her|his|their|its|my|our|all) \w+))"
)
_ONE = r"(?:an?|the|some|any|all|every|her|his|their|its|my|our|your|this|that|these|those|it|him|them|more|two|three)\b"

# Each names its object in `what`; those marked True take lists ("add a dog, a cat and music").
_ENGLISH: tuple[tuple[str, bool], ...] = (
    (rf"{_LEAD}(?P<verb>add(?:ing)?|insert|superimpose|overlay|throw in|apply|let's have(?! fun)|(?:put|place|draw|stick|attach|give (?:it|me|us|the \w+))(?= {_ONE})|give (?:her|him|them)(?! (?:time|space|room))) (?P<what>[\w'])", True),
    (rf"{_LEAD}(?P<verb>(?:i|we)(?:'d| would)? (?:want|need|like))(?= (?:a|an|some|more|to (?:see|have|add)) ) (?:to (?:see|have|add) )?(?P<what>[\w'])", True),
    (rf"{_LEAD}(?P<verb>(?:change|changing|remove|replace|swap(?: out)?|delete|erase|get rid of|take (?:out|away|off)|cut out|recolou?r|colou?ri[sz]e|"
     rf"restyle|styli[sz]e|cartooni[sz]e|animefy|retouch|photoshop|beautify|upscale|enhance|restore|(?:modify|alter|edit|brighten|darken|lighten|"
     rf"sharpen|blur|crop|flip|mirror|dress|undress|hide|fix|cover|fill|extend|expand|substitute|repaint|redraw|dye|paint|colou?r|clean up)(?= {_ONE}))) (?!of\b|up\b|down\b)(?P<what>[\w'])", True),
    (rf"{_LEAD}(?P<verb>(?:make|making|render|turn|set|have) {_IT}) ?(?:(?:to )?(?:be|look|seem|become|appear) )?(?P<what>[\w'])", False),
    (rf"{_LEAD}(?:i |we )?(?P<verb>(?:want|need|'d like|would like) {_IT}(?: ?(?:the|her|his|their|my|our|all)(?: \w+){{1,3}}?)?) ?(?:(?:to )(?:be|look|become|have|wear)|in|at|as) (?P<what>[\w'])", False),
    (r"\b(?P<verb>(?:morph|transform|turn|chang|convert|evolv|dissolv|melt|transition)(?:e|s|es|ing)?(?: (?!and\b|then\b)[\w']+){0,4}? into) (?P<what>[\w'])", False),
    (r"\b(?P<verb>(?:morph|transform|chang|convert|switch)(?:e|s|es|ing)?(?: (?!and\b|then\b)[\w']+){0,4}? to) (?P<what>[\w'])", False),
    (rf"{_LEAD}(?P<verb>(?:turn|transition|go|fade|from)(?: (?!and\b|then\b)[\w']+){{0,3}}?) (?:in)?to (?P<what>(?:night|day|daytime|nighttime|dusk|dawn|sunset|sunrise|winter|summer|spring|autumn|fall|black|white|black and white)\b)", False),
    (rf"{_LEAD}(?P<verb>(?:turn|switch)(?= (?:on|off)| (?:the|her|his|all) (?:\w+ ){{1,2}}(?:on|off)\b)) (?P<what>[\w'])", False),
)  # fmt: skip
_PHRASES = (
    rf"\b(?:show|draw|paint|render|redo|make|do|have|want) (?:it|this|that|everything|the (?:photo|picture|image|video|scene)) (?:in|as|like) (?:the style of [\w ]{{2,30}}|(?:an? )?{_MEDIUM}\b)|"
    rf"\b(?:with|plus|needs?|play|include|featuring) {_SOME}(?:\w+ )?(?<!sheet ){_SOUND}{_END}|\b(?:with|plus) {_SOME}{_SPECTACLE}{_END}|"
    r"\b(?:day|sunset|dusk|dawn|night|winter|summer|spring|autumn|morning|sunrise) (?:turn|chang|fad|becom|transition)\w* (?:in)?(?:to )?(?:a )?(?:night|day|darkness|morning|dusk|winter|summer|spring|autumn|snow)\b|"
    r"\b(?:it|sky|day|night) (?:gets|is getting|grows|goes|becomes|turns) (?:to |into )?(?:dark|light|bright|night|day|winter|summer|spring|autumn|red|black|pink|orange|purple)\w*\b"
)
_SOLO = (
    rf"{_SOME}(?:\w+ )?(?<!sheet )(?<!live )(?:{_SOUND}|voice over)(?: (?:on|please|pls|playing|in the background|of [\w ]{{1,30}}))?",
    rf"(?:with |in |as |like |use |using |do |into |but )*(?:an? |the )?(?:studio |\w+ )?{_MEDIUM}(?: \w+)? (?:style|look|filter|version|aesthetic|effect|tones?|theme|form)s?(?: please| pls)?",
    rf"(?:in|as|like) (?:an? )?{_MEDIUM}(?: please)?|in the style of [\w ]{{2,40}}|(?:\w+ )?(?:filter|sepia)",
    rf"(?:with )?{_SOME}{_SPECTACLE}(?: please| pls| everywhere| in the sky| in the background)?",
)
"""Whole clauses: the first wherever it stands, the others unless they belong to a description."""

_ZH_SKIP = (
    "运镜|镜头|动感|动态|速|强度|力度|幅度|氛围|特效$|效果$|质感|[慢快]|秒|分钟|时长|循环|变焦|运动|动画|视频|动图|景深|电影感|节奏|层次|"
    "推[进近拉]|[左右]移|环绕|抖动?|晃|噪点|平滑|流畅|稳|横屏|竖屏|自然|真实|好看|高级|特写|远景|近景|全景|视角|[大小远近]一?[点些]|^[点些]$"
)
_ZH_SOUND = "音乐|声音|配乐|音效|配音|旁白|bgm|歌"
_ZH_MEDIUM = "(?:日系|手绘|中国|美式)?(?:动漫|动画片?|漫画|卡通|油画|水彩画?|水墨画?|素描|像素|皮克斯|迪士尼|吉卜力|宫崎骏|新海诚|复古|怀旧|黑白|赛博朋克|蒸汽朋克|梵高|莫奈|国画|工笔画?|二次元|乐高|黏土|粘土|版画|浮世绘|剪纸|老照片|胶片|3d)"
_ZH_SPECTACLE = "(?:烟花|烟火|鞭炮|闪电|打雷|雷电|爆炸|彩虹|流星雨?|极光|爱心|字幕)"
_ZH_AT = r"(?:^|(?<=[,。;:!?\n、 +()再请我并后里上中能要想且时景面空她他它图片就先]))"
_ZH_WHAT = r"(?P<what>[^,。;:!?\n、()的和与跟并]|\S的)"
_ZH_COUNT = r"(?:入|上|进|一?点儿?|一?些|几?个|[一两三几](?:只|条|位|层|群|朵|把|辆|匹|顶|副|段|首|场|架|棵|张|道|束|对|片|座|艘|件|行|句|头))*"
_ZH_CUT = "去掉|去除|删掉|删除|删去|移除|抹掉|抹去|擦掉|擦除|清除|消除|p掉|换掉|抠掉|抠出来|裁掉|遮住|隐藏"
_ZH_TIMES = "(?:夜|晚|黑|白天|白昼|日出|日落|黄昏|清晨|早|冬|夏|春|秋|雪景|雪天|雨天|晴)"
_CHINESE: tuple[tuple[str, bool], ...] = (
    (f"(?P<verb>(?:{_ZH_AT}|给[^,。;!?]{{1,8}}?)加(?![速快强长大深油载工厚州拿剧重热紧班冕湿菲盟宽高粗]))(?P<count>{_ZH_COUNT}){_ZH_WHAT}", True),
    (f"(?P<verb>(?:添加|增加|添|插入|放上|画上|配上|p上|贴上|叠加|{_ZH_AT}放(?=点|个|首|段|烟|鞭|音|歌)|播放|{_ZH_AT}来(?=[一两三几个点段首])))(?P<count>{_ZH_COUNT}){_ZH_WHAT}", True),
    (f"(?P<verb>(?:把[^,。;!?]{{1,10}}?)?(?:[变换改转做弄调染涂画p]成|变为|化成|化为|转为|转换[成为]|改为|改造成|换上|换一?[个件套条顶张身]|换一?下|{_ZH_AT}换(?=背景|衣|发|脸|头|天空|颜色|场景|装)|改变?(?=背景|衣|发|天空|颜色|场景))){_ZH_WHAT}", False),
    (f"(?P<verb>(?:把[^,。;!?]{{1,10}}?)?变)(?P<what>{_ZH_TIMES}(?!色系)|[红绿蓝黄金紫粉](?!色?的)|年轻|老|胖|瘦|卡通|动漫|漂亮)", False),
    (f"(?P<verb>{_ZH_CUT}|去(?=背景|水印|人物|路人))掉?{_ZH_WHAT}", True),
    (f"(?P<verb>把)(?P<what>[^,。;!?\\n]{{1,10}}?)(?P<tail>{_ZH_CUT})", False),
    (f"(?P<verb>{_ZH_AT}(?:虚化|模糊|调[亮暗]|美化|修复|裁剪|抠图?|替换|上色)){_ZH_WHAT}", False),
    (f"(?P<verb>(?:让|给)(?=[他她它我这那人女男小狗猫新老孩主])[^,。;!?]{{1,5}}?(?:穿上?|戴上?|化妆?|长出|换上?)){_ZH_WHAT}", False),
    (f"(?P<verb>(?:{_ZH_AT}[用以]|转))(?P<what>{_ZH_MEDIUM}(?:风格?|滤镜|画风|效果))", False),
)  # fmt: skip
_ZH_PHRASES = (
    rf"\b(?:show|draw|paint|render|redo|make|do|have|want) (?:it|this|that|everything|the (?:photo|picture|image|video|scene)) (?:in|as|like) (?:the style of [\w ]{{2,30}}|(?:an? )?{_MEDIUM}\b)|"
    f"背景音乐|上色|(?:带|有|要|配)[上有着点些个]*(?:{_ZH_SOUND})|音乐响起|"
    "天(?:空|色)?(?:[慢渐逐]{1,2}[慢渐]?地?)?(?:变?黑|亮|变?暗)(?:了|下来|起来|(?= *(?:$|[,。;!?])))|太阳(?:下山|落山)|日夜(?:更替|交替|变换)|"
    f"四季(?:变换|更替|变化|交替)|(?:白天|日落|黄昏|早晨|清晨|日出|春天|夏天|秋天|冬天|夜晚|黑夜)(?:变|到|转|过渡|切换)[成到为]*{_ZH_TIMES}[^,。;!?的]{{0,2}}"
)
_ZH_SOLO = (
    "(?:bgm|音乐|声音|配乐|配音|音效|旁白|歌曲?)[吧呗啊呀]?",
    f"(?:要|来个?|做成|整个?)?{_ZH_MEDIUM}(?:的?(?:风格?|画风|滤镜|效果|版本?))[吧呗啊呀]?",
    f"(?:要|来点?|有|放)?(?:很多|好多|一点|一些|点)?{_ZH_SPECTACLE}[吧呗啊呀]?",
)
_JOIN = re.compile(r",? (?:and|plus) (?!then\b)|, (?=(?:a|an|some|and)\b)|, and | ?[&+] ?|[和与跟、]")
_STOP = re.compile(
    r"[,.;:!?\n。()]| (?:and(?! white\b)|then|while|but|as|so|before|after|because|plus)\b|[&+、]| - |然后|同时|接着|并且?|和|与|跟"
)
_HEAD = re.compile(
    r" (?:in|on|at|with|to|from|by|behind|near|for|under|over|next|beside|into|that|who|which|walking|running|flying)\b"
)
_OWNED = re.compile(r"\b(?:her|his|their|him|them)\b")
_WORD = re.compile(r"[a-z']+|\d+")
_CLAUSE = re.compile(r"[^,.;:!?\n。()]+")
_ASKING = re.compile(r"[a-z]{2}")
_HAN = re.compile("[\u4e00-\u9fff]")


@cache
def _orders(chinese: bool) -> tuple[tuple[re.Pattern[str], bool], ...]:
    return tuple((re.compile(pattern), lists) for pattern, lists in (_CHINESE if chinese else _ENGLISH))


@cache
def _others(chinese: bool) -> tuple[re.Pattern[str], tuple[re.Pattern[str], ...]]:
    solo = _ZH_SOLO if chinese else _SOLO
    return re.compile(_ZH_PHRASES if chinese else _PHRASES), tuple(re.compile(s) for s in solo)


@cache
def _about() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Sounds, what is no edit in Chinese, and the names of effects."""
    return (
        re.compile(rf"\b{_SOUND}\b|{_ZH_SOUND}"),
        re.compile(_ZH_SKIP),
        re.compile(requests.named_alone()),
    )


def spans(text: str, moves: list[Hit], effects: list[Hit], negated: list[Span]) -> list[Span]:
    """Where the folded text asks for another picture; what it refuses is not asked for."""
    hits = [*moves, *effects]
    found: list[Span] = []
    for chinese, script in ((False, _ASKING), (True, _HAN)):
        if not script.search(text):
            continue
        for pattern, lists in _orders(chinese):
            for m in pattern.finditer(text):
                if not inside(m.start("verb"), negated):
                    found += _asked(text, m, hits, lists)
        phrases, solo = _others(chinese)
        found += [
            m.span()
            for m in phrases.finditer(text)
            if not inside(m.start(), negated)
            and not inside(m.end() - 1, negated)
            and text[m.end() : m.end() + 1] != "的"
        ]
        found += _alone(text, moves, negated, solo)
    return [(a, b) for a, b in found if not any(h.start < b and a < h.end for h in hits)]


def _asked(text: str, m: re.Match[str], hits: list[Hit], lists: bool) -> list[Span]:
    """The order with its object, less the pieces of a list that are understood."""
    found: list[Span] = []
    start, what = m.start("verb"), m.start("what")
    if "tail" in m.groupdict():  # the verb comes last
        end = m.end("what")
        return [] if _known(text, what, end, hits) else [(start, m.end())]
    for _ in range(6):
        end = _end(text, what, hits)
        if end > what and not _known(text, what, _piece(text, what), hits):
            found.append((start, end))
        more = _JOIN.match(text, _piece(text, what)) if lists else None
        if more is None:
            break
        start = what = more.end()
        if _HAN.match(text, what) is None and not re.match(
            r"(?:an?|some|the|more|my)\b|[\w']+(?: \w+)? *(?:$|[,.;!?])", text[what : what + 40]
        ):
            break
    return found


def _piece(text: str, start: int) -> int:
    stop = _STOP.search(text, start, start + 80)
    return stop.start() if stop else min(len(text), start + 80)


def _end(text: str, start: int, hits: list[Hit]) -> int:
    end = _piece(text, start)
    end = min([h.start for h in hits if start < h.start < end], default=end)
    while end > start and text[end - 1] == " ":
        end -= 1
    return end


def _known(text: str, start: int, end: int, hits: list[Hit]) -> bool:
    """Whether the object is an effect, a move, or a manner of moving."""
    sound, skip, effect = _about()
    head = _HEAD.search(text, start + 1, end)
    close = head.start() if head else end
    if any(h.start < close and start < h.end for h in hits):
        return True
    phrase = text[start:close]
    if sound.search(phrase):
        return False
    if _HAN.search(phrase):
        return bool(skip.search(phrase)) or bool(effect.fullmatch(phrase))
    said = _WORD.findall(phrase)
    owned = _OWNED.search(text, max(0, start - 12), start + 6)
    manners = _MANNERS - _LOOKS if owned else _MANNERS
    return any(w in manners or w.isdigit() for w in said) or bool(
        effect.fullmatch(" ".join(w for w in said if w not in ("the", "a", "some", "any", "all")))
    )


def _alone(text: str, moves: list[Hit], negated: list[Span], solo: tuple[re.Pattern[str], ...]) -> list[Span]:
    """Clauses that are only a style, a sound or a spectacle; after a description they describe."""
    found: list[Span] = []
    described = False
    for clause in _CLAUSE.finditer(text):
        body = clause.group().strip()
        start = clause.start() + clause.group().index(body) if body else clause.start()
        matched = next((i for i, p in enumerate(solo) if p.fullmatch(body)), None) if len(body) < 80 else None
        if matched is not None and (matched == 0 or not described):
            if not inside(start, negated) and not inside(start + len(body) - 1, negated):
                found.append((start, start + len(body)))
        elif body:
            described = described or _describes(text, start, start + len(body), moves)
    return found


def _describes(text: str, start: int, end: int, moves: list[Hit]) -> bool:
    """A clause tells of the picture unless it is an order to the camera or to the editor."""
    inner = [h.end for h in moves if start <= h.start < end]
    if inner:
        return bool(re.search(r" an? ", text[max(inner) : end]))
    body = text[start:end]
    return not re.match(r"(?:add|make|turn|change|with|please|slow\w*|fast|\d)|[加变换改把请\d]", body)
