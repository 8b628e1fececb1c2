"""Everything the doctor looks at, in the order in which people are told."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version

from unstill.core.services import Services
from unstill.doctor.computer import computer
from unstill.doctor.graphics import graphics
from unstill.doctor.places import places
from unstill.domain.check import Check, failure, ok, warning
from unstill.settings import Settings

HUB = "https://huggingface.co"
PATIENCE_S = 8.0
ENCODERS = {"libx264": "MP4", "libvpx-vp9": "WebM"}


def examine(settings: Settings, services: Services, *, online: bool = False) -> list[Check]:
    """Look at this computer. ``online`` asks the model hub, and nobody is asked without it.

    A look that fails in a way nobody thought of is a warning, so that the others are still seen.
    """
    parts: list[tuple[str, Callable[[], Iterator[Check]]]] = [
        ("computer", computer),
        ("places", lambda: places(settings)),
        ("graphics", graphics),
        ("models", lambda: models(services)),
        ("encoder", encoder),
    ]
    if online:
        parts.append(("hub", lambda: hub(settings)))
    return [check for name, part in parts for check in _seen(name, part)]


def _seen(name: str, part: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    try:
        yield from part()
    except Exception as error:  # the doctor must not be what is ill
        kind = type(error).__name__
        yield warning(
            name, (f"This could not be looked at ({kind})", f"无法检查（{kind}）"),
            ("Say so in a report, with `unstill doctor --json`.",
             "请附上 `unstill doctor --json` 的输出反馈。"),
        )  # fmt: skip


def models(services: Services) -> Iterator[Check]:
    """The files of each model that has some, and engines that do not load."""
    for name in services.broken:
        yield failure(
            f"engine_{name}", (f"The engine {name} is installed and broken", f"引擎 {name} 已安装但无法加载"),
            ("Install it again, or remove it.", "请重新安装或移除它。"),
        )  # fmt: skip
    for card in (card for family in services.families for card in family.cards if card.repo is not None):
        facts = services.weights.facts(card)
        name = f"model_{card.id}"
        if facts.state == "ready":
            yield ok(name, f"{card.title}: its files are here", f"{card.title}：文件已就绪")
        elif facts.problem is not None:
            problem = facts.problem
            yield failure(
                name, (problem.message(), problem.message("zh")),
                (problem.hint() or "", problem.hint("zh") or ""),
            )  # fmt: skip
        else:
            fetch = f"unstill models pull {card.id}"
            yield ok(name, f"{card.title}: not fetched (`{fetch}`)", f"{card.title}：未下载（`{fetch}`）")


def encoder() -> Iterator[Check]:
    """Whether videos can be written."""
    import av

    lacking = []
    for codec, form in ENCODERS.items():
        try:
            av.codec.Codec(codec, "w")
        except ValueError:
            lacking.append((codec, form))
    try:
        shown = f"PyAV {version('av')}"
    except PackageNotFoundError:
        shown = "PyAV"
    if not lacking:
        yield ok("encoder", shown, shown)
        return
    forms, codecs = ", ".join(form for _, form in lacking), ", ".join(codec for codec, _ in lacking)
    fix = ("Install the wheel of PyAV, which has them: `pip install --force-reinstall --only-binary av av`.",
           "请安装自带编码器的 PyAV：`pip install --force-reinstall --only-binary av av`。")  # fmt: skip
    seen = (f"{shown} lacks {codecs}: no {forms} can be written", f"{shown} 缺少 {codecs}，无法输出 {forms}")
    yield failure("encoder", seen, fix) if ("libx264", "MP4") in lacking else warning("encoder", seen, fix)


def hub(settings: Settings) -> Iterator[Check]:
    """Whether the place that models are fetched from answers."""
    address = settings.hf_endpoint or os.environ.get("HF_ENDPOINT") or HUB
    try:
        status = _asked(address)
    except urllib.error.HTTPError as error:  # it answers, and that is what was asked
        status = error.code
    except (OSError, ValueError) as error:
        why = type(error).__name__
        yield warning(
            "hub", (f"{address} cannot be reached ({why})", f"无法访问 {address}（{why}）"),
            ("Check the connection and proxy, or name a mirror: `export HF_ENDPOINT=https://...`; ModelScope "
             "serves too: `export UNSTILL_SOURCE=modelscope`.",
             "请检查网络和代理，或设置镜像：`export HF_ENDPOINT=https://...`；也可使用魔搭："
             "`export UNSTILL_SOURCE=modelscope`。"),
        )  # fmt: skip
        return
    yield ok("hub", f"{address} answers ({status})", f"{address} 可以访问（{status}）")


def _asked(address: str) -> int:
    """The status of the answer of a hub's API."""
    if not address.startswith(("https://", "http://")):
        raise ValueError(address)
    url = f"{address.rstrip('/')}/api/models?limit=1"
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:  # noqa: S310 it begins with http
        return int(answer.status)
