"""Networks whose repository has single files and no pipeline's layout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hub_imitation import REPO, imitation, model, safetensors
from unstill.adapters.weights import WeightShelf
from unstill.domain.source_errors import SourceFailed
from unstill.engines.upscale.cards import X4PLUS
from unstill.settings import Settings

NAME = X4PLUS.files[0]
CARD = replace(X4PLUS, repo=REPO)


def test_the_named_files_come_and_no_others(shelf_at: Callable[..., WeightShelf]) -> None:
    """Checked and recorded like any other; pickles and other networks beside them stay where they are."""
    files = {NAME: safetensors(1, 50_000), "RealESRGAN_x4plus.pth": b"a pickle", "other.safetensors": b"x"}
    with imitation(files) as hub:
        shelf = shelf_at(hub.url, source="hub")
        shelf.pull(CARD, accept_licence=True)
        assert not [asked for asked in hub.asked if "pth" in asked.path or "other" in asked.path]
    folder = shelf.folder(CARD)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {NAME: files[NAME]}
    checked = shelf.verify(CARD)
    assert (checked.files, checked.compared) == (1, True)


def test_a_repository_without_them_is_refused(shelf_at: Callable[..., WeightShelf]) -> None:
    """By the name of the file it lacks."""
    with imitation(model()) as hub, pytest.raises(SourceFailed, match=NAME):
        shelf_at(hub.url, source="hub").pull(CARD, accept_licence=True)


def test_the_command_line_knows_its_name(cli: Callable[..., object]) -> None:
    """The licence is shown, and nothing is fetched without consent."""
    answer = cli("models", "pull", X4PLUS.id)
    assert answer.code == 2
    assert "BSD-3-Clause" in answer.err
    assert "--accept-licence" in answer.err


def test_a_folder_for_all_models_may_lack_it(shelf_at: Callable[..., WeightShelf], tmp_path: Path) -> None:
    """Then it is looked for elsewhere; where it has the file, or a folder of the id, that is meant."""
    general = tmp_path / "all"
    general.mkdir()
    shelf = shelf_at(weights=Settings(weights=(str(general),)).weights)
    assert shelf.facts(X4PLUS).state == "missing"
    (general / NAME).write_bytes(safetensors(1, 100))
    assert shelf.facts(X4PLUS).folder == general
    own = general / X4PLUS.id
    own.mkdir()
    (general / NAME).rename(own / NAME)
    assert shelf.facts(X4PLUS).folder == own
