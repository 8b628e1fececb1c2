"""Fetching a model: what comes, what is recorded, and what is asked before."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from dreams import CARD, Shelves, files_in
from hub_imitation import COMMIT, NEEDED, REPO, UNET, Imitation, imitation, model, safetensors, sha256
from unstill.adapters.weights import WeightShelf
from unstill.core.weights import PullProgress
from unstill.domain.errors import Cancelled
from unstill.domain.source_errors import LockMismatch, NotAtSource, PullOffline
from unstill.domain.weight_errors import (
    LicenceNotAccepted,
    LockDamaged,
    NoRoomForWeights,
    NothingToPull,
    PullStopped,
    PullUnderWay,
    WeightsDamaged,
)


def test_only_what_is_needed_comes_whole(shelf: WeightShelf, hub: Imitation) -> None:
    """fp16 safetensors and texts; no pickles, Python, pictures or full-size doubles."""
    done = shelf.pull(CARD, accept_licence=True)
    folder = shelf.folder(CARD)
    assert files_in(folder) == {name: hub.files[name] for name in NEEDED}
    assert done.facts.state == "ready"
    assert done.facts.size_bytes == done.fetched_bytes == sum(len(hub.files[name]) for name in NEEDED)
    assert hub.sent() == done.fetched_bytes


def test_what_came_is_recorded(shelf: WeightShelf, hub: Imitation) -> None:
    """Repository, commit, who said so, who sent it, and the sha256 of bytes that were read here."""
    shelf.pull(CARD, accept_licence=True)
    told = json.loads((shelf.models / "weights.lock").read_text())["models"]["dreams"]
    assert (told["repo"], told["commit"], told["listed_by"]) == (REPO, COMMIT, hub.host)
    assert told["sources"] == [hub.host]
    assert told["licence"] == "Odd-1.0"
    assert told["files"] == {
        name: {"size": len(hub.files[name]), "sha256": sha256(hub.files[name])} for name in NEEDED
    }
    facts = shelf.facts(CARD)
    assert (facts.commit, facts.source, facts.origin) == (COMMIT, hub.host, "store")
    assert facts.fetched_at == told["fetched_at"]


def test_no_licence_no_request(shelf: WeightShelf, hub: Imitation) -> None:
    """Consent comes before the first question to anybody."""
    with pytest.raises(LicenceNotAccepted, match=r"Odd-1\.0"):
        shelf.pull(CARD, accept_licence=False)
    assert hub.asked == []


def test_a_model_without_files(shelf: WeightShelf, hub: Imitation) -> None:
    """There is nothing to fetch for camera motion."""
    with pytest.raises(NothingToPull):
        shelf.pull(dataclasses.replace(CARD, repo=None), accept_licence=True)
    assert hub.asked == []


def test_what_is_there_is_not_asked_for(shelf: WeightShelf, hub: Imitation) -> None:
    """A second fetch, looking, checking and using go without any request."""
    shelf.pull(CARD, accept_licence=True)
    hub.asked.clear()
    again = shelf.pull(CARD, accept_licence=True)
    assert again.fetched_bytes == 0
    assert [n.code for n in again.notes] == ["weights_there"]
    assert shelf.verify(CARD).compared
    shelf.folder(CARD)
    assert hub.asked == []


def test_the_hub_clients_offline_switch(shelf_at: Shelves, hub: Imitation) -> None:
    """Who has set it is not surprised by a request."""
    with pytest.raises(PullOffline):
        shelf_at(hub.url, environ={"HF_HUB_OFFLINE": "1"}).pull(CARD, accept_licence=True)
    assert hub.asked == []


def test_room_is_made_sure_of_before_the_first_weight(
    shelf: WeightShelf, hub: Imitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The numbers are in the message; only the listing and its index were asked for."""
    usual = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usual(path)._replace(free=64 * 2**20 + 1000))
    with pytest.raises(NoRoomForWeights, match=r"need 0\.06 GiB in .*, and 0\.06 GiB are free"):
        shelf.pull(CARD, accept_licence=True)
    assert {asked.path.rpartition("/")[2] for asked in hub.bodies("")} == {"model_index.json"}


def test_progress_only_grows_and_ends_full(shelf: WeightShelf, hub: Imitation) -> None:
    """Bytes of all files together, with a rate and the time left."""
    seen: list[PullProgress] = []
    hub.fault(UNET, bytes_s=600_000)
    shelf.pull(CARD, accept_licence=True, watch=seen.append)
    fetch = [p for p in seen if p.stage == "weights_fetch"]
    done = [p.done_bytes for p in fetch]
    assert done == sorted(done)
    assert {p.total_bytes for p in fetch} == {sum(len(hub.files[name]) for name in NEEDED)}
    assert any(p.rate_bytes_s > 0 and p.eta_s is not None for p in fetch)
    assert list(dict.fromkeys(p.stage for p in seen)) == [
        "weights_ask", "weights_fetch", "weights_place",
    ]  # fmt: skip


