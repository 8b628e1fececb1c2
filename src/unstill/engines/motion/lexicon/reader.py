"""From a prompt to what the engine should do: drop what is negated, put moves in order, add the manner.

No tokenizer and no model: two lexicons, one grammar of negation and sequence. Every pattern has bounded gaps,
so reading time grows with the length of the prompt and never faster.
"""

from unstill.engines.motion.lexicon import clauses, finder, manner, undone
from unstill.engines.motion.lexicon.cues import Cue, Hit, Understood
from unstill.engines.motion.lexicon.spelling import fold

_LONGEST = 8000
"""Past this a prompt is a book; its end is not read, so that no input keeps the reader busy."""
_DEFAULT = ((Cue("dolly_in", 0.6),),)
_TRAVELS = ("dolly_", "truck_", "crane_", "orbit")
_PAIRS = (
    ("dolly_in", "dolly_out"),
    ("zoom_in", "zoom_out"),
    ("pan_left", "pan_right"),
    ("tilt_up", "tilt_down"),
    ("truck_left", "truck_right"),
    ("crane_up", "crane_down"),
)
_OPPOSITE = dict(_PAIRS) | {b: a for a, b in _PAIRS}


def understand(prompt: str) -> Understood:
    """Read any prompt, English, Chinese or both. Never fails; without a move it gets a gentle push in."""
    text, origin = fold(prompt[:_LONGEST])
    negated = clauses.negated(text)
    moves, deeds = finder.moves(text)
    effects = finder.effects(text)
    kept = [hit for hit in moves if not clauses.inside(hit.start, negated)]
    stages = _stages(text, kept) or _refused(text, moves)
    shown = _unique([h for h in effects if not clauses.inside(h.start, negated)])
    others = undone.phrases(text, moves, effects, deeds, negated)
    return Understood(
        stages=stages or _DEFAULT,
        effects=tuple(Cue(h.id, manner.of_effect(text, h)) for h in shown),
        auto=not stages,
        seconds=clauses.seconds(text),
        undone=tuple(prompt[origin[a] : origin[b - 1] + 1].strip() for a, b in others),
        loop=clauses.loops(text, negated),
    )


def _refused(text: str, moves: list[Hit]) -> tuple[tuple[Cue, ...], ...]:
    """Where moves are named only to be refused, the camera rests; one that must not shake may move."""
    wanted = clauses.unwanted_at(text)
    named = {h.id for h in moves if h.rank > 1 and h.start < wanted}
    return ((Cue("static"),),) if named - {"handheld", "roll"} and "static" not in named else ()


def _unique(hits: list[Hit]) -> list[Hit]:
    seen: dict[str, Hit] = {}
    for hit in hits:
        seen.setdefault(hit.id, hit)
    return list(seen.values())


def _stages(text: str, hits: list[Hit]) -> tuple[tuple[Cue, ...], ...]:
    if any(h.rank for h in hits):
        hits = [h for h in hits if h.rank]
    spans = [(h.start, h.end) for h in hits]
    groups: dict[float, list[Hit]] = {}
    for hit, order in zip(hits, clauses.orders(text, hits), strict=True):
        groups.setdefault(order, []).append(hit)
    stages: list[tuple[Cue, ...]] = []
    for order in sorted(groups):
        for group in _uncancelled(_told(groups[order])):
            cues = _merged([manner.of_move(text, hit, spans) for hit in group])
            if not stages or [c.id for c in stages[-1]] != [c.id for c in cues]:
                stages.append(cues)
    return tuple(stages)


def _merged(cues: list[Cue]) -> tuple[Cue, ...]:
    """A move named twice is one move; the mention that says how wins."""
    best: dict[str, Cue] = {}
    for cue in cues:
        held = best.get(cue.id)
        if held is None or (held.strength == 1.0 and cue.strength != 1.0) or (held.side is None and cue.side):
            best[cue.id] = Cue(
                cue.id, cue.strength if cue.strength != 1.0 or not held else held.strength, cue.side
            )
    return tuple(best.values())


def _told(group: list[Hit]) -> list[Hit]:
    """Within a stage a plain order outweighs "static", a path passed along, and following whichever way."""
    moving = [hit for hit in group if hit.id != "static"]
    if not moving:
        return group
    travels = any(hit.rank == 3 and hit.id.startswith(_TRAVELS) for hit in moving)
    ordered = any(hit.rank > 1 and hit.id != "handheld" for hit in moving)
    return [h for h in moving if not (h.rank == 2 and travels) and not (h.rank == 1 and ordered)]


def _uncancelled(group: list[Hit]) -> list[list[Hit]]:
    """Opposite moves at once would cancel; they are meant one after the other."""
    parts: list[list[Hit]] = [[]]
    for hit in group:
        if any(_OPPOSITE.get(hit.id) == other.id for other in parts[-1]):
            parts.append([])
        parts[-1].append(hit)
    return parts
