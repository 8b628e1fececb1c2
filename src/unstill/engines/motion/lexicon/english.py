# ruff: noqa: E501  (word lists)
"""English: what a camera can be told, and the words that only look like it.

`MANNERS` maps where a verb points to the move it then means. A direction is one of
L R U D F B (left, right, up, down, forward, back), O (around), W C (clockwise, counter-clockwise),
S (sideways) and the paths T (through), X (across), G (along), V (over), P (past), "" (none named).
Regexes here run on folded text in which hyphens are spaces; gaps are bounded, so all are linear.
"""

import re
from typing import NamedTuple

from unstill.engines.motion.lexicon.text import words


class Verb(NamedTuple):
    manner: str
    forms: frozenset[str]
    weak: bool
    """A weak verb is as often the subject's; it counts only where the camera is the one moving."""


_TRAVEL = {
    "L": "truck_left", "R": "truck_right", "U": "crane_up", "D": "crane_down", "F": "dolly_in",
    "B": "dolly_out", "O": "orbit", "W": "orbit", "C": "orbit", "S": "truck_right", "T": "dolly_in",
    "X": "truck_right", "G": "truck_right", "V": "dolly_in", "P": "dolly_in",
}  # fmt: skip
_TURN = {"L": "pan_left", "R": "pan_right", "U": "tilt_up", "D": "tilt_down", "S": "pan_right"}
MANNERS: dict[str, dict[str, str]] = {
    "travel": _TRAVEL,
    "fly": _TRAVEL | {"": "dolly_in", "G": "dolly_in", "X": "dolly_in"},
    "dolly": _TRAVEL | {"": "dolly_in", "G": "truck_right"},
    "truck": {k: _TRAVEL[k] for k in "LRFBSGXP"},
    "track": _TRAVEL | {"": "truck_right", "T": "truck_right", "V": "truck_right", "P": "truck_right"},
    "push": {k: _TRAVEL[k] for k in "LRUDFBT"} | {"P": "dolly_in"},
    "pull": {"B": "dolly_out", "F": "dolly_in", "U": "crane_up", "L": "truck_left", "R": "truck_right"},
    "zoom": {"": "zoom_in", "F": "zoom_in", "B": "zoom_out", "T": "zoom_in"},
    "punch": {"F": "zoom_in", "B": "zoom_out"},
    "pan": _TURN | {"": "pan_right", "X": "pan_right", "F": "zoom_in", "B": "zoom_out"},
    "sweep": _TURN | {"": "pan_right", "O": "orbit", "U": "crane_up", "F": "dolly_in", "B": "dolly_out",
                      "T": "dolly_in", "V": "dolly_in"},
    "tilt": _TURN | {"": "tilt_up", "W": "roll", "C": "roll"},
    "look": {k: _TURN[k] for k in "LRUD"},
    "turn": _TURN | {"O": "orbit", "W": "roll", "C": "roll"},
    "rotate": _TURN | {"": "roll", "O": "orbit", "W": "roll", "C": "roll"},
    "revolve": dict.fromkeys(("", *"LROWC"), "orbit"),
    "orbit": dict.fromkeys(("", *"LROWCSXGVPTFUDB"), "orbit"),
    "roll": dict.fromkeys(("", *"LRWC"), "roll"),
    "crane": _TRAVEL | {"": "crane_up", "O": "crane_up", "V": "crane_up"} | dict.fromkeys("TXGP", "crane_up"),
    "rise": dict.fromkeys(("", *"UFBOTXGVP"), "crane_up") | {"D": "crane_down"},
    "fall": dict.fromkeys(("", *"DFBOTXGVP"), "crane_down"),
    "approach": {"": "dolly_in", "F": "dolly_in", "T": "dolly_in", "P": "dolly_in"},
    "retreat": dict.fromkeys(("", *"BUFTG"), "dolly_out"),
    "follow": _TRAVEL | {"": "truck_right", "T": "truck_right", "V": "truck_right", "P": "truck_right",
                         "F": "dolly_in"},
    "shake": {"": "handheld"},
}  # fmt: skip

