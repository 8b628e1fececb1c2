"""Makes the small pictures of the studio's empty page, `page/thumbs/` in it, from the examples.

    python tools/example_thumbs.py

Each is cut to 3:2 where its subject is: a first visit loads some kilobytes, and not the pictures themselves.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageOps

PACKAGE = Path(__file__).parent.parent / "src" / "unstill"
SIZE = (360, 240)
QUALITY = 70
MIDDLE = {"astronaut": (0.5, 0.0)}
"""What stays when a picture is cut, from the left and from the top; the middle elsewhere."""


def main() -> None:
    target = PACKAGE / "apps" / "studio" / "page" / "thumbs"
    target.mkdir(exist_ok=True)
    for source in sorted((PACKAGE / "assets" / "examples").glob("*.jpg")):
        with Image.open(source) as picture:
            small = ImageOps.fit(
                picture.convert("RGB"), SIZE, Image.Resampling.LANCZOS,
                centering=MIDDLE.get(source.stem, (0.5, 0.5)),
            )  # fmt: skip
        path = target / source.name
        small.save(path, "JPEG", quality=QUALITY, optimize=True, progressive=True)
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
