"""Makes the font of the visible mark, `src/unstill/media/assets/mark.otf`, from Noto Sans CJK SC Bold.

    apt install fonts-noto-cjk && pip install fonttools
    python tools/subset_font.py /usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc

Run it again after adding a character to `CHARACTERS`; the same source gives the same bytes. It prints the
hash, which stands in `unstill.media.label` and in THIRD_PARTY.md.

Noto Sans CJK names no Reserved Font Name (SIL OFL 1.1, condition 3), but "Noto" is a trademark of Google:
the subset gets a name of its own. Copyright, licence and designers stay in its name table, and the text of
the licence lies beside it as `OFL.txt`.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, TTFont

TARGET = Path(__file__).parent.parent / "src" / "unstill" / "media" / "assets" / "mark.otf"
SIMPLIFIED = "Noto Sans CJK SC"
NAME = "Unstill Mark"
CHARACTERS = (
    "".join(map(chr, range(0x20, 0x7F)))
    + "·–—…©®×，。：；、！？（）《》“”「」／｜"
    + "人工智能生成合成视频图片镜头运动"
    + "由本内容作品制作机器模型算法模拟演示动画面音像素材仅供参考请注意谨慎甄别非真实拍摄标识提示"
    + "水印来源技术服务提者用户平台中文版权所有部分全片段可已经过处理修改增强深度虚拟数字艺创意"
)
KEPT_NAMES = {0, 7, 8, 9, 10, 11, 12, 13, 14}
"""Copyright, trademark, makers and licence (OpenType, table name)."""
DROPPED_TABLES = ["GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx"]
"""The mark is set with plain advances in one horizontal line."""


def subset(source: Path) -> TTFont:
    """The font with the glyphs of `CHARACTERS` (and .notdef) alone, under its own name."""
    fonts = TTCollection(source, lazy=True).fonts
    font: TTFont = next(f for f in fonts if f["name"].getDebugName(1) == SIMPLIFIED)
    options = Options()
    options.layout_features = []
    options.drop_tables += DROPPED_TABLES
    options.notdef_outline = True
    options.name_IDs = sorted(KEPT_NAMES)
    options.desubroutinize = True
    font.recalcTimestamp = False
    subsetter = Subsetter(options)
    subsetter.populate(text=CHARACTERS)
    subsetter.subset(font)
    _rename(font)
    return font


def _rename(font: TTFont) -> None:
    version = f"Version 1.000; subset of {SIMPLIFIED} Bold 2.004"
    own = {1: NAME, 2: "Bold", 3: f"1.000;{NAME}-Bold", 4: f"{NAME} Bold", 5: version, 6: "UnstillMark-Bold"}
    for number, value in own.items():
        font["name"].setName(value, number, 3, 1, 0x409)
    cff = font["CFF "].cff
    cff.fontNames = ["UnstillMark-Bold"]
    cff[0].rawDict.update(FullName=f"{NAME} Bold", FamilyName=NAME)
    cff[0].FullName, cff[0].FamilyName = f"{NAME} Bold", NAME


def main() -> None:
    source = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc")
    TARGET.parent.mkdir(exist_ok=True)
    subset(source).save(TARGET, reorderTables=True)
    content = TARGET.read_bytes()
    print(f"{TARGET}: {len(content):,} bytes, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
