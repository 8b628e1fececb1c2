"""Every way in which a fetch goes wrong: it mends what can be mended, and says host, file and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dreams import CARD, HASTY, NOWHERE, Shelves, files_in
from hub_imitation import NEEDED, REPO, UNET, Imitation, imitation, model, safetensors, sha256
from unstill.adapters.weights import WeightShelf
from unstill.domain.errors import UnstillError
from unstill.domain.source_errors import (
    AccessRefused,
    AskedTooOften,
    LineBroken,
    NotAtSource,
    OddListing,
    RedirectRefused,
    SourceFailed,
    SourceUnreachable,
    TokenRefused,
    WrongBytes,
)
from unstill.domain.weight_errors import NoRoomForWeights, WeightsUnsafe

VOCABULARY = "tokenizer/vocab.json"


def fails(shelf: WeightShelf, kind: type[UnstillError]) -> UnstillError:
    """The fetch fails in just this way, in words of both languages, and leaves nothing to be used."""
    with pytest.raises(kind) as caught:
        shelf.pull(CARD, accept_licence=True)
    error = caught.value
    assert type(error) is kind
    for language in ("en", "zh"):
        said = error.message(language) + error.hint(language)
        assert "{" not in said
        assert str(error.facts["file"]) in said
        assert str(error.facts["host"]) in said
    assert shelf.facts(CARD).state == "missing"
    assert not (shelf.models / "weights.lock").exists()
    return error


def whole(shelf: WeightShelf, hub: Imitation) -> bool:
    return files_in(shelf.folder(CARD)) == {name: hub.files[name] for name in NEEDED}


# --- mended -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [1, 8191, 100_000, 300_079])
def test_a_line_that_breaks_is_picked_up_where_it_broke(shelf: WeightShelf, hub: Imitation, at: int) -> None:
    """No byte is sent twice."""
    hub.fault(UNET, times=1, break_at=at)
    shelf.pull(CARD, accept_licence=True)
    assert whole(shelf, hub)
    assert [asked.sent for asked in hub.bodies(UNET)] == [at, len(hub.files[UNET]) - at]
    assert hub.bodies(UNET)[1].headers["range"] == f"bytes={at}-"


def test_a_line_that_breaks_again_and_again_but_moves_on(shelf: WeightShelf, hub: Imitation) -> None:
    """As long as something comes each time it is not given up, however often it breaks."""
    hub.fault(UNET, times=HASTY.tries * 3, break_at=20_000)
    shelf.pull(CARD, accept_licence=True)
    assert whole(shelf, hub)
    assert hub.sent(UNET) == len(hub.files[UNET])


def test_a_server_without_ranges(shelf: WeightShelf, hub: Imitation) -> None:
    """Then a broken file starts anew."""
    hub.fault(UNET, times=1, break_at=50_000)
    hub.fault(UNET, no_ranges=True)
    shelf.pull(CARD, accept_licence=True)
    assert whole(shelf, hub)
    assert hub.sent(UNET) == 50_000 + len(hub.files[UNET])


def test_a_part_that_was_spoiled_on_disk(shelf: WeightShelf, hub: Imitation) -> None:
    """What an earlier fetch left is wrong, so the whole is: it is fetched anew, without a word."""
    hub.fault(UNET, times=1, break_at=100_000)
    hub.fault(UNET, times=HASTY.tries, break_at=0)
    with pytest.raises(LineBroken):
        shelf.pull(CARD, accept_licence=True)
    (part,) = (shelf.models / ".pulls").rglob("unet__diff*.part")
    part.write_bytes(b"rotten" + part.read_bytes()[6:])
    hub.asked.clear()
    shelf.pull(CARD, accept_licence=True)
    assert whole(shelf, hub)
    assert [asked.headers.get("range") for asked in hub.bodies(UNET)] == ["bytes=100000-", None]


def test_a_part_that_is_whole_already(shelf: WeightShelf, hub: Imitation) -> None:
    """Killed between the last byte and the check: nothing is asked for that is here."""
    hub.fault(VOCABULARY, spoiled=True)
    with pytest.raises(WrongBytes):
        shelf.pull(CARD, accept_licence=True)
    hub.faults.clear()
    part = (
        shelf.models / ".pulls" / "dreams" / f"{UNET.replace('/', '__')}.{sha256(hub.files[UNET])[:40]}.part"
    )
    part.write_bytes(hub.files[UNET] + b"and more")
    shelf.pull(CARD, accept_licence=True)
    assert whole(shelf, hub)
    assert not hub.bodies(UNET)


def test_a_hub_that_asks_to_wait_is_waited_for(shelf: WeightShelf, hub: Imitation) -> None:
    """429 with Retry-After, for the list and for a file; the person hears of it."""
    hub.fault(f"/models/{REPO}", times=1, status=429, headers={"Retry-After": "1"})
    hub.fault(f"resolve:{UNET}", times=1, status=429, headers={"Retry-After": "0"})
    done = shelf.pull(CARD, accept_licence=True)
    assert whole(shelf, hub)
    assert [(n.code, n.facts["seconds"]) for n in done.notes] == [
        ("source_waits", "1"),
        ("source_waits", "0"),
    ]


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_hub_that_stumbles(shelf: WeightShelf, hub: Imitation, status: int) -> None:
    """Another try at once mends it."""
    hub.fault(f"resolve:{UNET}", times=2, status=status)
    shelf.pull(CARD, accept_licence=True)
    assert whole(shelf, hub)


# --- told ---------------------------------------------------------------------------------------------------


def test_a_line_that_brings_nothing(shelf: WeightShelf, hub: Imitation) -> None:
    """After some tries without a byte it is given up, and what has come is kept."""
    hub.fault(UNET, times=1, break_at=1000)
    hub.fault(UNET, break_at=0)
    error = fails(shelf, LineBroken)
    assert len([a for a in hub.asked if a.path.endswith(UNET) and a.server == "cdn"]) == 1 + HASTY.tries
    assert "goes on" in error.hint()
    hub.faults.clear()
    hub.asked.clear()
    shelf.pull(CARD, accept_licence=True)
    assert hub.sent() == len(hub.files[UNET]) - 1000


@pytest.mark.parametrize("what", [{"spoiled": True}, {"shorter": 10}, {"longer": 10}])
def test_bytes_that_are_not_what_was_promised(shelf: WeightShelf, hub: Imitation, what: dict) -> None:
    """A wrong hash, a shorter and a longer file are all refused and not kept."""
    hub.fault(UNET, **what)
    error = fails(shelf, WrongBytes)
    assert error.facts["file"] == UNET
    assert not list((shelf.models / ".pulls").rglob("*unet__diff*0"))
    assert sum(p.stat().st_size for p in (shelf.models / ".pulls").rglob("unet__diff*")) == 0


def test_a_small_file_is_checked_by_its_git_name(shelf: WeightShelf, hub: Imitation) -> None:
    """The listing has no sha256 of it, and still no bit may be wrong."""
    hub.fault(VOCABULARY, spoiled=True)
    assert fails(shelf, WrongBytes).facts["file"] == VOCABULARY


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (401, {}, TokenRefused),
        (401, {"X-Error-Code": "RepoNotFound"}, TokenRefused),
        (403, {}, AccessRefused),
        (403, {"X-Error-Code": "GatedRepo"}, AccessRefused),
        (401, {"X-Error-Code": "GatedRepo"}, AccessRefused),
        (404, {"X-Error-Code": "RepoNotFound"}, NotAtSource),
        (404, {}, NotAtSource),
        (429, {"Retry-After": "9999"}, AskedTooOften),
        (418, {}, SourceFailed),
    ],
)
@pytest.mark.parametrize("what", ["listing", "file"])
def test_refusals(
    shelf: WeightShelf, hub: Imitation, status: int, headers: dict, kind: type[UnstillError], what: str
) -> None:
    """Of the list and of a file, in the same words."""
    path = f"/models/{REPO}" if what == "listing" else f"resolve:{UNET}"
    hub.fault(path, status=status, headers=headers)
    error = fails(shelf, kind)
    assert error.facts["host"] == hub.host
    if kind is AccessRefused:
        assert f"{hub.url}/{REPO}" in error.hint()
    if kind is AskedTooOften:
        assert "9999 s" in error.message()


def test_a_gated_model_names_the_page(shelf: WeightShelf, hub: Imitation) -> None:
    """Its owners want their terms accepted in a browser."""
    hub.gated = True
    assert f"{hub.url}/{REPO}" in fails(shelf, AccessRefused).hint()


def test_a_file_that_is_listed_and_not_there(shelf: WeightShelf, hub: Imitation) -> None:
    """404 from the CDN."""
    hub.fault(UNET, status=404)
    assert fails(shelf, NotAtSource).facts["file"] == UNET


def test_a_model_without_safetensors_is_not_complete(shelf_at: Shelves) -> None:
    """What is missing is named; see test_weight_traps for pickles."""
    files = {name: content for name, content in model().items() if not name.startswith("unet/diff")}
    with imitation(files) as hub:
        assert "unet/*.safetensors" in fails(shelf_at(hub.url, source="hub"), NotAtSource).message()


def test_a_model_of_pickles_is_not_fetched(shelf_at: Shelves) -> None:
    """Of such a one nothing comes but its index."""
    files = {name: content for name, content in model().items() if not name.startswith("unet/diff")}
    with imitation({**files, "unet/diffusion_pytorch_model.bin": b"pickle"}) as hub:
        with pytest.raises(WeightsUnsafe, match="could run code"):
            shelf_at(hub.url, source="hub").pull(CARD, accept_licence=True)
        assert [asked.path.rpartition("/")[2] for asked in hub.bodies("")] == ["model_index.json"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text_encoder/config.json", b'{"auto_map": {"AutoModel": "run_me.Model"}}'),
        ("model_index.json", b'{"_class_name": ["run_me", "P"], "unet": ["diffusers", "U"]}'),
        ("unet/config.json", b"no JSON"),
    ],
)
def test_a_configuration_that_asks_for_code_is_refused_early(
    shelf_at: Shelves, name: str, content: bytes
) -> None:
    """Before the first weight is fetched, and it is not kept."""
    with imitation({**model(), name: content}) as hub:
        shelf = shelf_at(hub.url, source="hub")
        with pytest.raises(WeightsUnsafe) as caught:
            shelf.pull(CARD, accept_licence=True)
        assert caught.value.facts["file"] == name
        assert not hub.bodies(".safetensors")
        assert shelf.facts(CARD).state == "missing"
    assert (
        not list((shelf.models / ".pulls").rglob(f"{name.replace('/', '__')}.*"))
        or name == "model_index.json"
    )


def test_nobody_there(shelf_at: Shelves) -> None:
    """No network: the hint names a mirror and a folder."""
    error = fails(shelf_at(NOWHERE, source="hub"), SourceUnreachable)
    assert "UNSTILL_HF_ENDPOINT" in error.hint()
    assert "--from" in error.hint()


def test_a_name_that_does_not_exist(shelf_at: Shelves) -> None:
    """A mistyped mirror."""
    fails(shelf_at(mirror="http://no-such-host.invalid", source="mirror"), SourceUnreachable)


@pytest.mark.parametrize("where", ["listing", "file"])
def test_redirects_in_a_circle(shelf: WeightShelf, hub: Imitation, where: str) -> None:
    """Nobody follows for ever."""
    path = f"/api/models/{REPO}" if where == "listing" else f"/{REPO}/resolve/{hub.commit}/{UNET}"
    hub.fault(f"/models/{REPO}" if where == "listing" else f"resolve:{UNET}", redirect=hub.url + path)
    assert "circle" in fails(shelf, RedirectRefused).message()
    assert len(hub.asked) < 60


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://[", "", "http://u:p@127.0.0.1/"]
)
def test_redirects_to_nowhere(shelf: WeightShelf, hub: Imitation, target: str) -> None:
    """Only to another HTTP address, and without a password in it."""
    hub.fault(f"resolve:{UNET}", redirect=target)
    fails(shelf, RedirectRefused)


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>a login page</html>", b"[]", b'{"id": "acme/dream"}', b"{}",
        b'{"id": "acme/dream", "sha": "main", "siblings": [{"rfilename": "config.json", "size": 1}]}',
        b'{"id": "acme/dream", "sha": "' + b"a" * 40 + b'", "siblings": [{"rfilename": "config.json"}]}',
        b'{"id": "acme/dream", "sha": "' + b"a" * 40 + b'", "siblings": 3}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_does_not_speak_like_a_hub(shelf: WeightShelf, hub: Imitation, answer: bytes) -> None:
    """A captive portal or a mistyped mirror."""
    hub.listing = answer
    fails(shelf, OddListing)


@pytest.mark.parametrize(
    "name",
    ["../escape.json", "unet/../../escape.json", "/abs/config.json", "unet/.hidden.json",
     "unet/sub/deep.json", "unet/a b.json", "unet/C:config.json"],
)  # fmt: skip
def test_names_that_lead_out_of_the_folder(shelf_at: Shelves, tmp_path: Path, name: str) -> None:
    """Are not taken, whatever the listing says."""
    with imitation({**model(), name: b"{}"}) as hub:
        shelf = shelf_at(hub.url, source="hub")
        shelf.pull(CARD, accept_licence=True)
        assert set(files_in(shelf.folder(CARD))) == NEEDED
    assert not list(tmp_path.rglob("*escape*"))


# --- a full disk --------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with 400 kB of room, most of it taken."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)], capture_output=True, check=False
    ) if sys.platform == "linux" and os.geteuid() == 0 else None  # fmt: skip
    if made is None or made.returncode:
        pytest.skip("needs the right to mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_up_meanwhile(
    shelf_at: Shelves, hub: Imitation, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost but the rest: with room again the fetch goes on."""
    monkeypatch.setattr("unstill.adapters.weights.store.SPARE_BYTES", -(2**40))  # the check before says yes
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 200_000)
    shelf = shelf_at(hub.url, source="hub", models_dir=small_disk / "models")
    with pytest.raises(NoRoomForWeights) as caught:
        shelf.pull(CARD, accept_licence=True)
    assert "UNSTILL_MODELS_DIR" in caught.value.hint()
    assert shelf.facts(CARD).state == "missing"
    kept = shelf.facts(CARD).waiting_bytes
    assert kept > 0
    filler.unlink()
    hub.asked.clear()
    shelf.pull(CARD, accept_licence=True)
    assert whole(shelf, hub)
    assert hub.sent() < sum(len(hub.files[name]) for name in NEEDED)


