"""Two servers whose pictures and videos are in S3-compatible storage."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from live import PATIENCE_S, Live, decoded, names, sha256

sys.path.append(str(Path(__file__).parents[1] / "storage"))  # its S3 server serves here, too
pytest.importorskip("boto3")

from moto_server import access, new_bucket, s3_server
from postgres import Server


@pytest.fixture
def two(tmp_path: Path, engines: str, postgres: Server) -> Iterator[tuple[Live, Live]]:
    """One that takes requests, one that makes videos."""
    with s3_server() as url:
        keys = access(url)
        shared = {
            "UNSTILL_DATABASE_URL": postgres.new_database(), "UNSTILL_STORAGE": f"s3://{new_bucket(url)}/all",
            "UNSTILL_S3_ENDPOINT": url, "UNSTILL_S3_REGION": keys.region or "us-east-1",
            "UNSTILL_S3_KEY_ID": str(keys.key_id), "UNSTILL_S3_SECRET": str(keys.secret),
        }  # fmt: skip
        with (
            Live(tmp_path / "front", engines, **shared, UNSTILL_WORKERS="0") as front,
            Live(tmp_path / "back", engines, **shared) as back,
        ):
            yield front.start(), back.start()


def test_a_video_is_the_same_from_either(two: tuple[Live, Live]) -> None:
    """Its picture came in at one, it was made at the other; both serve it, and ranges of it."""
    front, _ = two
    made = front.create().raise_for_status().json()["id"]
    job = front.settled(made)
    assert (job["state"], job["error"]) == ("completed", None)
    for server in two:
        with server.client() as client:
            video = client.get(f"/v1/videos/{made}/content").raise_for_status()
            part = client.get(f"/v1/videos/{made}/content", headers={"Range": "bytes=10-19"})
            again = client.get(f"/v1/videos/{made}/content", headers={"If-None-Match": video.headers["etag"]})
            picture = client.get(f"/v1/videos/{made}/input").raise_for_status().content
        assert (decoded(video.content), sha256(video.content)) == (8, job["output"]["sha256"])
        assert (part.status_code, part.content) == (206, video.content[10:20])
        assert again.status_code == 304
        assert picture.startswith(b"\x89PNG")
    assert not names(front.data / "outputs"), "it is kept where nobody else sees it"


def test_a_remix_and_an_extension_find_their_files(two: tuple[Live, Live]) -> None:
    """Made of what the other server kept."""
    front, back = two
    made = front.create(num_frames=8).raise_for_status().json()["id"]
    assert back.settled(made)["state"] == "completed"
    with front.client(timeout=PATIENCE_S) as client:
        turned = client.post(f"/v1/videos/{made}/remix", json={"prompt": "pan right"})
        remixed = turned.raise_for_status().json()
        longer = {"video": {"id": made}, "prompt": "pan left", "seconds": "1"}
        extended = client.post("/v1/videos/extensions", json=longer).raise_for_status().json()
    assert front.settled(remixed["id"])["state"] == "completed"
    whole = front.settled(extended["id"])
    assert (whole["state"], whole["error"]) == ("completed", None)
    with back.client() as client:
        assert decoded(client.get(f"/v1/videos/{extended['id']}/content").content) == whole["num_frames"]
