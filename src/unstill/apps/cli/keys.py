"""`unstill keys`: who may use the server of a data folder, whether it runs or not."""

from __future__ import annotations

from typing import Any

from unstill.apps.cli.call import Call
from unstill.apps.cli.columns import lines
from unstill.apps.cli.job_rows import when
from unstill.core.keys import Key
from unstill.domain.errors import UnstillError
from unstill.domain.service_errors import KeyNotFound
from unstill.settings import Settings, load_settings


def add_key(call: Call, name: str, data_dir: str | None) -> int:
    """`unstill keys add NAME`: the secret alone on standard output, once. Its exit code."""
    settings, screen = load_settings({"data_dir": data_dir}), call.screen
    key, secret = call.services.keys(settings.data_dir).add(name)
    if screen.json:
        screen.out_json({**_told(key), "secret": secret})
        call.answered = True
    else:
        screen.talk(screen.say("key_added", id=key.id, name=key.name))
        screen.out_path(secret)
    keyless = _keyless_server(call, settings)
    if keyless:
        screen.warn(screen.say("restart_for_keys", url=keyless))
    return 0


def list_keys(call: Call, data_dir: str | None) -> int:
    """`unstill keys list`: every key there ever was, oldest first, without secrets."""
    folder, screen = load_settings({"data_dir": data_dir}).data_dir, call.screen
    keys = call.services.keys(folder).list() if folder.is_dir() else ()  # looking makes no folder
    if screen.json:
        screen.out_json([_told(key) for key in keys])
        call.answered = True
    elif not keys:
        screen.talk(screen.say("no_keys") if folder.is_dir() else screen.say("no_folder_yet", path=folder))
    else:
        heads = [screen.say(head) for head in ("id", "created", "last_used", "state", "name")]
        for line in lines([heads, *(_row(key, call) for key in keys)]):
            screen.out(line)
    return 0


def revoke_key(call: Call, key_id: str, data_dir: str | None) -> int:
    """`unstill keys revoke ID`. Raises `KeyNotFound`."""
    folder, screen = load_settings({"data_dir": data_dir}).data_dir, call.screen
    if not folder.is_dir():
        raise KeyNotFound(id=key_id)
    key = call.services.keys(folder).revoke(key_id)
    if screen.json:
        screen.out_json(_told(key))
        call.answered = True
    else:
        screen.talk(screen.say("key_ended", id=key.id, name=key.name))
    return 0


def _keyless_server(call: Call, settings: Settings) -> str | None:
    """The address of a server that runs on this folder and was started without keys."""
    from unstill.apps.cli.remote.client import Remote
    from unstill.apps.cli.remote.place import LOCAL

    try:
        with Remote(LOCAL, settings, call.screen.language) as remote:
            asks = remote.get("/v1/session").body.get("auth")
            return remote.place.url if asks == "none" else None
    except UnstillError:  # none runs, or another program took its place
        return None


def _row(key: Key, call: Call) -> list[str]:
    say = call.screen.say
    state = say("key_active") if key.revoked_at is None else say("key_revoked", when=when(key.revoked_at))
    used = say("never") if key.last_used_at is None else when(key.last_used_at)
    return [key.id, when(key.created_at), used, state, key.name]


def _told(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
    }
