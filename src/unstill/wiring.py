"""The one place that builds the parts and joins them. Each is made, and its libraries read, on first use."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from unstill.domain.check import Check
from unstill.domain.errors import BadSetting, EngineBroken, UnstillError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from unstill.core.finishing import Finishing
    from unstill.core.keys import KeyStore
    from unstill.core.labelling import LabelRule
    from unstill.core.measure import ClipMeasure
    from unstill.core.ports import (
        Engine,
        EngineFamily,
        Frame,
        Machine,
        PictureDoor,
        SmallPictures,
        Sound,
        VideoMaker,
    )
    from unstill.core.prompts import Translator
    from unstill.core.rewriting import Rewriter
    from unstill.core.serving import Moved, Ready
    from unstill.core.weights import WeightStore
    from unstill.domain.catalog import ModelCard
    from unstill.domain.errors import Language
    from unstill.media.content_credentials import Credentials
    from unstill.settings import Settings

GROUP = "unstill.engines"
"""The entry-point group by which engines join: ours and strangers' alike."""
FIRST = "motion"
"""The family whose first model is the default: it runs on every computer."""


class House:
    """The parts of one process. Fits `unstill.core.services.Services`."""

    def __init__(self, settings: Settings | None = None, entries: Sequence[EntryPoint] | None = None) -> None:
        self._given, self._entries = settings, entries
        self._engines: dict[str, Engine] = {}
        self._at_work = threading.RLock()

    @cached_property
    def settings(self) -> Settings:
        from unstill.settings import load_settings

        return self._given or load_settings()

    @cached_property
    def door(self) -> PictureDoor:
        from unstill.media.picture import Limits, SafePictureDoor

        s = self.settings
        limits = Limits(
            max_bytes=int(s.max_picture_mebibytes * 2**20),
            max_pixels=int(s.max_picture_megapixels * 1e6),
            max_side=s.max_picture_side,
        )
        return SafePictureDoor(limits)

    @cached_property
    def maker(self) -> VideoMaker:
        from unstill.media.video import AvVideoMaker

        return AvVideoMaker(video_codec=self.settings.webm_codec, credentials=self._credentials())

    def _credentials(self) -> Credentials | None:
        """What videos are signed with. Raises `BadSetting` for a certificate without its key, and the other
        way round."""
        from unstill.media.content_credentials import Credentials

        chain, key = self.settings.c2pa_certificate, self.settings.c2pa_key
        if chain is None and key is None:
            return None
        if chain is None or key is None:
            raise BadSetting(
                name="c2pa_key" if key is None else "c2pa_certificate", value="unset",
                expected="a file: both are needed to sign", expected_zh="文件：签名需要证书和私钥两项",
                source="the settings", source_zh="设置",
            )  # fmt: skip
        return Credentials(chain.expanduser(), key.expanduser())

    @cached_property
    def finishing(self) -> Finishing:
        from unstill.core.finishing import Finishing

        # By its name, as engines are found: only engines may know torch, and these may come to it.
        retime = import_module("unstill.engines.retime.retimer").Retimer()
        return Finishing(retime, import_module("unstill.engines.upscale.upscaler").Upscaler(self.weights))

    @cached_property
    def translator(self) -> Translator:
        found: Translator = import_module("unstill.engines.translate.translator").Translator(self.weights)
        return found

    @cached_property
    def rewriter(self) -> Rewriter | None:
        if self.settings.rewrite_url is None:
            return None
        from unstill.adapters.rewriting import Endpoint

        s = self.settings
        return Endpoint(str(s.rewrite_url), s.rewrite_model, s.rewrite_key)

    @cached_property
    def weights(self) -> WeightStore:
        from unstill.adapters.weights import WeightShelf

        return WeightShelf(self.settings)

    @property
    def keep_prompt(self) -> bool:
        return self.settings.keep_prompt

    @property
    def visible_label(self) -> LabelRule:
        return self.settings.visible_label

    @property
    def licences(self) -> str:
        return self.settings.licences

    @property
    def region(self) -> str | None:
        return self.settings.region

    @property
    def language(self) -> Language | None:
        return self.settings.lang

    @property
    def log_dir(self) -> Path:
        return self.settings.log_dir

    @property
    def families(self) -> Sequence[EngineFamily]:
        from unstill.core.plan import default_first

        return default_first(self._found[0], self.machine(), self._at_hand)

    def _at_hand(self, card: ModelCard) -> bool:
        """Whether a model's files are on this computer."""
        try:
            self.weights.folder(card)
        except UnstillError:
            return False
        return True

    @property
    def broken(self) -> Sequence[str]:
        return self._found[1]

    @cached_property
    def _found(self) -> tuple[list[EngineFamily], list[str]]:
        return discover(self._entries)

    def machine(self) -> Machine:
        from unstill.doctor.machine import this_machine

        return this_machine()

    def examine(self, flags: Mapping[str, str] | None = None, *, online: bool = False) -> Sequence[Check]:
        from unstill.doctor.examine import examine
        from unstill.settings import load_settings

        return examine(load_settings(flags) if flags else self.settings, self, online=online)

    def peak_bytes(self) -> int:
        from unstill.doctor.machine import peak_bytes

        return peak_bytes()

    @contextlib.contextmanager
    def borrow(self, card: ModelCard) -> Iterator[Engine]:
        """One engine at work at a time; the last family's stays loaded, any other's memory is given back."""
        with self._at_work:
            for name in [name for name in self._engines if name != card.family]:
                self._engines.pop(name).unload()
            if card.family not in self._engines:
                self._engines[card.family] = self._new_engine(card)
            try:
                yield self._engines[card.family]
            except Exception as error:
                if not isinstance(
                    error, UnstillError
                ):  # it may be in any state: the next caller gets another
                    self._engines.pop(card.family, None)
                raise

    def _new_engine(self, card: ModelCard) -> Engine:
        family = next(f for f in self.families if any(c.id == card.id for c in f.cards))
        from unstill.core.finishing import Finished

        try:
            return Finished(family.engine(self.weights), self.finishing)
        except ImportError as error:
            raise EngineBroken(param="model", name=card.id) from error

    def metadata(self, path: Path) -> Mapping[str, str]:
        from unstill.media.read_video import read_metadata

        return read_metadata(path)

    def poster(self, video: Path, target: Path) -> None:
        from unstill.media.read_video import poster

        poster(video, target)

    def small_pictures(self, num_frames: int) -> SmallPictures:
        from unstill.media.sheets import Contact

        return Contact(num_frames)

    def keep(self, frame: Frame, path: Path) -> None:
        from unstill.media.sheets import save

        save(frame, path)

    def measure(self, video: Path) -> ClipMeasure:
        from unstill.media.measure import measure

        return measure(video)

    def tail(self, video: Path) -> tuple[Frame, int]:
        from unstill.media.sheets import tail

        return tail(video)

    def stitched(self, source: Path, continuation: Iterator[Frame]) -> Iterator[Frame]:
        from unstill.media.sheets import stitched

        return stitched(source, continuation)

    def heard(self, video: Path, rate: int | None = None) -> Sound | None:
        from unstill.media.sound import read_sound

        return read_sound(video, rate)

    def keys(self, folder: Path) -> KeyStore:
        if self.settings.database_url is not None:
            from unstill.serving.ground import open_server, shared_keys

            return shared_keys(open_server(self.settings.database_url))[0]
        from unstill.adapters.key_store import KeyFile

        return KeyFile(folder)

    def serve(self, flags: Mapping[str, object], ready: Ready) -> None:
        from unstill.serving import serve
        from unstill.settings import load_settings

        serve(load_settings(flags), self, ready)

    def migrate(self, flags: Mapping[str, object], url: str, report: Callable[[int, int], None]) -> Moved:
        from unstill.serving.moving import move
        from unstill.settings import load_settings

        return move(load_settings({**flags, "database_url": url}), report)

    def backup(self, data: Path, target: Path) -> None:
        from unstill.serving.backup import offline_backup, shared_backup

        if self.settings.database_url is not None:
            shared_backup(self.settings.database_url, target)
        else:
            offline_backup(data, target)


def discover(entries: Sequence[EntryPoint] | None = None) -> tuple[list[EngineFamily], list[str]]:
    """Engine families that load, ours first and the others by name; and the names of those that do not.

    A stranger's broken package must not take the others with it, so whatever it raises is logged and kept
    to itself.
    """
    from importlib.metadata import entry_points

    found = entry_points(group=GROUP) if entries is None else entries
    families: list[EngineFamily] = []
    broken: list[str] = []
    for entry in sorted(found, key=lambda e: (e.name != FIRST, e.name)):
        try:
            family = entry.load()
            if not list(family.cards):
                raise ValueError("a family without models")
        except Exception:
            logging.getLogger(__name__).info("engine %s cannot be loaded", entry.name, exc_info=True)
            broken.append(entry.name)
        else:
            families.append(family)
    return families, broken


@cache
def house() -> House:
    """This process's parts."""
    return House()


def main() -> None:
    """The console script."""
    try:
        from unstill.apps.cli.run import run

        code = run(house(), sys.argv[1:])
    except KeyboardInterrupt:  # before the command line could listen for it
        code = 130
    sys.exit(code)
