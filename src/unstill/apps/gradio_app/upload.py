"""The one way for a picture from Gradio's page to this program: a path that must be an upload's."""

from __future__ import annotations

from pathlib import Path

from unstill.domain.errors import BadPicture, Words


class NotUploaded(BadPicture):
    """A request named a file that no upload put there. The path is not repeated: it may be a probe."""

    code = "not_uploaded"
    en = Words("That picture was not uploaded here.", "Choose the picture again.")
    zh = Words("这张图片不是在这里上传的。", "请重新选择图片。")


def uploaded(path: object, folder: Path) -> Path:
    """The file, its links followed, which lies inside the upload folder.

    Raises:
        NotUploaded: it lies elsewhere, is an address, is no file, or is not there.
    """
    if not isinstance(path, str):
        raise NotUploaded(param="image")
    try:
        real, inside = Path(path).resolve(strict=True), folder.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):  # RuntimeError: links in a circle
        raise NotUploaded(param="image") from None
    if not (real.is_relative_to(inside) and real.is_file()):
        raise NotUploaded(param="image")
    return real
