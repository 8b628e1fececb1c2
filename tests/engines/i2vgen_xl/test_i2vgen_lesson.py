"""What finished clips teach, through the real engine."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the extra diffusion is not installed")

from tiny_i2vgen import Shelf, machine, picture, plan, whole  # noqa: E402
from unstill.core.plan import Plan  # noqa: E402
from unstill.core.ports import Machine  # noqa: E402
from unstill.engines.i2vgen_xl import lesson  # noqa: E402
from unstill.engines.i2vgen_xl.engine import I2VGenXLEngine  # noqa: E402
from unstill.engines.i2vgen_xl.estimate import kind_of_work, predict  # noqa: E402
from unstill.engines.i2vgen_xl.hardware import Hardware  # noqa: E402
from unstill.engines.i2vgen_xl.rungs import LADDERS, Rung  # noqa: E402
from unstill.engines.placement import devices  # noqa: E402
from unstill.engines.placement.learned import figures  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
KIND = kind_of_work("cpu", Rung.CHUNKED, 4)
HERE = Machine(2, 64 << 30)


@pytest.fixture(autouse=True)
def own_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def real(shelf: Shelf, networks: dict[str, torch.nn.Module], monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny network counts as the real one."""
    size = sum(each.numel() for each in networks["unet"].parameters())
    monkeypatch.setattr(lesson, "SHORTEST_S", 0.0)
    monkeypatch.setattr(lesson, "PARAMETERS", {"unet": size})
    monkeypatch.setattr(devices, "CORE_FLOPS", 2e12)  # so that it is about as long in coming as was planned


def film(shelf: Shelf, made: Plan, hardware: Hardware) -> None:
    engine = I2VGenXLEngine(shelf, hardware)
    assert len(list(engine.frames(made, whole(picture(64, 64)), lambda *_: None))) == made.num_frames


@pytest.mark.usefixtures("real")
def test_a_finished_clip_puts_the_next_estimate_right(shelf: Shelf) -> None:
    """Twice: the second time the estimate that was put right is measured against the plain one again."""
    made = plan(num_inference_steps=2)
    for count in (1, 2):
        film(shelf, plan(num_inference_steps=2), machine(*LADDERS["cpu"]))
        ratio = figures().correction(KIND).seconds
        assert ratio != 1.0
        assert predict(made, HERE).seconds == pytest.approx(made.estimate.seconds * ratio, rel=1e-3)
        assert len(figures()._known()[KIND]["seconds"]) == count


def test_a_tiny_network_teaches_nothing(shelf: Shelf) -> None:
    """It is another model, whatever its name is."""
    film(shelf, plan(), machine(*LADDERS["cpu"]))
    assert figures().correction(KIND).seconds == 1.0


@pytest.mark.usefixtures("real")
def test_a_clip_that_ran_otherwise_than_planned_teaches_nothing(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory ran out on the way: the time belongs to no rung."""
    from unstill.engines.i2vgen_xl.sampler import Sampler

    step, failed = Sampler.step, []

    def once(self: Sampler, rung: Rung) -> None:
        if not failed:
            failed.append(rung)
            raise MemoryError
        step(self, rung)

    monkeypatch.setattr(Sampler, "step", once)
    film(shelf, plan(), machine(*LADDERS["cpu"]))
    assert failed == [Rung.CHUNKED]
    assert figures().correction(KIND).seconds == 1.0


@pytest.mark.usefixtures("real")
def test_a_clip_that_was_left_teaches_nothing(shelf: Shelf) -> None:
    engine = I2VGenXLEngine(shelf, machine(*LADDERS["cpu"]))
    frames = engine.frames(plan(), whole(picture(64, 64)), lambda *_: None)
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert figures().correction(KIND).seconds == 1.0


@pytest.mark.usefixtures("real")
def test_the_first_lesson_at_a_rung_is_against_the_plain_estimate(shelf: Shelf) -> None:
    """The plan's own had been put right by the rung beside it."""
    plain = plan(num_inference_steps=2).estimate.seconds
    figures().learn(kind_of_work("cpu", Rung.SEQUENTIAL, 4), seconds=3.0)
    made = plan(num_inference_steps=2)
    assert made.estimate.seconds == pytest.approx(3 * plain, rel=1e-3)
    film(shelf, made, machine(*LADDERS["cpu"]))
    figures().learn(kind_of_work("cpu", Rung.SEQUENTIAL, 4), seconds=40.0)
    ratio = figures().correction(KIND).seconds
    assert predict(plan(num_inference_steps=2), HERE).seconds == pytest.approx(ratio * plain, rel=1e-3)


@pytest.mark.usefixtures("real")
def test_short_cuts_teach_nothing(shelf: Shelf) -> None:
    """What they save is a guess, and no measure for clips without them."""
    film(shelf, plan(options={"speed": "fast"}, num_inference_steps=2), machine(*LADDERS["cpu"]))
    assert figures().correction(KIND).seconds == 1.0
