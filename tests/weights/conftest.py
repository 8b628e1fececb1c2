"""A model, a hub that has it, and a shelf to put it on. No real hub is ever asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dreams import CARD, HASTY, NOWHERE
from hub_imitation import Imitation, imitation
from unstill.adapters.weights import WeightShelf
from unstill.adapters.weights.locations import Bases
from unstill.adapters.weights.patience import Patience
from unstill.domain.catalog import ModelCard
from unstill.settings import Settings


@pytest.fixture(autouse=True)
def no_hub_of_ones_own(own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No token, cache, mirror or proxy of the person who runs the tests."""
    for name in [n for n in os.environ if n.startswith(("HF_", "HUGGING", "TRANSFORMERS_"))]:
        monkeypatch.delenv(name)
    for name in [n for n in os.environ if n.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture
def card() -> ModelCard:
    return CARD


@pytest.fixture
def hub() -> Iterator[Imitation]:
    with imitation() as made:
        yield made


@pytest.fixture
def second() -> Iterator[Imitation]:
    """Another host with the same model."""
    with imitation() as made:
        yield made


@pytest.fixture
def shelf_at(tmp_path: Path) -> Callable[..., WeightShelf]:
    """A shelf whose hubs are at these addresses; none means nobody is there."""

    def make(
        hub: str | None = None,
        mirror: str | None = None,
        modelscope: str | None = None,
        *,
        environ: dict[str, str] | None = None,
        patience: Patience = HASTY,
        **settings: object,
    ) -> WeightShelf:
        given = {"models_dir": tmp_path / "models", "hf_endpoint": mirror, **settings}
        made = Settings(**{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
        bases = Bases(hub or NOWHERE, modelscope or NOWHERE)
        home = {"HF_HOME": str(tmp_path / "hf"), **(environ or {})}
        return WeightShelf(made, bases=bases, patience=patience, environ=home)

    return make


@pytest.fixture
def shelf(shelf_at: Callable[..., WeightShelf], hub: Imitation) -> WeightShelf:
    """A shelf that knows the hub alone."""
    return shelf_at(hub.url, source="hub")
