"""Several sources: whose word counts, who is quick, who takes over, and who never sees the token."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dreams import CARD, HASTY, NOWHERE, Shelves, files_in
from hub_imitation import COMMIT, NEEDED, REPO, UNET, Imitation, imitation, model, safetensors, sha256
from unstill.adapters.weights.locations import Bases
from unstill.adapters.weights.lock import read_lock
from unstill.adapters.weights.sources import sources
from unstill.domain.errors import BadSetting
from unstill.domain.source_errors import (
    AccessRefused,
    LineBroken,
    NoMirror,
    NotAtSource,
    SourceFailed,
    SourceUnreachable,
    TokenRefused,
    WrongBytes,
)
from unstill.settings import Settings

HERE = Path(__file__).parent
TOKEN = "hf_SecretOfThisTest"
TOTAL = sum(len(model()[name]) for name in NEEDED)


@pytest.fixture
def third() -> Iterator[Imitation]:
    with imitation() as made:
        yield made


def tokens(*hubs: Imitation) -> list[str]:
    """Every place where the token was seen: server and path."""
    return [
        f"{asked.server} {asked.path}"
        for hub in hubs for asked in hub.asked
        if any(TOKEN in value for value in (*asked.headers.values(), asked.path))
    ]  # fmt: skip


# --- who is chosen ------------------------------------------------------------------------------------------


def test_the_quickest_gives_the_bytes(shelf_at: Shelves, hub: Imitation, second: Imitation) -> None:
    """A range out of the middle of a real weight decides; the hub is slow here."""
    hub.fault(".safetensors", bytes_s=50_000)
    shelf = shelf_at(hub.url, second.url)
    shelf.pull(CARD, accept_licence=True)
    assert second.sent(UNET) > hub.sent(UNET)
    (probe,) = hub.bodies(UNET)
    start, end = map(int, probe.headers["range"].removeprefix("bytes=").split("-"))
    size = len(hub.files[UNET])
    assert (end - start + 1, start) == (60_000, (size - 60_000) // 2)
    assert read_lock(shelf.models)["dreams"].listed_by == hub.host


def test_the_hub_says_what_is_right_and_a_mirror_gives_it(
    shelf_at: Shelves, hub: Imitation, second: Imitation
) -> None:
    """A mirror whose list differs is left out, and the person hears it."""
    second.files = {**second.files, UNET: safetensors(9, 300_000)}
    shelf = shelf_at(hub.url, second.url)
    done = shelf.pull(CARD, accept_licence=True)
    assert [n.code for n in done.notes] == ["source_differs"]
    assert not second.sent()
    assert files_in(shelf.folder(CARD))[UNET] == hub.files[UNET]


def test_a_mirror_that_lies(shelf_at: Shelves, hub: Imitation, second: Imitation) -> None:
    """It lists the right hash and sends something else: the hub takes over."""
    hub.fault(".safetensors", times=1, bytes_s=50_000)  # so that the mirror wins the probe
    second.fault(UNET, spoiled=True)
    shelf = shelf_at(hub.url, second.url)
    done = shelf.pull(CARD, accept_licence=True)
    assert "source_failed_over" in [n.code for n in done.notes]
    assert files_in(shelf.folder(CARD))[UNET] == hub.files[UNET]


def test_without_the_hub_a_mirror_vouches(shelf_at: Shelves, second: Imitation) -> None:
    """And that is said, because its word counts for less."""
    done = shelf_at(NOWHERE, second.url).pull(CARD, accept_licence=True)
    assert [n.code for n in done.notes] == ["source_silent", "source_vouches"]
    assert done.facts.source == second.host


def test_a_source_that_is_late_is_gone_without(shelf_at: Shelves, hub: Imitation, second: Imitation) -> None:
    """Nobody waits for a mirror's list when the hub's is here."""
    second.fault(f"/models/{REPO}", times=3, status=429, headers={"Retry-After": "4"})
    patience = replace(HASTY, late_s=0.1)
    done = shelf_at(hub.url, second.url, patience=patience).pull(CARD, accept_licence=True)
    assert ("source_silent", "late") in [(n.code, n.facts.get("reason")) for n in done.notes]
    assert not second.sent()


def test_a_refusal_by_the_hub_stands(shelf_at: Shelves, hub: Imitation, second: Imitation) -> None:
    """A gated model is not had through a mirror behind its owners' back."""
    hub.gated = True
    with pytest.raises(AccessRefused):
        shelf_at(hub.url, second.url).pull(CARD, accept_licence=True)
    assert not second.sent()


