"""Where models' files can be had: the hub, a mirror of it, ModelScope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from unstill.adapters.weights.locations import Bases, hub_token
from unstill.adapters.weights.wire import Errand, Wire, origin
from unstill.domain.errors import BadSetting
from unstill.domain.source_errors import NoMirror
from unstill.settings import Settings
from unstill.settings.addresses import is_address, shown

Name = Literal["hub", "mirror", "modelscope"]


@dataclass(frozen=True)
class Listed:
    """A file as a hub's API lists it. Bytes; hashes in hex, those it has."""

    size: int
    sha256: str | None = None
    """Of the content."""
    git: str | None = None
    """The git object's name: sha1 of ``blob SIZE\\0`` and the content."""


@dataclass(frozen=True)
class Listing:
    """A repository at one revision."""

    commit: str | None
    """What the source calls this revision for good, where it says so."""
    files: Mapping[str, Listed]


class Source(Protocol):
    """One host that may have a model's files."""

    @property
    def name(self) -> Name: ...

    @property
    def host(self) -> str:
        """As it is shown."""

    def listing(self, wire: Wire, repo: str, revision: str | None) -> Listing:
        """Ask its API what there is. Raises `SourceFailed`."""

    def errand(
        self, repo: str, listing: Listing, path: str, start: int = 0, end: int | None = None
    ) -> Errand:
        """The request for a range of a file."""

    def page(self, repo: str) -> str:
        """Where a person reads about the model."""


def sources(settings: Settings, environ: Mapping[str, str], bases: Bases, connect_s: float) -> list[Source]:
    """Those the settings allow, the one whose word counts most first.

    Raises:
        NoMirror, BadSetting: the mirror is to be used, and none is set or its address is no address.
    """
    from unstill.adapters.weights.hub import Hub
    from unstill.adapters.weights.modelscope import ModelScope

    made: list[Source] = []
    if settings.source in ("auto", "hub"):
        made.append(Hub("hub", bases.hub, hub_token(environ), connect_s))
    endpoint = mirror(settings, environ)
    if settings.source == "mirror" and endpoint is None:
        raise NoMirror(param="source")
    if endpoint and settings.source in ("auto", "mirror"):
        own = origin(endpoint) == origin(bases.hub)
        if settings.source == "mirror" or not own:
            made.append(Hub("mirror", endpoint, hub_token(environ) if own else None, connect_s))
    if settings.source in ("auto", "modelscope"):
        made.append(ModelScope(bases.modelscope))
    return made


def mirror(settings: Settings, environ: Mapping[str, str]) -> str | None:
    """The mirror's address, from the setting or the hub client's variable. Raises `BadSetting`."""
    if settings.hf_endpoint:
        return settings.hf_endpoint.rstrip("/")
    named = environ.get("HF_ENDPOINT", "").strip().rstrip("/")
    if not named:
        return None
    if not is_address(named):
        raise BadSetting(
            name="HF_ENDPOINT", value=shown(named), expected="an address such as https://mirror.example",
            expected_zh="形如 https://mirror.example 的地址", source="the environment", source_zh="环境变量",
        )  # fmt: skip
    return named
