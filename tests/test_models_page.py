"""docs/models.md: its tables are what the catalogue says, and its words name what there is."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("models_table", ROOT / "tools" / "models_table.py")
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made  # its dataclass looks itself up
    spec.loader.exec_module(made)
    return made


def test_the_tables_are_what_the_catalogue_says(tables: ModuleType) -> None:
    """`make docs-models` writes them anew."""
    assert tables.page(PAGE) == PAGE


def test_every_model_has_a_row_in_every_table(tables: ModuleType) -> None:
    for name in set(tables.TABLES) - {"licences"}:
        rows = [line.split("|")[1].strip() for line in tables.TABLES[name]() if line.startswith("| `")]
        assert sorted(rows) == sorted(f"`{card.id}`" for card in tables.CARDS), name
    assert set(tables.RAN) == {card.id for card in tables.CARDS}


def test_a_table_that_the_page_lacks_is_said(tables: ModuleType) -> None:
    with pytest.raises(LookupError, match="choose"):
        tables.page("# Models\n")


def test_the_words_name_only_models_and_options_that_there_are(tables: ModuleType) -> None:
    """A name in the page's own words is one of the catalogue's; so is each option and its value."""
    words = re.sub(r"<!-- \w+: made.*?<!-- end -->", "", PAGE, flags=re.DOTALL)
    known = {card.id for card in tables.CARDS}
    beginnings = "svd|wan|ltx|hunyuan|kandinsky|skyreels|cogvideo|motion|i2vgen"
    named = set(re.findall(rf"`((?:{beginnings})[\w.-]*)`", words))
    assert named <= known, named - known
    assert "wan2.2-ti2v-5b" in named
    offered = {
        (name, value) for card in tables.CARDS for name, of in card.options.items() for value in of.choices
    }
    written = set(re.findall(r"`(\w+)=([\w-]+)`", words))
    assert written <= offered
    assert ("lightning", "4-step") in written