def test_what_a_host_said_goes_before_that_another_is_not_there(shelf_at: Shelves, second: Imitation) -> None:
    """The more telling error is the one that is shown."""
    second.fault(f"/models/{REPO}", status=404)
    with pytest.raises(NotAtSource):
        shelf_at(NOWHERE, second.url).pull(CARD, accept_licence=True)
    with pytest.raises(SourceUnreachable):
        shelf_at(NOWHERE).pull(CARD, accept_licence=True)


def test_only_the_chosen_source_is_asked(
    shelf_at: Shelves, hub: Imitation, second: Imitation, third: Imitation
) -> None:
    """source = hub, mirror, modelscope."""
    places = (hub.url, second.url, third.url)
    for number, name in enumerate(("hub", "mirror", "modelscope")):
        shelf = shelf_at(*places, source=name)
        shelf.pull(CARD, accept_licence=True, update=True)
        assert [bool(one.asked) for one in (hub, second, third)] == [at == number for at in range(3)]
        for one in (hub, second, third):
            one.asked.clear()


# --- who takes over -----------------------------------------------------------------------------------------


def test_a_source_that_becomes_slow_is_left(shelf_at: Shelves, hub: Imitation, second: Imitation) -> None:
    """The other goes on at the very byte."""
    second.fault(".safetensors", times=1)  # the probe
    hub.fault(".safetensors", times=1, bytes_s=400_000)  # loses the probe
    second.fault(UNET, bytes_s=40_000)
    shelf = shelf_at(hub.url, second.url)
    done = shelf.pull(CARD, accept_licence=True)
    assert "source_slow" in [n.code for n in done.notes]
    assert files_in(shelf.folder(CARD))[UNET] == hub.files[UNET]
    start = int(hub.bodies(UNET)[-1].headers["range"].removeprefix("bytes=").split("-")[0])
    assert start > 0
    assert hub.bodies(UNET)[-1].sent == len(hub.files[UNET]) - start


def test_a_slow_source_without_another_is_used(shelf_at: Shelves, hub: Imitation) -> None:
    """Slow is better than nothing."""
    hub.fault("text_encoder/model.fp16.safetensors", bytes_s=40_000)
    shelf = shelf_at(hub.url, source="hub")
    assert shelf.pull(CARD, accept_licence=True).fetched_bytes == TOTAL


@pytest.mark.parametrize("what", [{"break_at": 0}, {"status": 404}, {"status": 403}, {"status": 500},
                                  {"status": 429, "headers": {"Retry-After": "60"}}])  # fmt: skip
def test_whatever_fails_another_takes_over(
    shelf_at: Shelves, hub: Imitation, second: Imitation, what: dict
) -> None:
    """Each fault of the one source, for as long as there is another."""
    for one in (hub, second):
        one.fault("text_encoder/model.fp16.safetensors", **(what if one is second else {"times": 0}))
    hub.fault(UNET, times=1, bytes_s=50_000)
    shelf = shelf_at(hub.url, second.url)
    done = shelf.pull(CARD, accept_licence=True)
    assert files_in(shelf.folder(CARD)) == {name: hub.files[name] for name in NEEDED}
    assert {n.code for n in done.notes} <= {"source_failed_over", "source_silent"}


