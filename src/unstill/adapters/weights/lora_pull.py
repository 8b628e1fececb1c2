"""One LoRA file out of a repository of the hub, by the same way as a model's files."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from unstill.adapters.weights.asking import Asker
from unstill.adapters.weights.halt import Halt
from unstill.adapters.weights.loras import MOST_BYTES, too_large
from unstill.adapters.weights.meter import Meter
from unstill.adapters.weights.patience import Patience
from unstill.adapters.weights.pull import Pull
from unstill.adapters.weights.sources import Listed, Source
from unstill.adapters.weights.store import Place
from unstill.adapters.weights.wire import Wire
from unstill.core.weights import Watch
from unstill.domain.catalog import ModelCard, Range
from unstill.domain.errors import Cancelled, InvalidField
from unstill.domain.lora import ENDING
from unstill.domain.weight_errors import LoraPullStopped, LoraUnfit

REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_FILE = re.compile(r"(?:[A-Za-z0-9_][\w .+()-]*/){0,4}[\w(][\w .+()-]*", re.ASCII)
MOST_CHARACTERS = 180
"""Of a file's path, which is one name while it is on its way."""
MOST_NAMED = 8
"""Files that a refusal names."""


@contextlib.contextmanager
def fetched(
    repo: str, file: str | None, folder: Path, watch: Watch,
    sources: Callable[[], Sequence[Source]], patience: Patience,
) -> Iterator[tuple[Path, str]]:  # fmt: skip
    """Fetch a repository's file, or its only one, below ``folder``; where it lies, and what it is from. It
    goes once the block has ended well.

    Raises:
        InvalidField, LoraUnfit: there is no such repository's name, or no one file to be had.
        SourceFailed and the others of `unstill.core.weights.WeightStore.pull`.
        LoraPullStopped: ``watch`` raised `Cancelled`; what has come stays.
    """
    if not REPO.fullmatch(repo):
        raise InvalidField(
            param="repo", value=repr(repo)[:80], expected="OWNER/NAME", expected_zh="“所有者/名称”的形式"
        )
    found = sources()
    try:
        chosen = _chosen(_listed(repo, found, patience, watch), repo, file)
        card = _card(repo, chosen)
        place = Place(folder, card)
        with place.hold():
            # Nothing is held against an earlier fetch: another file of the repository may be wanted now.
            Pull(card, place, found, patience, watch).carry_out(update=True)
            yield place.final / chosen, f"{repo}/{chosen}"
            place.remove()
    except Cancelled:
        raise LoraPullStopped(repo=repo) from None


def _card(repo: str, file: str) -> ModelCard:
    """What the way of models' files asks for; it stands in no catalogue."""
    one = Range(1, 1)
    return ModelCard(
        id=repo, family="lora", title=repo, about={"en": "", "zh": ""}, licence="unknown", generative=True,
        native={}, frames=one, fps=one, side=one, repo=repo, files=(file,),
    )  # fmt: skip


def _listed(repo: str, sources: Sequence[Source], patience: Patience, watch: Watch) -> Mapping[str, Listed]:
    """The files of a repository, by the source whose word counts most."""
    halt, meter = Halt(), Meter()
    with contextlib.closing(Wire(patience, halt)) as wire:
        look = partial(_look, watch, meter)
        return Asker(sources, wire, meter, halt, patience, look).roads(repo, None)[0].listing.files


def _look(watch: Watch, meter: Meter) -> None:
    watch(meter.progress())


def _usable(name: str) -> bool:
    return len(name) <= MOST_CHARACTERS and bool(_FILE.fullmatch(name))


def _chosen(listed: Mapping[str, Listed], repo: str, file: str | None) -> str:
    able = sorted(name for name in listed if name.lower().endswith(ENDING) and _usable(name))
    if file is None and len(able) == 1:
        file = able[0]
    if file is None or file not in able:
        reason, zh = (
            ("it has several files", "其中有多个文件") if able else ("it has none", "其中没有这样的文件")
        )
        if file is not None:
            reason, zh = "there is no such file in it", "其中没有这个文件"
        named = ", ".join(able[:MOST_NAMED]) + ("…" if len(able) > MOST_NAMED else "")
        whole = repo if file is None else f"{repo}/{file}"[:200]
        raise LoraUnfit(param="file", file=whole, reason=reason, reason_zh=zh, files=named)
    if listed[file].size > MOST_BYTES:
        raise too_large(file, listed[file].size)
    return file