# stem, manner, weak?
_VERBS = """
dolly dolly; truck truck; pan pan; tilt tilt; zoom zoom; orbit orbit; pedestal crane; boom crane;
jib crane; crane crane; arc orbit; track track; push push; pull pull;
roll roll weak; punch punch weak; crab truck weak; whip pan weak; ped crane weak
move travel weak; go travel weak; travel travel weak; glide travel weak; drift travel weak; float travel weak;
slide travel weak; shift travel weak; ease travel weak; creep travel weak; inch travel weak; come travel weak;
dash travel weak; rush fly weak; race fly weak; head travel weak; get travel weak; bring travel weak;
advance approach weak; approach approach weak; close punch weak; near approach weak; lean travel weak;
fly fly weak; soar fly weak; swoop fly weak; dive fly weak; plunge fly weak; float travel weak; zip fly weak;
sweep sweep weak; scan sweep weak; look look weak; turn turn weak; swivel turn weak; pivot turn weak;
swing turn weak; whirl rotate weak; rotate rotate weak; spin rotate weak; revolve revolve weak;
circle orbit weak; encircle orbit weak; spiral orbit weak; wrap orbit weak;
rise rise weak; ascend rise weak; lift rise weak; elevate rise weak; climb rise weak; raise rise weak;
descend fall weak; lower fall weak; sink fall weak; drop fall weak;
retreat retreat weak; recede retreat weak; back retreat weak; withdraw retreat weak; reverse retreat weak;
draw pull weak; follow follow weak; chase follow weak; shake shake weak; wobble shake weak; jitter shake weak;
tremble shake weak; movement travel weak; widen retreat weak; hyperlapse fly weak
"""
_ODD = {
    "fly": "flies flying fly", "come": "come comes coming", "swing": "swing swings swinging",
    "dolly": "dolly dollies dollying dollys", "movement": "movement movements", "get": "get gets getting",
    "orbit": "orbit orbits orbiting orbital", "tilt": "tilt tilts tilting", "arc": "arc arcs arcing arching",
    "pull": "pull pulls pulling", "look": "look looks", "swivel": "swivel swivels swiveling swivelling",
    "travel": "travel travels traveling travelling", "near": "nears nearing", "head": "heads heading",
    "shift": "shift shifts shifting", "back": "backs backing", "get ": "", "lean": "leans leaning",
    "close": "closes closing close", "pedestal": "pedestal pedestals pedestaling pedestalling",
    "rise": "rise rises rising", "draw": "draw draws drawing", "descend": "descend descends descending descent",
    "ascend": "ascend ascends ascending ascent", "come ": "",
}  # fmt: skip


def inflect(stem: str) -> frozenset[str]:
    if stem in _ODD:
        return frozenset(_ODD[stem].split())
    if stem.endswith("e"):
        return frozenset((stem, stem + "s", stem[:-1] + "ing"))
    doubled = stem + stem[-1] if re.fullmatch(r"[a-z]*[^aeiou][aeiou][bgnpt]", stem) else stem
    plural = stem + ("es" if stem.endswith(("h", "sh", "x")) else "s")
    return frozenset((stem, plural, doubled + "ing"))


def verbs() -> dict[str, Verb]:
    """Every inflected form of every verb."""
    table: dict[str, Verb] = {}
    for entry in _VERBS.replace("\n", ";").split(";"):
        if words := entry.split():
            forms = inflect(words[0])
            verb = Verb(words[1], forms, len(words) == 3)
            table |= dict.fromkeys(forms, verb)
    return table


DIRECTIONS = {
    word: axis
    for axis, words in {
        "L": "left leftward leftwards",
        "R": "right rightward rightwards",
        "U": "up upward upwards skyward",
        "D": "down downward downwards",
        "F": "in into inward inwards forward forwards toward towards closer nearer ahead",
        "B": "out outward outwards back backward backwards away farther further",
        "O": "around round",
        "W": "clockwise",
        "C": "counterclockwise anticlockwise counter anti",
        "S": "sideways laterally lateral horizontally sideway horizontal",
        "T": "through",
        "X": "across",
        "G": "along alongside beside parallel",
        "V": "over above",
        "P": "past",
    }.items()
    for word in words.split()
}
PATHS = frozenset("TXGVPS")
"""A path is the fallback where no plain direction is named in the same phrase."""

