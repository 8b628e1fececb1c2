"""Which words are pictures and which is the prompt."""

from __future__ import annotations

from pathlib import Path

import pytest

from unstill.apps.cli.inputs import sort_words
from unstill.domain.errors import MissingArgument, NothingToDo, PromptNeedsQuotes, PromptTwice


@pytest.fixture(autouse=True)
def folder(here: Path) -> None:
    for name in ("a.jpg", "b.png", "odd name"):
        (here / name).write_bytes(b"x")
    (here / "shots").mkdir()
    (here / "shots" / "c.webp").write_bytes(b"x")
    (here / "empty").mkdir()


@pytest.mark.parametrize(
    ("words", "pictures", "prompt"),
    [
        (["a.jpg"], ["a.jpg"], ""),
        (["a.jpg", "slow push in"], ["a.jpg"], "slow push in"),
        (["a.jpg", "推近"], ["a.jpg"], "推近"),
        (["a.jpg", ""], ["a.jpg"], ""),
        (["a.jpg", "b.png"], ["a.jpg", "b.png"], ""),
        (["a.jpg", "b.png", "orbit"], ["a.jpg", "b.png"], "orbit"),
        (["a.jpg", "odd name"], ["a.jpg", "odd name"], ""),
        (["a.jpg", "typo.png"], ["a.jpg", "typo.png"], ""),
        (["a.jpg", "typo.PNG"], ["a.jpg", "typo.PNG"], ""),
        (["a.jpg", "shots/typo"], ["a.jpg", "shots/typo"], ""),
        (["a.jpg", "in/out, slowly"], ["a.jpg"], "in/out, slowly"),
        (["a.jpg", "push in. then stop."], ["a.jpg"], "push in. then stop."),
        (["missing.jpg"], ["missing.jpg"], ""),
        (["slow push in"], ["slow push in"], ""),
        (["shots", "orbit"], ["shots/c.webp"], "orbit"),
        (["a.jpg", "x" * 5000], ["a.jpg"], "x" * 5000),
        (["a.jpg", "nul\0inside"], ["a.jpg"], "nul\0inside"),
    ],
)
def test_the_last_word_is_the_prompt_unless_it_names_a_file(
    words: list[str], pictures: list[str], prompt: str
) -> None:
    """A mistyped picture is never taken for a prompt, nor a prompt for a picture."""
    found = sort_words(words, None)
    assert [str(p) for p in found.pictures] == pictures
    assert found.prompt == prompt


def test_many_is_several_pictures_or_a_folder() -> None:
    """A folder of one counts: a script gets an array whatever is in it."""
    assert not sort_words(["a.jpg", "orbit"], None).many
    assert sort_words(["a.jpg", "b.png"], None).many
    assert sort_words(["shots"], None).many


def test_a_prompt_without_quotes_is_noticed() -> None:
    """The hint is the line to type."""
    with pytest.raises(PromptNeedsQuotes) as caught:
        sort_words(["odd name", "slow", "push", "in"], None)
    assert """unstill generate 'odd name' "slow push in".""" in caught.value.hint()


def test_two_prompts_are_one_too_many() -> None:
    """Neither is quietly dropped."""
    with pytest.raises(PromptTwice):
        sort_words(["a.jpg", "orbit"], "pan left")
    assert sort_words(["a.jpg", "b.png"], "pan left").prompt == "pan left"


def test_nothing_to_work_on_is_said() -> None:
    """No picture, or a folder without any."""
    with pytest.raises(MissingArgument):
        sort_words([], None)
    with pytest.raises(NothingToDo):
        sort_words(["empty"], None)
