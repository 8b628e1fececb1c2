"""The driver: from a plan and a picture to frames, by any row's pipeline, the model kept warm in between."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from unstill.core.ports import Anchor, Sound, Tick, Weights
from unstill.domain.notes import Note, note
from unstill.engines.pipelines.adapters import Adapter, adapter_for, last_picture
from unstill.engines.pipelines.estimate import rung_for
from unstill.engines.pipelines.glimpse import Glimpse
from unstill.engines.pipelines.lesson import Lesson
from unstill.engines.pipelines.loading import load
from unstill.engines.pipelines.loras import Worn
from unstill.engines.pipelines.placing import Placement
from unstill.engines.pipelines.progress import Steps
from unstill.engines.pipelines.recipe import CACHE_THRESHOLD, Recipe, recipe_of
from unstill.engines.pipelines.row import Row
from unstill.engines.pipelines.rungs import LADDERS, WORDS, Rung, allowed
from unstill.engines.placement.devices import half_is_good
from unstill.engines.placement.quiet import quiet
from unstill.engines.placement.torch_device import Device

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

    from unstill.core.plan import Plan
    from unstill.core.ports import Frame

quiet()
PREVIEW_EVERY = 4
"""Steps between two previews."""
SHOWN_LETTERS = 120
"""Of words that are left out, in the note that says so."""
BFLOAT_SINCE = (8, 0)
"""CUDA compute capability from which on bfloat16 is quick."""


def this_device() -> Device:
    """The best device of this computer, in the format that these models were published in: bfloat16, where
    it is quick."""
    if torch.cuda.is_available():
        capability = torch.cuda.get_device_capability()
        if capability >= BFLOAT_SINCE:
            return Device(torch.device("cuda"), torch.bfloat16)
        half = half_is_good(capability, torch.cuda.get_device_name())
        return Device(torch.device("cuda"), torch.float16 if half else torch.float32)
    if torch.backends.mps.is_available():
        return Device(torch.device("mps"), torch.bfloat16)
    return Device(torch.device("cpu"), torch.float32)


@dataclass
class Loaded:
    """A pipeline that is in memory."""

    key: tuple[str, Path, str]
    row: Row
    adapter: Adapter
    pipe: DiffusionPipeline
    placement: Placement
    worn: Worn
    compiled: bool = False
    notes: list[Note] = field(default_factory=list)


class PipelineEngine:
    """Fits `unstill.core.ports.Engine` and `Sounding`."""

    def __init__(self, weights: Weights, rows: Mapping[str, Row], device: Device | None = None) -> None:
        self._weights, self._rows, self._device = weights, rows, device or this_device()
        self._loaded: Loaded | None = None
        self._notes: tuple[Note, ...] = ()
        self._sound: Sound | None = None
        self._only: Rung | None = None

    def load(self, plan: Plan) -> None:
        """Read the model's files, where they are not those in memory.

        Raises:
            WeightsMissing, WeightsIncomplete, WeightsDamaged, WeightsUnsafe: they cannot be had.
        """
        self._ready(plan)

    def frames(self, plan: Plan, anchor: Anchor, tick: Tick) -> Iterator[Frame]:
        """See `Engine.frames`. Ticks with the stages "look", "step" and "decode".

        Raises besides `OutOfMemory` where no rung of the ladder fits, `BadOutput`, and for LoRA files
        `LoraForAnother`.
        """
        self._notes, self._sound = (), None
        loaded = self._ready(plan)
        try:
            output, lesson = self._made(loaded, plan, anchor, tick)
            self._sound = loaded.adapter.sound(output, loaded.pipe)
            total = plan.num_frames
            for number, frame in enumerate(loaded.adapter.frames(output, plan)):
                tick("decode", number, total)
                yield frame
            tick("decode", total, total)
        except BaseException:
            loaded.placement.clear()
            raise
        finally:
            self._notes = (*loaded.notes, *loaded.placement.notes)
        lesson.learn()

    def notes(self) -> Sequence[Note]:
        return self._notes

    def sound(self) -> Sound | None:
        return self._sound

    def unload(self) -> None:
        if self._loaded is not None:
            self._loaded.placement.clear()
        self._loaded = None
        self._device.give_back()

    # --- loading

    def _ready(self, plan: Plan) -> Loaded:
        row, recipe = self._rows[plan.card.id], recipe_of(plan)
        key = (plan.card.id, self._weights.folder(plan.card), recipe.quantization)
        stale = self._loaded is not None and self._loaded.placement.narrowed and recipe.exact
        if self._loaded is None or self._loaded.key != key or stale:
            self.unload()
            self._loaded = self._load(row, recipe, key)
        return self._loaded

    def _load(self, row: Row, recipe: Recipe, key: tuple[str, Path, str]) -> Loaded:
        adapter = adapter_for(row)
        return self._held(row, adapter, load(row, adapter, key[1], self._device, recipe), key)

    def _held(self, row: Row, adapter: Adapter, pipe: Any, key: tuple[str, Path, str]) -> Loaded:
        adapter.loaded(pipe)
        pipe.__class__ = driven(type(pipe), self._device.device)
        placement = Placement(pipe, row, self._device)
        return Loaded(key, row, adapter, pipe, placement, Worn(pipe, row, self._weights))

    def adopt(self, plan: Plan, pipe: DiffusionPipeline) -> None:
        """Work with a pipeline that is in memory already, its weights on the host: for measuring."""
        self.unload()
        row, quantization = self._rows[plan.card.id], recipe_of(plan).quantization
        key = (plan.card.id, self._weights.folder(plan.card), quantization)
        self._loaded = self._held(row, adapter_for(row), pipe, key)

    def only_rung(self, rung: Rung | None) -> None:
        """Stay at one rung whatever happens, or go by the ladder again with None: for measuring."""
        self._only = rung

    # --- one clip

    def _made(self, loaded: Loaded, plan: Plan, anchor: Anchor, tick: Tick) -> tuple[Any, Lesson]:
        """The pipeline's output."""
        row, adapter, placement = loaded.row, loaded.adapter, loaded.placement
        loaded.notes = list(_cut(loaded.pipe, plan))
        loaded.worn.wear(plan.request.loras, placement, lightning=recipe_of(plan).lightning)
        placement.begin(self._rungs(row, plan), self._first_rung(row, plan))
        self._say_rung(loaded, plan)
        pipe = adapter.pipeline(loaded.pipe, last_picture(plan, anchor) is not None)
        if pipe is not loaded.pipe:
            pipe.__class__ = driven(type(pipe), self._device.device)
        adapter.ready(pipe, plan)
        glimpse = Glimpse(anchor.frame, row.latents, plan.width, plan.height, plan.num_frames)
        steps = Steps(
            tick, adapter.rounds(plan), lambda n: glimpse.shown() if n % PREVIEW_EVERY == 0 else None
        )
        lesson = Lesson(row, plan, pipe, placement, self._device)
        tick("look", 0, 1)
        pipe.unstill_bar = steps.bar
        try:
            watched = _watched(pipe, glimpse, tick, plan.num_frames)
            with torch.no_grad(), watched, Quicker(loaded, recipe_of(plan)), placement:
                output = pipe(**adapter.arguments(pipe, plan, anchor))
        finally:
            del pipe.unstill_bar
        lesson.stop()
        return output, lesson

    def _rungs(self, row: Row, plan: Plan) -> Sequence[Rung]:
        if self._only is not None:
            return (self._only,)
        ladder = LADDERS.get(self._device.device.type, LADDERS["cpu"])
        plain = recipe_of(plan).exact or recipe_of(plan).quantization != "none"
        return allowed(ladder, exact=plain, tiles=row.tiles)

    def _first_rung(self, row: Row, plan: Plan) -> Rung:
        """The best that should fit into a graphics card's memory as it is now, or else what was planned."""
        rungs, planned = self._rungs(row, plan), plan.details.get("placement")
        available = self._device.available_bytes()
        if available is not None:
            return rung_for(row, plan, rungs, available, self._device.value_bytes, self._device.name)
        if isinstance(planned, str) and planned.upper() in Rung.__members__:
            return Rung[planned.upper()]
        return rungs[0]

    def _say_rung(self, loaded: Loaded, plan: Plan) -> None:
        planned, rung = plan.details.get("placement"), loaded.placement.rung
        if self._device.is_cuda and planned != rung.name.lower():
            how, how_zh = WORDS[rung]
            loaded.notes.append(note("placed_anew", how=how, how_zh=how_zh))