BEFORE = words(
    "left right leftward rightward upward downward forward backward inward outward lateral sideways horizontal "
    "clockwise counterclockwise anticlockwise reverse backwards upwards downwards"
)
CAMERA = words(
    "camera cameras cam shot shots view viewpoint lens drone frame framing perspective pov gimbal steadicam "
    "viewer we angle cinematographer quadcopter camerawork"
)
STYLE = words(
    "a an the one single slow gentle smooth subtle slight quick fast rapid swift steady stable cinematic dramatic "
    "medium wide close up closeup long extreme low high angle continuous soft graceful elegant controlled handheld "
    "dynamic sweeping tiny small big large very ultra super epic fluid simple creeping speed ramp hyper aerial "
    "fpv macro motion camera's lens dolly crane jib gimbal stabilized slider tracking crash whip snap establishing "
    "hero classic long short brief little bit of some more less perfectly constant linear measured deliberate "
    "natural delicate light lazy majestic intimate suspenseful tense quiet calm relaxed floating first person "
    "then and or with while as plus also hypnotic precise full half complete 360 180 90 degree degrees "
    "mild moderate faint barely perceptible tight intense partial shallow beautiful nice cool vertical diagonal "
    "movement move moves effect style type like using via by in on for into from to at through add apply use do make "
    "start end begin starting ending beginning ends starts begins include includes including create perform "
    "performs performing execute executes executing featuring please give gives no without not avoid never don't "
    "stop stops only just but gimme gonna wanna lemme kinda sorta instead than rather nor any zero dutch want i video clip footage scene image picture "
    "photo background subtly imperceptible incredibly second seconds s sec minute time lapse timelapse"
)
FILLER = words(
    "is are was be been will would should must can may begins begin starts start continues continue to keeps keep "
    "let lets slowly then now just also only always first next finally quite so more never not no very does do "
    "don't doesn't didn't please itself has have smoothly gradually suddenly both either even still and or that "
    "which who ever all it's s there's you could i i'd want like steady subtly barely slightly again seems "
    "appears immediately directly quickly once"
)
PREPOSITIONS = words(
    "with in on at from of for by via using into onto through over under above below across along behind beside "
    "between past near around toward towards inside outside during against among down up off out to about "
    "beneath beyond upon within without as while until then and but or back away forward together so because if "
    "when where after before gently slowly softly quickly lightly freely wildly gracefully"
)
DETERMINERS = words(
    "a an the this that these those her his their its my your our two three some many several"
)
POSSESSIVE = words("her his their its my your our")
PRONOUNS = words("he she they it i you someone somebody everyone everybody nobody who")
MOVERS = words(
    "woman women man men girl girls boy boys child children kid kids baby person people crowd dancer dancers "
    "couple dog dogs cat cats bird birds horse horses car cars truck trucks boat boats ship ships train trains plane "
    "airplane planes balloon balloons bus bike bicycle bicycles cyclist cyclists rider riders runner runners soldier "
    "soldiers army knight warrior warriors samurai ninja robot robots dragon dragons monster creature astronaut "
    "spaceship spaceships rocket rockets fish fishes shark sharks whale whales dolphin dolphins jellyfish turtle "
    "butterfly butterflies bee bees eagle eagles hawk falcon owl crow crows seagull seagulls gull gulls pigeon pigeons "
    "swan swans duck ducks deer wolf wolves fox foxes bear bears lion lions tiger tigers elephant elephants leopard "
    "monkey rabbit mouse snake spider subject subjects character characters figure figures model lady gentleman "
    "king queen princess prince bride groom mother father mom dad grandmother grandfather player players skater "
    "surfer swimmer climber hiker hikers driver pilot chef doctor singer musician guitarist pianist violinist "
    "helicopter satellite satellites moon planet planets sun comet asteroid earth lantern lanterns vehicle motorcycle "
    "taxi tram van jeep tank wagon carriage sailboat canoe kayak ferry submarine elevator ball leaf leaves flag "
    "kite feather feathers arrow bullet hand hands arm arms head heads eyes door doors curtain curtains ghost "
    "actor actress teenager student students worker workers farmer fisherman tide herd flock ducklings puppy kitten "
    "guy hero heroine angel fairy mermaid witch wizard detective bubbles bubble wheel propeller blades fan"
)
PATHLIKE = words(
    "street streets road hall hallway corridor alley aisle path tunnel lane river trail canyon track highway "
    "shaft shafts pipe tube gorge ravine ramp slope footpath pavement passageway promenade pier nave mineshaft lanes stairwell boulevard avenue stairs staircase steps passage runway valley row canal"
)
POSITIONAL = words("side hand corner third half edge eye arm ear foot leg wing shoulder of turn shoe boot")
"""After left or right these name a place in the picture, not a way to go."""
PAST = {
    "panned": "pans", "tilted": "tilts", "zoomed": "zooms", "pushed": "pushes", "pulled": "pulls", "risen": "rises",
    "trucked": "trucks", "craned": "cranes", "orbited": "orbits", "tracked": "tracks", "rolled": "rolls",
    "moved": "moves", "turned": "turns", "circled": "circles", "rotated": "rotates", "dollied": "dollies",
    "descended": "descends", "drifted": "drifts", "swept": "sweeps", "flown": "flies",
    "flew": "flies", "glided": "glides", "swung": "swings", "rose": "rises", "followed": "follows", "travelled": "travels",
    "traveled": "travels", "spun": "spins", "dropped": "drops", "lowered": "lowers", "climbed": "climbs", "backed": "backs",
    "approached": "approaches", "soared": "soars", "ascended": "ascends", "slid": "slides", "dove": "dives", "arced": "arcs",
    "lifted": "lifts", "floated": "floats", "retreated": "retreats", "crept": "creeps", "went": "goes", "came": "comes",
}  # fmt: skip
"""Past forms to a finite one: "has tilted" and "the camera tilted" are told as "tilts"."""
STEMS = words("push pull zoom dolly pan tilt truck crane orbit pedestal static handheld")
WAYS = words("in out back left right up down forward forwards backward backwards inward outward around")
JOINED = {
    verb + way: f"{verb} {way}"
    for verb in ("push", "pull", "zoom", "dolly", "pan", "tilt", "truck", "crane")
    for way in ("in", "out", "back", "left", "right", "up", "down")
} | {"flythrough": "fly through"}  # fmt: skip
for _word in ("pushup", "pullup", "pushback", "pulldown", "pushdown", "truckin", "panin", "panback"):
    del JOINED[_word]  # words of their own, or most of one
AUXILIARIES = "do|does|did|is|are|was|were|would|should|could|must|need|wo|ca|has|have"
"""As in "don't" and "won't", with the apostrophe and the "nt" cut off."""
NOT = rf"(?:{AUXILIARIES})n't|(?:do|does|did|is|are|should|must|would|could|will|can|may|need) not|cannot"
"""The one list of negated auxiliaries."""
