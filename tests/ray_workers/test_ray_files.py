"""A task's paths on their way to a node with another root, and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from far_storage import FarStorage
from unstill.adapters.ray_workers import Roots
from unstill.adapters.ray_workers.files import Files, SharedFolder, open_kept
from unstill.core.worker import Done, Task
from unstill.domain.errors import FileMissing

SERVER = Path("/srv/unstill")
TASK = Task("video_1", 1, {}, f"{SERVER}/inputs/a.png", f"{SERVER}/outputs/video_1.1.mp4", "a.png")
DONE = Done("", 1, 1, "", 0.0, 0)


def put(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_shared_folder_may_be_mounted_elsewhere(tmp_path: Path) -> None:
    """Every path of the task is the node's; every path of the answer the server's."""
    put(tmp_path / "inputs" / "a.png")
    put(tmp_path / "inputs" / "z.png")
    put(tmp_path / "outputs" / "video_0.1.mp4")
    server, kept = open_kept(Roots(SERVER, str(tmp_path)).spelled())
    files = Files(server, kept)
    task = files.taken(
        replace(TASK, last_input=f"{SERVER}/inputs/z.png", source=f"{SERVER}/outputs/video_0.1.mp4")
    )
    assert task.input == str(tmp_path / "inputs" / "a.png")
    assert task.last_input == str(tmp_path / "inputs" / "z.png")
    assert task.source == str(tmp_path / "outputs" / "video_0.1.mp4")
    assert task.target == str(tmp_path / "outputs" / "video_1.1.mp4")
    done = files.given(replace(DONE, path=task.target, thumbnail=str(tmp_path / "outputs/video_1.1.jpg")))
    assert (done.path, done.spritesheet) == (TASK.target, None)
    assert done.thumbnail == f"{SERVER}/outputs/video_1.1.jpg"
    assert not files.far


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    """A folder that is not mounted ends the worker; a picture that is not there fails its job."""
    with pytest.raises(NotADirectoryError, match="is not on this node"):
        open_kept(Roots(SERVER, str(tmp_path / "not mounted")).spelled())
    with pytest.raises(FileMissing):
        Files(SERVER, SharedFolder(tmp_path)).taken(TASK)


@pytest.mark.parametrize("path", ["/etc/passwd", "/srv/unstill/../secret", "inputs/a.png"])
def test_no_path_leaves_the_root(path: str, tmp_path: Path) -> None:
    """Whoever asks for it."""
    with pytest.raises(ValueError, match=r"root|subpath"):
        Files(SERVER, SharedFolder(tmp_path)).taken(replace(TASK, input=path))


def test_an_extension_brings_the_bare_end_along(tmp_path: Path) -> None:
    """A labelled video's last frame without its label lies beside it, if there is one."""
    put(tmp_path / "far" / "inputs" / "a.png")
    put(tmp_path / "far" / "outputs" / "video_0.1.mp4")
    put(tmp_path / "far" / "outputs" / "video_0.1.last.png")
    files = Files(SERVER, FarStorage(tmp_path / "far", tmp_path / "near"))
    files.taken(replace(TASK, source=f"{SERVER}/outputs/video_0.1.mp4"))
    assert (tmp_path / "near" / "outputs" / "video_0.1.last.png").is_file()
    (tmp_path / "far" / "outputs" / "video_0.1.last.png").unlink()
    files.taken(replace(TASK, source=f"{SERVER}/outputs/video_0.1.mp4"))


def test_what_was_made_is_kept_the_video_last(tmp_path: Path) -> None:
    """Whoever finds the video finds its small pictures."""
    kept: list[str] = []

    class Noted(FarStorage):
        def keep(self, names: object) -> None:
            kept.extend(names)  # type: ignore[call-overload]

    files = Files(SERVER, Noted(tmp_path / "far", tmp_path / "near"))
    near = tmp_path / "near" / "outputs"
    files.given(replace(DONE, path=str(near / "v.mp4"), thumbnail=str(near / "v.jpg")))
    assert kept == ["outputs/v.jpg", "outputs/v.mp4"]


def test_an_opener_gets_place_folder_and_options(tmp_path: Path) -> None:
    """The place's options travel; its keys are the node's own."""
    roots = Roots(SERVER, f"far://{tmp_path}", {"region": "here"}, "far_storage:open_far")
    environ = {"UNSTILL_DATA_DIR": str(tmp_path / "node"), "UNSTILL_S3_SECRET": "hidden"}
    assert "hidden" not in " ".join(roots.spelled())
    _, kept = open_kept(roots.spelled(), environ)
    assert kept.root == tmp_path / "node" / "near"
