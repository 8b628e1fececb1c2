"""Where models' files, the hubs and the hub client's own things are. Only names; nothing is asked."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from unstill.domain.catalog import ModelCard
from unstill.settings import Settings

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_PAIR = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,100})=(.+)")
MOST_TOKEN_BYTES = 4096


@dataclass(frozen=True)
class Bases:
    """Where the hubs are. Tests name their own."""

    hub: str = "https://huggingface.co"
    modelscope: str = "https://modelscope.cn"


def models_dir(settings: Settings) -> Path:
    """Where our store is."""
    return (settings.models_dir or settings.data_dir / "models").expanduser().absolute()


def own_name(card: ModelCard) -> str:
    """A model's folder in the store; a stranger's card may have any id."""
    if _ID.fullmatch(card.id):
        return card.id
    return "model-" + hashlib.sha256(card.id.encode()).hexdigest()[:16]


def named_folder(settings: Settings, card: ModelCard) -> Path | None:
    """The folder that the settings name for a model: its own entry before one for all.

    A folder for all models holds this one itself, or in a folder of its id; where a model is single files
    and they are not there, it is meant for others.
    """
    general = None
    for entry in settings.weights:
        pair = _PAIR.fullmatch(entry)
        if pair and pair[1] == card.id:
            return Path(pair[2]).expanduser().absolute()
        if not pair:
            general = Path(entry).expanduser().absolute()
    if general is None:
        return None
    inner = general / own_name(card)
    if inner.is_dir():
        return inner
    others = card.files and not all((general / name).exists() for name in card.files)
    return None if others else general


def hub_cache(environ: Mapping[str, str]) -> Path:
    """Where the hub's own client keeps what it fetched; the same variables in the same order."""
    named = environ.get("HF_HUB_CACHE") or environ.get("HUGGINGFACE_HUB_CACHE")
    return _expanded(named, environ) if named else hub_home(environ) / "hub"


def hub_home(environ: Mapping[str, str]) -> Path:
    named = environ.get("HF_HOME")
    if named:
        return _expanded(named, environ)
    cache = environ.get("XDG_CACHE_HOME")
    return (_expanded(cache, environ) if cache else Path.home() / ".cache") / "huggingface"


def cached_snapshot(cache: Path, repo: str, revision: str | None) -> Path | None:
    """The hub client's folder of a repository at a revision (a commit or a name; "main" without any)."""
    folder = cache / f"models--{repo.replace('/', '--')}"
    commit = revision or "main"
    if not _COMMIT.fullmatch(commit):
        try:
            with (folder / "refs" / commit).open("rb") as file:
                commit = file.read(100).decode("ascii", "replace").strip()
        except OSError:
            return None
    snapshot = folder / "snapshots" / commit
    return snapshot if _COMMIT.fullmatch(commit) and snapshot.is_dir() else None


def hub_token(environ: Mapping[str, str]) -> str | None:
    """The person's token for the hub: HF_TOKEN, else the file that the hub's client writes at a login.

    Read here and not by that client, which would renew some tokens at the address HF_ENDPOINT names.
    """
    token = environ.get("HF_TOKEN") or environ.get("HUGGING_FACE_HUB_TOKEN") or _token_in_file(environ)
    token = token.strip() if token else ""
    return token if token and token.isascii() and token.isprintable() and " " not in token else None


def offline(environ: Mapping[str, str]) -> bool:
    """Whether the person wants no hub to be asked; the hub client's own variables."""
    said = environ.get("HF_HUB_OFFLINE") or environ.get("TRANSFORMERS_OFFLINE") or ""
    return said.upper() in ("1", "ON", "YES", "TRUE")


def _token_in_file(environ: Mapping[str, str]) -> str | None:
    named = environ.get("HF_TOKEN_PATH")
    try:
        with (_expanded(named, environ) if named else hub_home(environ) / "token").open("rb") as file:
            return file.read(MOST_TOKEN_BYTES).decode("utf-8", "replace")
    except OSError:
        return None


def _expanded(text: str, environ: Mapping[str, str]) -> Path:
    """With ``~`` and variables filled in, as the hub's client does it."""
    filled = re.sub(r"\$(\w+)|\$\{(\w+)\}", lambda m: environ.get(m[1] or m[2], m[0]), text)
    return Path(os.path.expanduser(filled))