def test_stopping_keeps_what_has_come(shelf: WeightShelf, hub: Imitation) -> None:
    """And the next fetch goes on from there."""
    hub.fault(UNET, times=1, hang_at=200_000)

    def stop_late(progress: PullProgress) -> None:
        if hub.hung.is_set() and shelf.facts(CARD).waiting_bytes > 200_000:
            raise Cancelled

    with pytest.raises(PullStopped, match="kept"):
        shelf.pull(CARD, accept_licence=True, watch=stop_late)
    facts = shelf.facts(CARD)
    assert facts.state == "missing"
    assert facts.waiting_bytes > 200_000
    hub.asked.clear()
    shelf.pull(CARD, accept_licence=True)
    assert hub.sent() == sum(len(hub.files[name]) for name in NEEDED) - facts.waiting_bytes
    assert shelf.facts(CARD).waiting_bytes == 0


def test_only_one_at_a_time(shelf: WeightShelf, hub: Imitation) -> None:
    """A second fetch of the same model says so instead of mixing its bytes in."""
    hub.fault(UNET, times=1, hang_at=1000)

    def meanwhile(progress: PullProgress) -> None:
        if hub.hung.is_set():
            with pytest.raises(PullUnderWay):
                shelf.pull(CARD, accept_licence=True)
            with pytest.raises(PullUnderWay):
                shelf.remove(CARD)
            raise Cancelled

    with pytest.raises(PullStopped):
        shelf.pull(CARD, accept_licence=True, watch=meanwhile)


def test_a_later_fetch_must_bring_the_same(shelf_at: Shelves, hub: Imitation) -> None:
    """The recorded commit is asked for; a host with other bytes under it is refused before one is sent."""
    shelf = shelf_at(hub.url, source="hub")
    shelf.pull(CARD, accept_licence=True)
    shelf.remove(CARD)
    changed = {**hub.files, UNET: safetensors(77, 300_000)}
    with imitation(changed) as other:
        with pytest.raises(LockMismatch, match="not the one recorded") as caught:
            shelf_at(other.url, source="hub").pull(CARD, accept_licence=True)
        assert not other.bodies(UNET)
    assert "--update" in caught.value.hint()
    assert caught.value.facts["file"] == UNET
    shelf.pull(CARD, accept_licence=True)
    assert any(asked.path.endswith(f"/revision/{COMMIT}") for asked in hub.asked)


def test_a_small_file_that_changed(shelf_at: Shelves, hub: Imitation) -> None:
    """Small files have no sha256 in the listing: what came tells."""
    shelf = shelf_at(hub.url, source="hub")
    shelf.pull(CARD, accept_licence=True)
    shelf.remove(CARD)
    changed = {**hub.files, "tokenizer/vocab.json": b'{"b": 0}'}
    with imitation(changed) as other, pytest.raises(LockMismatch) as caught:
        shelf_at(other.url, source="hub").pull(CARD, accept_licence=True)
    assert caught.value.facts["file"] == "tokenizer/vocab.json"


def test_an_update_is_asked_for_by_name(shelf_at: Shelves, hub: Imitation) -> None:
    """It takes what the hub has now, replaces the old files as a whole, and records the new ones."""
    shelf = shelf_at(hub.url, source="hub")
    shelf.pull(CARD, accept_licence=True)
    changed = {**hub.files, UNET: safetensors(78, 250_000)}
    newer = "abcd" * 10
    with imitation(changed, newer) as other:
        fresh = shelf_at(other.url, source="hub")
        assert fresh.pull(CARD, accept_licence=True).fetched_bytes == 0
        done = fresh.pull(CARD, accept_licence=True, update=True)
    assert done.facts.commit == newer
    assert files_in(shelf.folder(CARD))[UNET] == changed[UNET]
    assert shelf.verify(CARD).compared


def test_only_the_damaged_file_is_fetched_again(shelf: WeightShelf, hub: Imitation) -> None:
    """A large file that is here already, whole, is not sent twice; nor after an update that left it alone."""
    shelf.pull(CARD, accept_licence=True)
    (shelf.folder(CARD) / "text_encoder/model.fp16.safetensors").write_bytes(b"cut off")
    assert shelf.facts(CARD).state == "unusable"
    hub.asked.clear()
    shelf.pull(CARD, accept_licence=True)
    assert not hub.bodies(UNET)
    assert hub.bodies("text_encoder/model.fp16.safetensors")
    assert shelf.verify(CARD).compared
    hub.asked.clear()
    shelf.pull(CARD, accept_licence=True, update=True)
    assert not hub.bodies(".safetensors")


