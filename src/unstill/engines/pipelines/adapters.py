"""What a table cannot say of a pipeline: how its call is filled, and what comes out. One class a kind."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from unstill.core.ports import Anchor, Sound
from unstill.domain.errors import BadOutput
from unstill.engines.pipelines.row import Row

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

    from unstill.core.plan import Plan
    from unstill.core.ports import Frame


MOST_CHANNELS = 2


class Adapter:
    """The table's own: all that a row's entries say, and no more."""

    def __init__(self, row: Row) -> None:
        self.row = row

    def components(self, folder: Path, index: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 others need it
        """Components that are not read by diffusers but given to it."""
        return {}

    def loaded(self, pipe: DiffusionPipeline) -> None:
        """Once after loading."""

    def pipeline(self, pipe: DiffusionPipeline, last: bool) -> DiffusionPipeline:  # noqa: ARG002 others need it
        """The pipeline for a clip; ``last`` where it has a picture for its last frame."""
        return pipe

    def ready(self, pipe: DiffusionPipeline, plan: Plan) -> None:  # noqa: ARG002 others need it
        """Set what is no argument of the call."""
        if self.row.shift is not None and pipe.scheduler.config.get("flow_shift") not in (
            None,
            self.row.shift,
        ):
            pipe.scheduler = type(pipe.scheduler).from_config(
                pipe.scheduler.config, flow_shift=self.row.shift
            )

    def rounds(self, plan: Plan) -> int:  # noqa: ARG002 others need it
        """Progress bars that a clip takes."""
        return 1

    def arguments(self, pipe: DiffusionPipeline, plan: Plan, anchor: Anchor) -> dict[str, Any]:
        """Of the pipeline's call."""
        known = inspect.signature(type(pipe).__call__).parameters
        request, guidance = plan.request, float(plan.request.guidance_scale or 1)
        offered: dict[str, Any] = {
            "prompt": request.prompt,
            "negative_prompt": plan.details.get("negative_prompt_used"),
            "width": plan.width,
            "height": plan.height,
            "num_frames": plan.num_frames,
            "num_inference_steps": int(request.num_inference_steps or 1),
            "decode_chunk_size": self.row.work.decode_at_once or plan.num_frames,
            "output_type": "np",
            "generator": torch.Generator("cpu").manual_seed(plan.seed),
            **{name: plan.option(name) for name in plan.card.options},
            **dict.fromkeys(self.row.guidance, guidance),
            **self.pictures(plan, anchor),
            **self.row.call,
        }
        if self.row.fps:
            offered[self.row.fps] = plan.fps
        return {name: value for name, value in offered.items() if name in known}

    def pictures(self, plan: Plan, anchor: Anchor) -> dict[str, Any]:
        """The arguments that hold pictures."""
        last = last_picture(plan, anchor)
        found: dict[str, Any] = {"image": Image.fromarray(anchor.frame)}
        if last is not None and self.row.last == "last_image":
            found["last_image"] = Image.fromarray(last)
        return found

    def frames(self, output: Any, plan: Plan) -> Iterator[Frame]:
        """The clip's frames, each uint8 [h w 3]. Raises `BadOutput` where the numbers overflowed, or another
        number of frames came."""
        made, wanted = output.frames[0], (plan.num_frames, plan.height, plan.width, 3)
        if tuple(made.shape) != wanted:
            problem = f"it is {tuple(made.shape)} instead of {wanted}"
            raise BadOutput(problem=problem, problem_zh=f"尺寸为 {tuple(made.shape)}，而不是 {wanted}")
        for each in made:
            if not np.isfinite(each).all():
                raise BadOutput(problem="its numbers overflowed", problem_zh="数值溢出")
            yield np.rint(np.clip(each, 0.0, 1.0) * 255.0).astype(np.uint8)

    def sound(self, output: Any, pipe: DiffusionPipeline) -> Sound | None:  # noqa: ARG002 others need it
        """What came with the frames."""
        return None


def last_picture(plan: Plan, anchor: Anchor) -> Frame | None:
    """What the last frame is to show: the picture that was given for it, or the first one of a loop."""
    return anchor.last if anchor.last is not None else anchor.frame if plan.loop else None


class LTX(Adapter):
    """LTX-Video from 0.9.5 on: first and last picture are conditions."""

    def pictures(self, plan: Plan, anchor: Anchor) -> dict[str, Any]:
        from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXVideoCondition

        last = last_picture(plan, anchor)
        if last is None:
            return super().pictures(plan, anchor)
        ends = {0: anchor.frame, plan.num_frames - 1: last}
        return {"conditions": [
            LTXVideoCondition(image=Image.fromarray(frame), frame_index=at) for at, frame in ends.items()
        ]}  # fmt: skip


