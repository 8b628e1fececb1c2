"""The model that is fetched in these tests, an engine that needs it, and how hastily all that goes."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

from hub_imitation import REPO
from testcard import Slide
from unstill.adapters.weights import WeightShelf
from unstill.adapters.weights.patience import Patience
from unstill.core.plan import Plan
from unstill.core.ports import Estimate, Machine, Reading, Weights
from unstill.domain.catalog import ModelCard, Range
from unstill.domain.request import VideoRequest

NOWHERE = "http://127.0.0.1:9"
"""Nobody listens on the port of `discard`."""
HASTY = Patience(
    connect_s=3, read_s=5, backoff_s=0.001, look_s=0.005, slow_window_s=0.25, slow_bytes_s=200_000,
    probe_bytes=60_000, probe_s=0.5, longest_wait_s=5,
)  # fmt: skip
CARD = ModelCard(
    id="dreams", family="dreams", title="Dreams", about={"en": "Dreams.", "zh": "做梦。"}, licence="Odd-1.0",
    licence_notes=(
        {"en": "The hub says Odd-1.0.", "zh": "模型站标注 Odd-1.0。"},
        {"en": "Its authors say research only.", "zh": "作者声明仅供研究。"},
    ),
    generative=True, download_bytes=320_000,
    native={"size": "512p", "fit": "crop", "num_frames": 4, "fps": 8, "loop": False, "interpolate": 1},
    frames=Range(1, 64), fps=Range(1, 30),
    side=Range(16, 1024), steps=Range(1, 100), guidance=Range(1, 20), repo=REPO,
)  # fmt: skip
Shelves = Callable[..., WeightShelf]


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by name."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


class Dreaming(Slide):
    """An engine that will not go without its files."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self._weights = weights

    def load(self, plan: Plan) -> None:
        assert (self._weights.folder(plan.card) / "model_index.json").is_file()


class Family:
    """What the entry point names."""

    cards = (CARD,)

    def read(self, request: VideoRequest, card: ModelCard) -> Reading:
        return Reading()

    def estimate(self, plan: Plan, machine: Machine) -> Estimate:
        return Estimate(0.01 * plan.num_frames, 100 * plan.width * plan.height)

    def engine(self, weights: Weights) -> Dreaming:
        return Dreaming(weights)


family = Family()
DREAMS = EntryPoint("dreams", "dreams:family", "unstill.engines")