def test_a_bit_that_turned_is_found_and_fetched_again(shelf_at: Shelves, hub: Imitation) -> None:
    """Of the right size, but not the recorded bytes: the next fetch brings that one file, and no other."""
    shelf = shelf_at(hub.url)
    shelf.pull(CARD, accept_licence=True)
    path = shelf.folder(CARD) / UNET
    raw = bytearray(path.read_bytes())
    raw[-5] ^= 4
    path.write_bytes(raw)
    with pytest.raises(WeightsDamaged, match="hash is not the recorded one"):
        shelf_at(hub.url, environ={"HF_HUB_OFFLINE": "1"}).pull(CARD, accept_licence=True)
    hub.asked.clear()
    shelf.pull(CARD, accept_licence=True)
    assert path.read_bytes() == hub.files[UNET]
    assert not hub.bodies("text_encoder/model.fp16.safetensors")
    assert shelf.verify(CARD).compared


def test_a_recorded_version_that_is_gone(shelf_at: Shelves, hub: Imitation) -> None:
    """The hint says how to take the one there is."""
    shelf_at(hub.url, source="hub").pull(CARD, accept_licence=True)
    with imitation(commit="c0de" * 10) as other:
        shelf = shelf_at(other.url, source="hub")
        shelf.remove(CARD)
        with pytest.raises(NotAtSource) as caught:
            shelf.pull(CARD, accept_licence=True)
        assert "--update" in caught.value.hint()
        assert "--update" in caught.value.hint("zh")
        assert shelf.pull(CARD, accept_licence=True, update=True).facts.state == "ready"


def test_the_commit_of_the_card_is_asked_for(shelf: WeightShelf, hub: Imitation) -> None:
    """A card may pin one; the first fetch then takes that and no newer."""
    pinned = dataclasses.replace(CARD, revision=COMMIT)
    shelf.pull(pinned, accept_licence=True)
    assert hub.asked[0].path == f"/api/models/{REPO}/revision/{COMMIT}"


def test_a_record_that_cannot_be_read(shelf: WeightShelf, hub: Imitation) -> None:
    """Files that are there can still be used; fetching stops and says what to do."""
    shelf.pull(CARD, accept_licence=True)
    (shelf.models / "weights.lock").write_text('{"version": 1, "models": {"dreams": {"files": 3}}}')
    assert shelf.facts(CARD).state == "ready"
    shelf.remove(CARD)
    with pytest.raises(LockDamaged, match=r"weights\.lock"):
        shelf.pull(CARD, accept_licence=True)


def test_shards_and_their_list_come_together(shelf_at: Shelves) -> None:
    """Large models are cut in parts; the fp16 parts are taken with the list that names them."""
    files = model()
    for name in [n for n in files if n.startswith("unet/diff")]:
        del files[name]
    parts = {
        f"unet/diffusion_pytorch_model.fp16-0000{n}-of-00002.safetensors": safetensors(n, 900) for n in (1, 2)
    }
    names = {"a": parts_name(1), "b": parts_name(2)}
    index = json.dumps({"weight_map": names}).encode()
    files |= parts | {
        "unet/diffusion_pytorch_model.safetensors.index.fp16.json": index,
        "unet/diffusion_pytorch_model.safetensors.index.json": b"{}",
        "unet/diffusion_pytorch_model-00001-of-00001.safetensors": safetensors(3, 900),
    }
    with imitation(files) as hub:
        shelf = shelf_at(hub.url, source="hub")
        shelf.pull(CARD, accept_licence=True)
        got = {n for n in files_in(shelf.folder(CARD)) if n.startswith("unet/")}
    assert got == {*parts, "unet/config.json", "unet/diffusion_pytorch_model.safetensors.index.fp16.json"}


def parts_name(number: int) -> str:
    return f"diffusion_pytorch_model.fp16-0000{number}-of-00002.safetensors"


def test_a_model_of_one_part(shelf_at: Shelves) -> None:
    """Without model_index.json the files lie right in the repository."""
    files = {"config.json": b"{}", "model.safetensors": safetensors(1, 500), "pytorch_model.bin": b"x"}
    with imitation(files) as hub:
        shelf = shelf_at(hub.url, source="hub")
        shelf.pull(CARD, accept_licence=True)
        assert set(files_in(shelf.folder(CARD))) == {"config.json", "model.safetensors"}


def test_a_strangers_id_is_no_path(shelf_at: Shelves, hub: Imitation, tmp_path: Path) -> None:
    """Cards come from other packages, too."""
    odd = dataclasses.replace(CARD, id="../../outside")
    shelf = shelf_at(hub.url, source="hub")
    shelf.pull(odd, accept_licence=True)
    assert shelf.folder(odd).parent == tmp_path / "models"
