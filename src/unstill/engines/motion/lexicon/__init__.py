"""The prompt reader: English and Chinese sentences to camera moves, scene effects and a duration."""

from unstill.engines.motion.lexicon.cues import Cue, Understood
from unstill.engines.motion.lexicon.reader import understand

__all__ = ["Cue", "Understood", "understand"]
