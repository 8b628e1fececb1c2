"""Writes `words/traditional.js` of the studio: how what the server says, in simplified Chinese, is shown in
Traditional.

    pip install opencc-python-reimplemented
    python tools/traditional.py

Every Chinese string of the sources is looked at, and only what occurs in them is kept of OpenCC's
dictionaries (Apache-2.0): single characters, and the phrases that are more than their characters.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import opencc

ROOT = Path(__file__).parents[1] / "src" / "unstill"
TARGET = ROOT / "apps" / "studio" / "page" / "words" / "traditional.js"
PHRASES = ("STPhrases.txt", "TWPhrases.txt", "TWPhrasesIT.txt", "TWPhrasesName.txt", "TWPhrasesOther.txt")
OURS = {"显存": "顯示記憶體", "显卡": "顯示卡", "视频": "影片", "图像": "影像", "镜像": "鏡像",
        "端口": "連接埠", "权限": "權限", "扩展": "擴充"}  # fmt: skip
"""Words of ours that no dictionary has, or has otherwise."""
MISLEADING = frozenset(["复方", "是只", "多只", "制为", "明了", "像素", "项目"])
"""Phrases that are parts of other words in what the server says (恢复方法, 最多只能)."""
AS_IT_IS = "台"
"""Characters that are written the same way in Taiwan today."""
CHINESE = re.compile(r"[\u4e00-\u9fff]+")
HEAD = """\
// What the server says, from simplified to Traditional Chinese. Made by tools/traditional.py from what occurs
// in its words, and OpenCC's dictionaries (Apache-2.0).
"""


def spoken() -> set[str]:
    """Runs of Chinese characters in the strings of the sources."""
    found: set[str] = set()
    for path in ROOT.rglob("*.py"):
        if "lexicon" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update(CHINESE.findall(node.value))
    return found


def main() -> None:
    texts, convert = spoken(), opencc.OpenCC("s2twp").convert
    characters = {one: convert(one) for text in texts for one in text}
    characters = {
        one: to for one, to in characters.items() if to != one and len(to) == 1 and one not in AS_IT_IS
    }
    folder = Path(opencc.__file__).parent / "dictionary"
    known = {
        line.split("\t")[0]
        for name in PHRASES
        if (folder / name).is_file()
        for line in (folder / name).read_text(encoding="utf-8").splitlines()
    }
    simple = opencc.OpenCC("t2s").convert
    phrases = dict(OURS)
    for each in sorted(known | {simple(one) for one in known}):
        if len(each) > 1 and each not in MISLEADING and any(each in text for text in texts):
            plain = "".join(characters.get(one, one) for one in each)
            if (to := convert(each)) != plain:
                phrases.setdefault(each, to)
    longest = sorted(phrases.items(), key=lambda pair: (-len(pair[0]), pair[0]))
    signs = sorted(characters)
    table = {"from": "".join(signs), "to": "".join(characters[one] for one in signs), "phrases": longest}
    lines = [f"export const {name} = {json.dumps(of, ensure_ascii=False)};\n" for name, of in table.items()]
    TARGET.write_text(HEAD + "".join(lines), encoding="utf-8")
    print(f"{len(characters)} characters, {len(phrases)} phrases")


if __name__ == "__main__":
    main()