def test_the_last_error_is_told_when_all_fail(shelf_at: Shelves, hub: Imitation, second: Imitation) -> None:
    """One is down, the other lies."""
    hub.fault(UNET, break_at=0)
    second.fault(UNET, spoiled=True)
    with pytest.raises((WrongBytes, LineBroken)):
        shelf_at(hub.url, second.url).pull(CARD, accept_licence=True)


# --- the token ----------------------------------------------------------------------------------------------


def test_the_token_goes_to_the_hub_alone(
    shelf_at: Shelves, hub: Imitation, second: Imitation, third: Imitation
) -> None:
    """Not to a mirror, not to ModelScope, not along a redirect to the CDN."""
    hub.fault(".safetensors", times=1, bytes_s=50_000)
    environ = {"HF_TOKEN": TOKEN, "HF_ENDPOINT": second.url}
    shelf_at(hub.url, None, third.url, environ=environ).pull(CARD, accept_licence=True)
    assert not tokens(second, third)
    assert {line.split()[0] for line in tokens(hub)} == {"hub"}
    assert any(asked.server == "cdn" for one in (hub, second) for asked in one.asked)


@pytest.mark.parametrize("where", ["listing", "file"])
def test_the_token_does_not_follow_a_redirect(
    shelf_at: Shelves, hub: Imitation, second: Imitation, where: str
) -> None:
    """A hub that sends us to another host sends us there without it, for the list and for a file."""
    if where == "listing":
        hub.fault(f"/models/{REPO}", redirect=f"{second.url}/api/models/{REPO}?blobs=true")
    else:
        hub.fault(f"resolve:{UNET}", redirect=f"{second.url}/{REPO}/resolve/{COMMIT}/{UNET}")
    shelf_at(hub.url, source="hub", environ={"HF_TOKEN": TOKEN}).pull(CARD, accept_licence=True)
    assert second.asked
    assert not tokens(second)
    assert tokens(hub)


def test_a_gated_model_with_the_token(shelf_at: Shelves, hub: Imitation) -> None:
    """It lets us in."""
    hub.gated = True
    shelf = shelf_at(hub.url, source="hub", environ={"HF_TOKEN": TOKEN})
    assert shelf.pull(CARD, accept_licence=True).facts.state == "ready"


@pytest.mark.parametrize("text", [TOKEN, f"{TOKEN}\n", f"  {TOKEN}  "])
def test_the_token_of_a_login(shelf_at: Shelves, hub: Imitation, tmp_path: Path, text: str) -> None:
    """The file that the hub's own client writes."""
    hub.gated = True
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "token").write_text(text)
    assert shelf_at(hub.url, source="hub").pull(CARD, accept_licence=True).facts.state == "ready"


@pytest.mark.parametrize("text", ["", "two words", "line\nbreak: evil", "nö"])
def test_what_is_no_token_is_not_sent(shelf_at: Shelves, hub: Imitation, tmp_path: Path, text: str) -> None:
    """Nothing that could break out of a header."""
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "token").write_text(text, encoding="utf-8")
    shelf_at(hub.url, source="hub").pull(CARD, accept_licence=True)
    assert not any("authorization" in asked.headers for asked in hub.asked)


def test_a_wrong_token(shelf_at: Shelves, hub: Imitation) -> None:
    """401 says so; the token is in no message."""
    hub.fault(f"/models/{REPO}", status=401)
    with pytest.raises(TokenRefused) as caught:
        shelf_at(hub.url, source="hub", environ={"HF_TOKEN": TOKEN}).pull(CARD, accept_licence=True)
    assert "HF_TOKEN" in caught.value.hint()
    assert TOKEN not in repr(caught.value) + str(caught.value.facts)


