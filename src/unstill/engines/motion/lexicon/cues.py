"""What a prompt is understood to ask for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cue:
    """One move or effect.

    `strength`: 1 as a rule; about .35 barely there, .65 gentle, 1.35 fast, 1.7 dramatic.
    `side`: where the camera travels in an orbit, or which way it rolls (left: counter-clockwise).
    """

    id: str
    strength: float = 1.0
    side: str | None = None


@dataclass(frozen=True)
class Understood:
    """A prompt, read: cues of one stage happen together, stages one after another."""

    stages: tuple[tuple[Cue, ...], ...]
    effects: tuple[Cue, ...]
    auto: bool
    seconds: float | None
    undone: tuple[str, ...]
    loop: bool

    @property
    def moves(self) -> list[str]:
        """Move ids in order of performance, none twice in a row."""
        flat = [cue.id for stage in self.stages for cue in stage]
        return [move for i, move in enumerate(flat) if i == 0 or flat[i - 1] != move]


@dataclass(frozen=True)
class Hit:
    """Where in the folded text a cue was found."""

    start: int
    end: int
    id: str
    side: str | None = None
    strength: float | None = None
    rank: int = 3
    """0: a mood ("drone shot"), where no move is named; 1: a path ("over the roofs"), where its stage
    has none; 2: following someone, where its stage does not say which way."""
    vague: bool = False
    """Whether the way is this reader's choice, so that words which say it come first."""