class Quicker:
    """Caching and compilation of the denoisers for the time of one clip, as its recipe allows."""

    def __init__(self, loaded: Loaded, recipe: Recipe) -> None:
        self._loaded, self._recipe = loaded, recipe
        parts = loaded.pipe.components
        self._denoisers = [parts[name] for name in loaded.row.denoisers if parts.get(name) is not None]

    def __enter__(self) -> None:
        loaded, recipe = self._loaded, self._recipe
        if loaded.row.caches and not recipe.exact:
            from diffusers import FirstBlockCacheConfig

            for each in self._denoisers:
                each.enable_cache(FirstBlockCacheConfig(threshold=CACHE_THRESHOLD))
        if loaded.row.compiles and recipe.acceleration == "compile" and not loaded.compiled:
            for each in self._denoisers:
                each.compile_repeated_blocks()
            loaded.compiled = True

    def __exit__(self, *_: object) -> None:
        if self._loaded.row.caches and not self._recipe.exact:
            for each in self._denoisers:
                each.disable_cache()


class _watched:  # noqa: N801 it is used as a function
    """Looks over a pipeline's shoulder: what its VAE encodes, what a step believes, and a tick now and then
    while it decodes."""

    def __init__(self, pipe: DiffusionPipeline, glimpse: Glimpse, tick: Tick, frames: int) -> None:
        self._pipe, self._glimpse, self._tick, self._frames = pipe, glimpse, tick, frames
        self._undo: list[Callable[[], object]] = []

    def __enter__(self) -> None:
        vae, scheduler = self._pipe.vae, self._pipe.scheduler
        self._watch_encoding(vae)
        self._watch_steps(scheduler)
        decoder = getattr(vae, "decoder", None)
        if decoder is not None:
            hook = decoder.register_forward_pre_hook(lambda *_: self._tick("decode", 0, self._frames))
            self._undo.append(hook.remove)

    def __exit__(self, *_: object) -> None:
        for undo in reversed(self._undo):
            undo()

    def _watch_encoding(self, vae: Any) -> None:
        inner = vae.encode

        @functools.wraps(inner)
        def encode(*args: Any, **kwargs: Any) -> Any:
            made = inner(*args, **kwargs)
            self._glimpse.seen(vae, made)
            return made

        vae.encode = encode
        self._undo.append(lambda: vars(vae).pop("encode", None))

    def _watch_steps(self, scheduler: Any) -> None:
        """By its class: pipelines with sound copy their scheduler, and the copy must step for itself."""
        kind, glimpse = type(scheduler), self._glimpse

        def step(self: Any, model_output: Any, timestep: Any, sample: Any, *args: Any, **kwargs: Any) -> Any:
            sigma = _sigma(self)
            done = kind.step(self, model_output, timestep, sample, *args, **kwargs)
            if self is scheduler:
                glimpse.stepped(self, sample, model_output, sigma, done)
            return done

        def give_back() -> None:
            scheduler.__class__ = kind

        scheduler.__class__ = type(kind.__name__, (kind,), {"step": functools.wraps(kind.step)(step)})
        self._undo.append(give_back)


