"""Parts find each other, and one that is broken stays alone."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from testcard import CARD, DREAM, TESTCARD
from unstill.core.making import Like, plan_for, request_of
from unstill.domain.errors import EngineBroken, UnknownModel
from unstill.settings import Settings
from unstill.wiring import GROUP, House, discover

RUIN = EntryPoint("ruin", "no_such_module_anywhere:family", GROUP)
ODD = EntryPoint("odd", "json:dumps", GROUP)
MOTION = EntryPoint("motion", "unstill.engines.motion:family", GROUP)


def test_the_built_in_engine_joins_like_any_other_and_comes_first() -> None:
    """By the same entry-point group."""
    families, broken = discover()
    assert families[0].cards[0].id == "motion"
    assert broken == []
    families, _ = discover([TESTCARD, MOTION])
    assert [f.cards[0].id for f in families] == ["motion", "testcard"]


def test_a_broken_engine_is_set_aside() -> None:
    """Whether it cannot be imported or is no engine at all."""
    families, broken = discover([RUIN, ODD, TESTCARD])
    assert [f.cards[0].id for f in families] == ["testcard"]
    assert broken == ["odd", "ruin"]


def test_a_broken_engine_is_an_error_only_for_who_asks() -> None:
    """By its name; or when nothing else is left."""
    house = House(Settings(), [RUIN, TESTCARD])
    assert plan_for(request_of({}, Like({})), (64, 48), house).model == "testcard"
    with pytest.raises(EngineBroken):
        plan_for(request_of({"model": "ruin"}, Like({})), (64, 48), house)
    with pytest.raises(UnknownModel):
        plan_for(request_of({"model": "gone"}, Like({})), (64, 48), house)
    with pytest.raises(EngineBroken):
        plan_for(request_of({}, Like({})), (64, 48), House(Settings(), [RUIN]))


def test_an_engine_is_kept_for_the_next_caller(house: House) -> None:
    """Two models of one family share it."""
    with house.borrow(CARD) as first:
        pass
    with house.borrow(DREAM) as second:
        assert second is first


def test_an_engine_that_failed_is_not_used_again(house: House) -> None:
    """It may be in any state."""

    def failing() -> None:
        with house.borrow(CARD):
            raise RuntimeError

    with house.borrow(CARD) as first:
        pass
    with pytest.raises(RuntimeError):
        failing()
    with house.borrow(CARD) as second:
        assert second is not first


def test_limits_of_pictures_are_settings(house: House) -> None:
    """They reach the door."""
    small = House(
        Settings(max_picture_megapixels=1, max_picture_side=100, max_picture_mebibytes=2), [TESTCARD]
    )
    limits = small.door.limits  # type: ignore[attr-defined]
    assert (limits.max_pixels, limits.max_side, limits.max_bytes) == (1_000_000, 100, 2 << 20)
