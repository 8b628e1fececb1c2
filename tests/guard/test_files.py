"""Files over HTTP: ranges, conditions, names; and nothing that lies elsewhere."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from guard_server import Server, head, serving, status

from unstill.apps.api.files import disposition
from unstill.apps.api.guard import GuardSettings

CONTENT = random.Random(3).randbytes(700_001)
SECRET = b"the content of a secret file"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    root = folder / "outputs"
    (root / "sub").mkdir(parents=True)
    (root / "a.mp4").write_bytes(CONTENT)
    (root / "empty.mp4").write_bytes(b"")
    (root / "sub" / "b.mp4").write_bytes(b"below")
    for name in ("secret", "keys.json", "a.mp4.secret"):
        (folder / name).write_bytes(SECRET)
    (root / "link.mp4").symlink_to(folder / "secret")
    (root / "linked").symlink_to(folder, target_is_directory=True)
    os.mkfifo(root / "pipe.mp4")
    return root


@pytest.fixture(scope="module")
def server(root: Path) -> Iterator[Server]:
    with serving(root, GuardSettings(burst=100_000)) as server:
        yield server


@pytest.fixture
def url(server: Server) -> str:
    return server.url + "/files/a.mp4"


SIZE = len(CONTENT)
RANGES = [
    ("bytes=0-0", (0, 1)),
    ("bytes=0-", (0, SIZE)),
    ("bytes=5-9", (5, 10)),
    (f"bytes={SIZE - 1}-", (SIZE - 1, SIZE)),
    ("bytes=-1", (SIZE - 1, SIZE)),
    ("bytes=-99999999", (0, SIZE)),
    (f"bytes=10-{SIZE * 2}", (10, SIZE)),
    ("bytes=262143-262145", (262143, 262146)),
    ("BYTES=1-2", (1, 3)),
    (f"bytes={SIZE}-", None),
    ("bytes=999999999999999999-", None),
    ("bytes=-0", None),
]


@pytest.mark.parametrize(("asked", "part"), RANGES)
def test_a_range_is_that_part(url: str, asked: str, part: tuple[int, int] | None) -> None:
    """206 with exactly the slice, or 416 with the size."""
    answer = httpx.get(url, headers={"Range": asked})
    if part is None:
        assert answer.status_code == 416
        assert answer.headers["content-range"] == f"bytes */{SIZE}"
        assert answer.json()["error"]["code"] == "no_such_range"
        return
    assert answer.status_code == 206
    assert answer.content == CONTENT[slice(*part)]
    assert answer.headers["content-range"] == f"bytes {part[0]}-{part[1] - 1}/{SIZE}"
    assert int(answer.headers["content-length"]) == part[1] - part[0]


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,5-6", "bytes=5-2", "bytes=-", "bytes=a-b", "items=0-1", "bytes=\u0661-", "0-1"]
)
def test_what_is_no_single_range_gives_the_whole(url: str, asked: str) -> None:
    answer = httpx.get(url, headers={"Range": asked.encode()})
    assert answer.status_code == 200
    assert answer.content == CONTENT


def test_random_ranges_put_together_again(url: str) -> None:
    """Every byte once, in any cut."""
    numbers = random.Random(5)
    cuts = sorted({0, SIZE, *(numbers.randrange(SIZE) for _ in range(12))})
    with httpx.Client() as client:
        parts = [
            client.get(url, headers={"Range": f"bytes={a}-{b - 1}"}).content
            for a, b in itertools.pairwise(cuts)
        ]
    assert b"".join(parts) == CONTENT


def test_conditions(url: str) -> None:
    """A strong ETag: 304 for those who have it, a range only of the same file."""
    whole = httpx.get(url)
    tag, changed = whole.headers["etag"], whole.headers["last-modified"]
    assert tag.startswith('"')
    for wanted in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = httpx.get(url, headers={"If-None-Match": wanted, "Range": "bytes=0-1"})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
    assert (
        httpx.get(url, headers={"If-None-Match": '"other"', "If-Modified-Since": changed}).status_code == 200
    )
    assert httpx.get(url, headers={"If-Modified-Since": changed}).status_code == 304
    assert httpx.get(url, headers={"If-Modified-Since": "nonsense"}).status_code == 200
    for held, expected in (
        (tag, 206),
        (changed, 206),
        (f"W/{tag}", 200),
        ('"other"', 200),
        ("nonsense", 200),
    ):
        assert httpx.get(url, headers={"If-Range": held, "Range": "bytes=0-1"}).status_code == expected


def test_head_and_empty_files(server: Server, url: str) -> None:
    answer = httpx.head(url, headers={"Range": "bytes=0-1"})
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, str(SIZE), b"")
    empty = httpx.get(server.url + "/files/empty.mp4")
    assert (empty.status_code, empty.content) == (200, b"")
    assert httpx.get(server.url + "/files/empty.mp4", headers={"Range": "bytes=0-"}).status_code == 416


def test_a_file_cannot_act_as_a_page(url: str) -> None:
    headers = httpx.get(url).headers
    assert headers["content-type"] == "video/mp4"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert headers["cache-control"] == "private, max-age=31536000, immutable"
    assert headers["content-disposition"] == 'attachment; filename="a.mp4"'


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a b.mp4", 'attachment; filename="a b.mp4"'),
        ("日落.mp4", "attachment; filename=\"__.mp4\"; filename*=UTF-8''%E6%97%A5%E8%90%BD.mp4"),
        ('a".mp4', "attachment; filename=\"a_.mp4\"; filename*=UTF-8''a%22.mp4"),
        ("a\r\nX: y.mp4", "attachment; filename=\"a__X_ y.mp4\"; filename*=UTF-8''a%0D%0AX%3A%20y.mp4"),
        ("../../etc/passwd", 'attachment; filename="passwd"'),
        ("..\\x.mp4", 'attachment; filename="x.mp4"'),
        ("\ud800.mp4", "attachment; filename=\"_.mp4\"; filename*=UTF-8''%3F.mp4"),
        ("", 'attachment; filename="file"'),
    ],
)
def test_names_are_given_in_both_forms(name: str, expected: str) -> None:
    """RFC 6266: a plain name for old readers, the real one beside it; nothing breaks out of the header."""
    assert disposition(name) == expected


def test_players_that_give_up_stop_the_reading(server: Server) -> None:
    for _ in range(20):
        with server.connect() as client:
            client.sendall(head("GET", "/files/a.mp4"))
            client.recv(10)
    assert httpx.get(server.url + "/healthz").status_code == 200


def patterns() -> list[str]:
    """Ways to ask for a file that is elsewhere: plain, encoded once and twice, Windows, odd UTF-8."""
    ups = [
        "..",
        "%2e%2e",
        ".%2e",
        "%252e%252e",
        "..;",
        "....",
        "%c0%ae%c0%ae",
        "..%00",
        "%uff0e%uff0e",
        "\u2025",
    ]
    slashes = ["/", "%2f", "\\", "%5c", "%255c", "%252f", "//", "/./", "%c0%af"]
    names = ["secret", "keys.json"]
    found = [f"{up}{slash}{name}" for up in ups for slash in slashes for name in names]
    found += [f"sub{slash}{up}{slash}{up}{slash}secret" for up in ups[:4] for slash in slashes[:5]]
    found += [
        "link.mp4",
        "linked/secret",
        "linked%2fsecret",
        "pipe.mp4",
        "sub",
        "",
        ".",
        "/etc/passwd",
        "//etc/passwd",
        "%2fetc%2fpasswd",
        "C:/Windows/win.ini",
        "C:%5cWindows%5cwin.ini",
        "c:secret",
        "%5c%5chost%5cshare",
        "file:///etc/passwd",
        "a.mp4/..%2f../secret",
        "a.mp4%00.txt",
        "a.mp4/../../secret",
        "CON",
        "a.mp4::$DATA",
        "~/secret",
        "NUL",
        "a.mp4%20",
        "a.mp4.",
        "sub/../../secret",
        "./../secret",
        "%2e/%2e%2e/secret",
        "..%2fa.mp4.secret",
        "?../secret",
    ]
    return found


def test_no_path_leads_elsewhere(server: Server, root: Path) -> None:
    """Over 200 patterns on the file route and the static one: 0 bytes of another file."""
    asked = [f"{route}{pattern}" for pattern in patterns() for route in ("/files/", "/assets/")]
    asked += [
        f"/files/{root.parent}/secret",
        f"/files{root.parent}/secret",
        f"/files/{quote(str(root.parent), safe='')}%2fsecret",
    ]
    assert len(asked) > 400
    for path in asked:
        answer = server.say(head("GET", path.encode().decode("latin-1"), "Connection: close"))
        assert SECRET not in answer, path
        assert b"root:" not in answer, path
        assert status(answer) in (400, 404), path


def test_what_lies_below_is_found(server: Server) -> None:
    assert httpx.get(server.url + "/files/sub/b.mp4").content == b"below"
