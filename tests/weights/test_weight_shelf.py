"""Finding, checking and removing models' files, without asking anybody."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from dreams import CARD, Shelves, files_in
from hub_imitation import COMMIT, NEEDED, UNET, Imitation, model, safetensors, sha256
from unstill.adapters.weights import WeightShelf
from unstill.adapters.weights.locations import hub_cache, hub_home
from unstill.core.ports import Weights
from unstill.core.weights import PullProgress, WeightStore, licence_lines
from unstill.domain.errors import Cancelled, NotWritable
from unstill.domain.source_errors import LockMismatch
from unstill.domain.weight_errors import (
    LicenceNotAccepted,
    NothingToPull,
    PullStopped,
    WeightsDamaged,
    WeightsIncomplete,
    WeightsMissing,
    WeightsNotOurs,
)

HERE = Path(__file__).parent


def write(folder: Path, files: dict[str, bytes] | None = None) -> Path:
    """A model in the hub's layout."""
    for name, content in (files or {n: c for n, c in model().items() if n in NEEDED}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def hub_client_cache(home: Path, files: dict[str, bytes] | None = None, commit: str = COMMIT) -> Path:
    """What the hub's own client leaves: blobs by their hashes, and links to them."""
    repo = home / "hub" / "models--acme--dream"
    (repo / "blobs").mkdir(parents=True, exist_ok=True)
    (repo / "refs").mkdir(exist_ok=True)
    (repo / "refs" / "main").write_text(commit)
    for name, content in (files or {n: c for n, c in model().items() if n in NEEDED}).items():
        blob = repo / "blobs" / sha256(content)
        blob.write_bytes(content)
        link = repo / "snapshots" / commit / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(blob, link.parent))
    return repo / "snapshots" / commit


def test_it_fits_what_engines_and_apps_are_given(shelf: WeightShelf) -> None:
    """Checked by mypy here, and by the calls below."""
    for_engines: Weights = shelf
    for_apps: WeightStore = shelf
    assert for_engines is for_apps


# --- where they are found -----------------------------------------------------------------------------------


def test_nothing_here(shelf_at: Shelves) -> None:
    """The error says both ways on."""
    shelf = shelf_at()
    assert shelf.facts(CARD).state == "missing"
    with pytest.raises(WeightsMissing) as caught:
        shelf.folder(CARD)
    assert "unstill models pull dreams" in caught.value.hint()
    assert "--weights" in caught.value.hint()
    assert type(caught.value) is WeightsMissing


def test_a_model_without_files(shelf_at: Shelves) -> None:
    """Camera motion has none to be found."""
    with pytest.raises(NothingToPull):
        shelf_at().folder(dataclasses.replace(CARD, repo=None))


@pytest.mark.parametrize("form", ["{}", "dreams={}", "other=/nowhere,dreams={}", "/nowhere,dreams={}"])
def test_a_folder_of_the_settings(shelf_at: Shelves, tmp_path: Path, form: str) -> None:
    """For all models, or by id; used as it is."""
    theirs = write(tmp_path / "theirs")
    before = {p: p.stat().st_mtime_ns for p in theirs.rglob("*")}
    shelf = shelf_at(weights=tuple(form.format(theirs).split(",")))
    assert shelf.folder(CARD) == theirs
    facts = shelf.facts(CARD)
    assert (facts.state, facts.origin, facts.folder) == ("ready", "folder", theirs)
    assert {p: p.stat().st_mtime_ns for p in theirs.rglob("*")} == before


def test_a_folder_of_several_models(shelf_at: Shelves, tmp_path: Path) -> None:
    """Each in one of its id."""
    write(tmp_path / "all" / "dreams")
    assert shelf_at(weights=(str(tmp_path / "all"),)).folder(CARD) == tmp_path / "all" / "dreams"