def _sigma(scheduler: Any) -> float | None:
    """The noise level of the step that is to come, for schedules of straight paths."""
    sigmas, index = getattr(scheduler, "sigmas", None), getattr(scheduler, "step_index", None)
    if sigmas is None or "FlowMatch" not in type(scheduler).__name__:
        return None
    return float(sigmas[index or 0])


def driven(kind: Any, device: torch.device) -> Any:
    """The class with our progress bar, on our device, wherever its parts may be just now."""

    def progress_bar(self: Any, iterable: object = None, total: int | None = None) -> Any:
        return self.unstill_bar(iterable, total)

    where = property(lambda _: device)
    own = {"progress_bar": progress_bar, "_execution_device": where, "device": where}
    return type(kind.__name__, (kind,), own)


def _cut(pipe: DiffusionPipeline, plan: Plan) -> Iterator[Note]:
    """What a model's text encoder has no room for."""
    import inspect

    known = inspect.signature(type(pipe).__call__).parameters
    tokenizer, limit = getattr(pipe, "tokenizer", None), known.get("max_sequence_length")
    if tokenizer is None or limit is None or not isinstance(limit.default, int):
        return
    words = plan.request.prompt
    ids = getattr(tokenizer, "tokenizer", tokenizer)(words)["input_ids"]
    if len(ids) > limit.default:
        left = str(
            getattr(tokenizer, "tokenizer", tokenizer).decode(ids[limit.default :], skip_special_tokens=True)
        )
        shown = left if len(left) <= 120 else f"{left[:120]} …"
        yield note(
            "prompt_cut", model=plan.model, limit=limit.default, field="prompt", field_zh="描述", words=shown
        )
