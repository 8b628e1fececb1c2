"""The model that is fetched in these tests, and how hastily."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hub_imitation import REPO
from unstill.adapters.weights import WeightShelf
from unstill.adapters.weights.patience import Patience
from unstill.domain.catalog import ModelCard, Range

NOWHERE = "http://127.0.0.1:9"
"""Nobody listens on the port of `discard`."""
HASTY = Patience(
    connect_s=3, read_s=5, backoff_s=0.001, look_s=0.005, slow_window_s=0.25, slow_bytes_s=200_000,
    probe_bytes=60_000, probe_s=0.5, longest_wait_s=5,
)  # fmt: skip
CARD = ModelCard(
    id="dream", family="dreams", title="Dream", about={"en": "Dreams.", "zh": "做梦。"}, licence="Odd-1.0",
    licence_notes=(
        {"en": "The hub says Odd-1.0.", "zh": "模型站标注 Odd-1.0。"},
        {"en": "Its authors say research only.", "zh": "作者声明仅供研究。"},
    ),
    generative=True, native={"size": "64p", "num_frames": 4, "fps": 8}, frames=Range(1, 8), fps=Range(1, 30),
    side=Range(16, 64), repo=REPO,
)  # fmt: skip
Shelves = Callable[..., WeightShelf]


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by name."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