def test_a_folder_that_may_not_be_written(shelf_at: Shelves, hub: Imitation, tmp_path: Path) -> None:
    """A file stands where the store should be."""
    (tmp_path / "models").write_text("a file")
    with pytest.raises(UnstillError) as caught:
        shelf_at(hub.url, source="hub").pull(CARD, accept_licence=True)
    assert caught.value.code == "not_writable"


def test_patience_is_for_one_file(shelf_at: Shelves, hub: Imitation) -> None:
    """A hub that answers with an error for ever is asked a few times and no more."""
    hub.fault(f"resolve:{UNET}", status=500)
    shelf = shelf_at(hub.url, source="hub", patience=replace(HASTY, tries=2))
    fails(shelf, SourceFailed)
    assert len([a for a in hub.asked if a.path.endswith(UNET)]) == 2


def test_a_whole_file_that_is_no_safetensors(shelf_at: Shelves) -> None:
    """Right hash, wrong thing: a pickle under the name of a safe format is not put in place."""
    files = {**model(), UNET: b"\x80\x04\x95" + safetensors(1, 100)}
    with imitation(files) as hub:
        shelf = shelf_at(hub.url, source="hub")
        with pytest.raises(UnstillError) as caught:
            shelf.pull(CARD, accept_licence=True)
        assert caught.value.code == "weights_damaged"
        assert shelf.facts(CARD).state == "missing"