def test_nothing_else_is_asked_for(hub: Imitation, tmp_path: Path) -> None:
    """No telemetry, no renewal of tokens, no version checks: the list, and files. In a process of its own,
    because the hub's client reads these variables when it is imported."""
    code = f"""
        import sys
        sys.path[:0] = [{str(HERE)!r}, {str(HERE.parent)!r}]
        from dreams import CARD, HASTY
        from unstill.adapters.weights import WeightShelf
        from unstill.settings import Settings
        WeightShelf(Settings(source="mirror"), patience=HASTY).pull(CARD, accept_licence=True)
    """
    environ = {**os.environ, "HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HOME": str(tmp_path)}
    environ["UNSTILL_DATA_DIR"] = str(tmp_path / "data")
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env=environ, check=True)
    assert (tmp_path / "data" / "models" / "dreams").is_dir()
    listing, files = f"/api/models/{REPO}", (f"/{REPO}/resolve/", f"/api/resolve-cache/models/{REPO}/")
    at_hub = [asked.path for asked in hub.asked if asked.server == "hub"]
    assert [path for path in at_hub if path != listing and not path.startswith(files)] == []
    assert not tokens(hub)


# --- ModelScope ---------------------------------------------------------------------------------------------


def test_modelscope_alone(shelf_at: Shelves, third: Imitation) -> None:
    """An imitation of its file API: sha256 of every file, no commit of the hub's."""
    shelf = shelf_at(modelscope=third.url, source="modelscope")
    done = shelf.pull(CARD, accept_licence=True)
    assert files_in(shelf.folder(CARD)) == {name: third.files[name] for name in NEEDED}
    locked = read_lock(shelf.models)["dreams"]
    assert (locked.commit, locked.listed_by, done.facts.commit) == (None, third.host, None)
    assert locked.files[UNET].sha256 == sha256(third.files[UNET])


def test_what_came_from_the_hub_may_come_again_from_modelscope(
    shelf_at: Shelves, hub: Imitation, third: Imitation
) -> None:
    """The record holds bytes, not addresses; its commit stays the hub's."""
    shelf_at(hub.url, source="hub").pull(CARD, accept_licence=True)
    shelf = shelf_at(modelscope=third.url, source="modelscope")
    shelf.remove(CARD)
    assert shelf.pull(CARD, accept_licence=True).facts.commit == COMMIT
    assert third.sent() == TOTAL


@pytest.mark.parametrize("what", [{"status": 404}, {"status": 500}, {"redirect": "/api/v1/models/x"}])
def test_modelscope_refuses(shelf_at: Shelves, third: Imitation, what: dict) -> None:
    """As anybody may."""
    third.fault("/repo/files", **what)
    with pytest.raises(SourceFailed) as caught:
        shelf_at(modelscope=third.url, source="modelscope").pull(CARD, accept_licence=True)
    assert caught.value.facts["host"] == third.host


# --- settings -----------------------------------------------------------------------------------------------


def names(environ: dict[str, str], **settings: object) -> list[str]:
    made = sources(Settings(**settings), environ, Bases(), 1.0)  # type: ignore[arg-type]
    return [f"{one.name} {one.host}" for one in made]


def test_which_sources_there_are() -> None:
    """The setting goes before the variable; a mirror that is the hub itself counts once."""
    hub, scope = "hub huggingface.co", "modelscope modelscope.cn"
    assert names({}) == [hub, scope]
    assert names({"HF_ENDPOINT": "https://m.example/"}) == [hub, "mirror m.example", scope]
    assert names({"HF_ENDPOINT": "https://m.example"}, hf_endpoint="https://n.example/hf") == [
        hub, "mirror n.example", scope,
    ]  # fmt: skip
    assert names({"HF_ENDPOINT": "https://huggingface.co"}) == [hub, scope]
    assert names({"HF_ENDPOINT": "https://m.example"}, source="mirror") == ["mirror m.example"]
    with pytest.raises(NoMirror, match="none is set"):
        names({}, source="mirror")
    with pytest.raises(BadSetting, match=r"HF_ENDPOINT is mirror\.example"):
        names({"HF_ENDPOINT": "mirror.example"})
