"""The page: what is on it, and what its buttons do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from unstill.apps.api.language import language_of
from unstill.apps.cli.remote.client import Remote
from unstill.apps.cli.remote.video import act
from unstill.apps.gradio_app.upload import uploaded
from unstill.apps.gradio_app.video import make
from unstill.apps.gradio_app.words import labels, say
from unstill.domain.errors import Language, UnstillError

SIZES = ("512p", "768p", "1024p")
AT_ONCE, WAITING = 8, 64
"""Visitors whose videos are watched at once, and who may wait behind them."""
OLD_S = 3600
"""Seconds after which uploads and videos are removed from Gradio's folder; the server keeps its own."""
TEXT = Sequence[tuple[bytes, bytes]]
I18N = gr.I18n(**labels())


@dataclass(frozen=True)
class Maker:
    """What the buttons do, with one server behind them."""

    connect: Callable[[Language], Remote]
    folder: Path
    """Where Gradio puts uploads."""
    most_mebibytes: float
    language: Language

    def generate(
        self, picture: str | None, prompt: str, model: str, size: str, frames: float | None,
        seed: float | None, loop: bool, request: gr.Request, progress: Any = gr.Progress(),  # noqa: B008
    ) -> Iterator[tuple[Any, str, str]]:  # fmt: skip
        """The video, the words under it, and the id to cancel it by."""
        language = self._language(request)
        if picture is None:
            yield None, say("choose", language), ""
            return
        try:
            file = uploaded(picture, self.folder)
            fields = {
                "prompt": prompt, "model": model or None, "size": size or None, "loop": loop or None,
                "num_frames": _whole(frames), "seed": _whole(seed), "format": "mp4",
            }  # fmt: skip
            with self.connect(language) as remote:
                for news in make(remote, file, fields, self.most_mebibytes, language):
                    progress(news.done, desc=news.text)
                    yield str(news.file) if news.file else None, news.text, news.id
        except UnstillError as error:
            yield None, f"{error.message(language)}\n{error.hint(language)}".strip(), ""

    def stop(self, video: str, request: gr.Request) -> str:
        """Cancel the video of this visitor; the one who watches it says how that went."""
        language = self._language(request)
        if not video:
            return ""
        try:
            with self.connect(language) as remote:
                act(remote, video, "cancel")
        except UnstillError as error:
            return error.message(language)
        return say("stopping", language)

    def _language(self, request: gr.Request) -> Language:
        sent = str(dict(request.headers).get("accept-language", ""))
        return language_of([(b"accept-language", sent.encode("latin-1", "replace"))], self.language)


def _whole(value: float | None) -> int | float | None:
    """What a number field holds; 12.0 is 12, and what is no whole number the request refuses in words."""
    return int(value) if value is not None and float(value).is_integer() else value


def build(maker: Maker, models: Sequence[str]) -> gr.Blocks:
    """The page for a server with these models, the default first."""
    usual = [(I18N("usual"), "")]
    with gr.Blocks(title="unstill", analytics_enabled=False, delete_cache=(OLD_S, OLD_S)) as page:
        gr.Markdown("# unstill")
        gr.Markdown(I18N("about"))
        with gr.Row():
            with gr.Column():
                picture = _guarded(_picture(), maker.folder)
                prompt = gr.Textbox(
                    label=I18N("prompt"), placeholder=I18N("prompt_example"), max_length=4000, lines=2
                )
                with gr.Accordion(I18N("more"), open=False):
                    model = gr.Dropdown(
                        [*usual, *((name, name) for name in models)], value="", label=I18N("model")
                    )
                    size = gr.Dropdown(
                        [*usual, *((name, name) for name in SIZES)], value="", label=I18N("size")
                    )
                    frames = gr.Number(label=I18N("frames"), info=I18N("left_empty"), value=None)
                    seed = gr.Number(label=I18N("seed"), info=I18N("seed_empty"), value=None)
                    loop = gr.Checkbox(label=I18N("loop"))
                with gr.Row():
                    go = gr.Button(I18N("make"), variant="primary")
                    halt = gr.Button(I18N("stop"))
            with gr.Column():
                video = gr.Video(  # Gradio 6.31 translates this label only while it is empty
                    show_label=False, autoplay=True, loop=True, interactive=False
                )
                status = gr.Textbox(label=I18N("status"), lines=3, interactive=False)
        current = gr.State("")
        go.click(
            maker.generate, [picture, prompt, model, size, frames, seed, loop], [video, status, current],
            api_visibility="private", concurrency_limit=AT_ONCE,
        )  # fmt: skip
        halt.click(maker.stop, [current], [status], api_visibility="private", concurrency_limit=AT_ONCE)
    page.queue(max_size=WAITING, status_update_rate=1)
    return page


def _picture() -> Any:
    return gr.Image(
        label=I18N("picture"), type="filepath", image_mode=None, sources=["upload", "clipboard"], height=360
    )


def _guarded(picture: Any, folder: Path) -> Any:
    """The picture field, which opens and fetches nothing by itself: a request may name any path or address.

    Gradio's own checks pass addresses, and paths without `meta`. These are set on the one object, because a
    class of ours would make Gradio write a stub beside this file.
    """

    def path_of(payload: Any) -> str | None:
        return None if payload is None else str(uploaded(payload.path, folder))

    async def kept(path: str) -> str:
        return str(uploaded(path, folder))

    picture.preprocess = path_of
    picture.async_move_resource_to_block_cache = kept
    return picture