def test_a_folder_that_is_none(shelf_at: Shelves, tmp_path: Path) -> None:
    """Whoever names a folder wants that one: nothing else is taken silently."""
    hub_client_cache(tmp_path / "hf")
    shelf = shelf_at(weights=(str(tmp_path / "nowhere"),))
    with pytest.raises(WeightsIncomplete, match="nowhere"):
        shelf.folder(CARD)
    facts = shelf.facts(CARD)
    assert facts.state == "unusable"
    assert facts.problem is not None
    assert facts.problem.code == "weights_incomplete"


def test_what_the_hubs_client_fetched(shelf_at: Shelves, tmp_path: Path) -> None:
    """Used as it is; its commit is known."""
    snapshot = hub_client_cache(tmp_path / "hf")
    shelf = shelf_at()
    assert shelf.folder(CARD) == snapshot
    facts = shelf.facts(CARD)
    assert (facts.origin, facts.commit) == ("hub cache", COMMIT)
    assert facts.size_bytes == sum(len(model()[name]) for name in NEEDED)


def test_what_the_hubs_client_fetched_by_half(shelf_at: Shelves, tmp_path: Path) -> None:
    """Is not there, as far as we go."""
    snapshot = hub_client_cache(tmp_path / "hf")
    (snapshot / UNET).unlink()
    assert shelf_at().facts(CARD).state == "missing"
    (snapshot / UNET).symlink_to("../../../blobs/gone")
    assert shelf_at().facts(CARD).state == "missing"


def test_the_hubs_cache_must_be_what_was_recorded(shelf_at: Shelves, hub: Imitation, tmp_path: Path) -> None:
    """Its blobs are named by their hashes, so that another version is told at a glance."""
    shelf = shelf_at(hub.url, source="hub")
    shelf.pull(CARD, accept_licence=True)
    shelf.remove(CARD)
    hub_client_cache(tmp_path / "hf", {**{n: model()[n] for n in NEEDED}, UNET: safetensors(5, 300_000)})
    assert shelf.facts(CARD).state == "missing"
    (tmp_path / "hf").rename(tmp_path / "old")
    hub_client_cache(tmp_path / "hf")
    assert shelf.facts(CARD).origin == "hub cache"


def test_a_pinned_card_wants_its_commit(shelf_at: Shelves, tmp_path: Path) -> None:
    """What "main" is elsewhere does not matter."""
    hub_client_cache(tmp_path / "hf", commit="b" * 40)
    assert shelf_at().facts(dataclasses.replace(CARD, revision=COMMIT)).state == "missing"
    assert shelf_at().facts(dataclasses.replace(CARD, revision="b" * 40)).state == "ready"