class LTX2(Adapter):
    """LTX-2: sound, and another pipeline over the same parts where there is a last picture."""

    def pipeline(self, pipe: DiffusionPipeline, last: bool) -> DiffusionPipeline:
        if not last:
            return pipe
        from diffusers import LTX2ConditionPipeline

        return LTX2ConditionPipeline(**{
            name: part for name, part in pipe.components.items()
            if name in inspect.signature(LTX2ConditionPipeline.__init__).parameters
        })  # fmt: skip

    def pictures(self, plan: Plan, anchor: Anchor) -> dict[str, Any]:
        last = last_picture(plan, anchor)
        if last is None:
            return super().pictures(plan, anchor)
        from diffusers.pipelines.ltx2.pipeline_ltx2_condition import LTX2VideoCondition

        ends = {0: anchor.frame, -1: last}
        return {"conditions": [
            LTX2VideoCondition(frames=Image.fromarray(frame), index=at, strength=1.0)
            for at, frame in ends.items()
        ]}  # fmt: skip

    def sound(self, output: Any, pipe: DiffusionPipeline) -> Sound | None:
        return as_sound(output, int(pipe.vocoder.config.output_sampling_rate))


class Hunyuan15(Adapter):
    """HunyuanVideo 1.5: guidance is a part of its own, and sizes follow the picture's shape."""

    def loaded(self, pipe: DiffusionPipeline) -> None:
        from unstill.engines.pipelines.hunyuan_attention import ValidTokensOnly

        processor = ValidTokensOnly()
        for block in pipe.transformer.transformer_blocks:
            block.attn.set_processor(processor)

    def ready(self, pipe: DiffusionPipeline, plan: Plan) -> None:
        super().ready(pipe, plan)
        pipe.guider = pipe.guider.new(guidance_scale=float(plan.request.guidance_scale or 1))
        size = plan.height, plan.width  # its own choice is of rounded shapes, and now and then the next one
        pipe.video_processor.calculate_default_height_width = lambda *_, **__: size


class Kandinsky(Adapter):
    """Kandinsky 5 and 6: the folder's Qwen2-VL processor wants torchvision for pictures that it is never
    given, so it is given as one that reads text alone."""

    RATE = 44_100
    """Samples a second of Kandinsky 6's vocoder."""

    def components(self, folder: Path, index: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        from transformers import AutoTokenizer, Qwen2VLProcessor

        class TextOnly(Qwen2VLProcessor):  # type: ignore[misc]
            """Reads text."""

            def __init__(self, tokenizer: Any) -> None:
                self.tokenizer = tokenizer

            def __call__(self, text: Any = None, images: Any = None, videos: Any = None, **more: Any) -> Any:  # noqa: ARG002
                return self.tokenizer(text, **more)

        tokenizer = AutoTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
        return {"tokenizer": TextOnly(tokenizer)}

    def sound(self, output: Any, pipe: DiffusionPipeline) -> Sound | None:  # noqa: ARG002
        return as_sound(output, self.RATE)


class Helios(Adapter):
    """Helios makes a clip in pieces of 33 frames, of which the first is the last one's end."""

    PIECE = 32

    def rounds(self, plan: Plan) -> int:
        return (plan.num_frames - 1) // self.PIECE


def as_sound(output: Any, rate: int) -> Sound | None:
    """The first clip's sound of an output: [b n], [b c n], as a tensor or an array."""
    made = getattr(output, "audio", None)
    if made is None:
        return None
    if isinstance(made, torch.Tensor):
        made = made.detach().float().cpu().numpy()
    samples = np.asarray(made[0], np.float32)
    samples = samples[:, None] if samples.ndim == 1 else samples.T
    if samples.ndim != 2 or samples.shape[1] > MOST_CHANNELS:
        raise BadOutput(problem=f"its sound is {samples.shape}", problem_zh=f"声音的形状为 {samples.shape}")
    if not len(samples):
        return None
    return Sound(np.ascontiguousarray(np.clip(np.nan_to_num(samples), -1, 1)), rate)


ADAPTERS: Mapping[str, type[Adapter]] = {
    "table": Adapter,
    "ltx": LTX,
    "ltx2": LTX2,
    "hunyuan15": Hunyuan15,
    "kandinsky": Kandinsky,
    "helios": Helios,
}


def adapter_for(row: Row) -> Adapter:
    """The row's adapter: one of ours, or "module:class" of somebody else's package."""
    if ":" not in row.adapter:
        return ADAPTERS[row.adapter](row)
    from importlib import import_module

    module, _, name = row.adapter.partition(":")
    made: Adapter = getattr(import_module(module), name)(row)
    return made