def test_where_the_hubs_client_keeps_things(tmp_path: Path) -> None:
    """The same variables in the same order as huggingface_hub reads them."""
    code = "from huggingface_hub import constants as c; print(c.HF_HUB_CACHE); print(c.HF_HOME)"
    cases: list[dict[str, str]] = [
        {}, {"HF_HOME": f"{tmp_path}/a"}, {"HF_HUB_CACHE": f"{tmp_path}/b", "HF_HOME": f"{tmp_path}/a"},
        {"HUGGINGFACE_HUB_CACHE": f"{tmp_path}/c"}, {"XDG_CACHE_HOME": f"{tmp_path}/d"}, {"HF_HOME": "~/e"},
        {"HF_HOME": "$HOME/f"},
    ]  # fmt: skip
    for case in cases:
        environ = {**os.environ, **case}
        said = subprocess.run(
            [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
        )
        assert [str(hub_cache(environ)), str(hub_home(environ))] == said.stdout.split()


def test_our_own_store_goes_before_the_hubs_cache(shelf: WeightShelf, tmp_path: Path) -> None:
    """And a folder of the settings before both."""
    shelf.pull(CARD, accept_licence=True)
    hub_client_cache(tmp_path / "hf")
    assert shelf.facts(CARD).origin == "store"


def test_looking_asks_nobody_and_loads_little(shelf: WeightShelf) -> None:
    """No socket is opened, and neither the hub's client nor an HTTP library is imported."""
    shelf.pull(CARD, accept_licence=True)
    code = f"""
        import sys
        sys.path[:0] = [{str(HERE)!r}, {str(HERE.parent)!r}]
        from pathlib import Path
        from dreams import CARD
        from unstill.adapters.weights import WeightShelf
        from unstill.settings import Settings
        def hook(event, arguments):
            assert not event.startswith("socket"), event
        sys.addaudithook(hook)
        shelf = WeightShelf(Settings(models_dir=Path({str(shelf.models)!r})))
        assert shelf.folder(CARD).is_dir()
        assert shelf.facts(CARD).state == "ready"
        assert shelf.verify(CARD).compared
        heavy = {{"huggingface_hub", "httpx", "httpx2", "torch", "requests"}} & set(sys.modules)
        assert not heavy, heavy
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


# --- checking -----------------------------------------------------------------------------------------------


def test_every_byte_is_checked(shelf: WeightShelf) -> None:
    """One bit that turned on the disk is found, and named."""
    shelf.pull(CARD, accept_licence=True)
    seen: list[PullProgress] = []
    checked = shelf.verify(CARD, seen.append)
    assert (checked.files, checked.compared) == (len(NEEDED), True)
    assert seen[-1].done_bytes == seen[-1].total_bytes == checked.facts.size_bytes
    path = shelf.folder(CARD) / UNET
    raw = bytearray(path.read_bytes())
    raw[-5] ^= 4
    path.write_bytes(raw)
    assert shelf.facts(CARD).state == "ready"  # by size nothing is wrong
    with pytest.raises(WeightsDamaged, match="hash is not the recorded one") as caught:
        shelf.verify(CARD)
    assert caught.value.facts["file"] == UNET


def test_a_changed_size_is_seen_at_once(shelf: WeightShelf) -> None:
    """Without reading the file."""
    shelf.pull(CARD, accept_licence=True)
    (shelf.folder(CARD) / "tokenizer/vocab.json").write_text("{}")
    with pytest.raises(WeightsDamaged, match="size"):
        shelf.folder(CARD)
    assert shelf.facts(CARD).state == "unusable"


def test_a_folder_without_a_record(shelf_at: Shelves, tmp_path: Path) -> None:
    """Is read and looked over, and it is said that there was nothing to compare with."""
    assert not shelf_at(weights=(str(write(tmp_path / "theirs")),)).verify(CARD).compared


def test_checking_can_be_stopped(shelf: WeightShelf) -> None:
    """At any piece."""
    shelf.pull(CARD, accept_licence=True)

    def stop(progress: PullProgress) -> None:
        raise Cancelled

    with pytest.raises(PullStopped):
        shelf.verify(CARD, stop)


# --- removing -----------------------------------------------------------------------------------------------


def test_removing_frees_the_room_and_keeps_the_record(shelf: WeightShelf, hub: Imitation) -> None:
    """A later fetch must still bring the same."""
    size = shelf.pull(CARD, accept_licence=True).facts.size_bytes
    assert shelf.remove(CARD) == size
    assert shelf.facts(CARD).state == "missing"
    assert set(files_in(shelf.models)) == {".pulls/dreams.held", ".weights.lock.held", "weights.lock"}
    assert "dreams" in json.loads((shelf.models / "weights.lock").read_text())["models"]
    with pytest.raises(WeightsMissing):
        shelf.remove(CARD)


def test_removing_what_is_half_fetched(shelf: WeightShelf, hub: Imitation) -> None:
    """Goes, too."""
    hub.fault(UNET, status=404)
    with pytest.raises(Exception, match="404"):
        shelf.pull(CARD, accept_licence=True)
    assert shelf.facts(CARD).waiting_bytes > 0
    assert shelf.remove(CARD) > 0
    assert shelf.facts(CARD).waiting_bytes == 0


def test_what_is_not_ours_stays(shelf_at: Shelves, tmp_path: Path) -> None:
    """A person's own folder, and the hub client's cache."""
    theirs = write(tmp_path / "theirs")
    with pytest.raises(WeightsNotOurs, match="theirs"):
        shelf_at(weights=(str(theirs),)).remove(CARD)
    snapshot = hub_client_cache(tmp_path / "hf")
    with pytest.raises(WeightsNotOurs):
        shelf_at().remove(CARD)
    assert set(files_in(theirs)) == set(files_in(snapshot)) == NEEDED


# --- out of a folder ----------------------------------------------------------------------------------------


def test_a_folder_is_copied_and_recorded(shelf_at: Shelves, tmp_path: Path) -> None:
    """Only what is needed; hashes are of the bytes that were copied, nobody vouches for them."""
    theirs = write(tmp_path / "theirs", model())
    shelf = shelf_at()
    with pytest.raises(LicenceNotAccepted):
        shelf.adopt(CARD, theirs, accept_licence=False)
    seen: list[PullProgress] = []
    done = shelf.adopt(CARD, theirs, accept_licence=True, watch=seen.append)
    assert files_in(shelf.folder(CARD)) == {name: model()[name] for name in NEEDED}
    assert seen[-1].done_bytes == seen[-1].total_bytes == done.fetched_bytes
    told = json.loads((shelf.models / "weights.lock").read_text())["models"]["dreams"]
    assert (told["commit"], told["listed_by"], told["sources"]) == (None, None, [str(theirs)])
    assert told["files"][UNET]["sha256"] == sha256(model()[UNET])
    assert shelf.verify(CARD).compared
    write(theirs, {UNET: b"changed later"})
    assert shelf.verify(CARD).compared


def test_a_snapshot_of_the_hubs_client_keeps_its_commit(shelf_at: Shelves, tmp_path: Path) -> None:
    """Its folder is named after it."""
    snapshot = hub_client_cache(tmp_path / "elsewhere")
    assert shelf_at().adopt(CARD, snapshot, accept_licence=True).facts.commit == COMMIT


def test_a_folder_must_be_what_was_recorded(shelf_at: Shelves, hub: Imitation, tmp_path: Path) -> None:
    """The record goes for every source."""
    shelf = shelf_at(hub.url, source="hub")
    shelf.pull(CARD, accept_licence=True)
    shelf.remove(CARD)
    theirs = write(tmp_path / "theirs")
    assert shelf.adopt(CARD, theirs, accept_licence=True).facts.commit == COMMIT
    write(theirs, {UNET: safetensors(6, 300_000)})
    with pytest.raises(LockMismatch):
        shelf.adopt(CARD, theirs, accept_licence=True)
    assert files_in(shelf.folder(CARD))[UNET] == model()[UNET]
    shelf.adopt(CARD, theirs, accept_licence=True, update=True)
    assert files_in(shelf.folder(CARD))[UNET] == safetensors(6, 300_000)


def test_a_copy_can_be_stopped(shelf_at: Shelves, tmp_path: Path) -> None:
    """Nothing half is ever taken for a model."""
    shelf = shelf_at()

    def stop(progress: PullProgress) -> None:
        if progress.done_bytes > 100_000:
            raise Cancelled

    with pytest.raises(PullStopped):
        shelf.adopt(CARD, write(tmp_path / "theirs"), accept_licence=True, watch=stop)
    assert shelf.facts(CARD).state == "missing"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="needs a read-only file system")
def test_a_store_that_is_read_only(shelf_at: Shelves, tmp_path: Path) -> None:
    """Is named."""
    theirs = write(tmp_path / "theirs")
    with pytest.raises(NotWritable):
        shelf_at(models_dir=Path("/proc/unstill-models")).adopt(CARD, theirs, accept_licence=True)


def test_the_licence_is_said_by_every_source() -> None:
    """Where they differ, the person sees all of it."""
    assert licence_lines(CARD, "en") == ["Odd-1.0", "The hub says Odd-1.0.", "Its authors say research only."]
    assert licence_lines(CARD, "zh")[2] == "作者声明仅供研究。"
