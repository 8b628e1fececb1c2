"""The stock openai client works with nothing but base_url and api_key."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import av
import openai
import pytest
from api_parts import Station, png

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")


@pytest.fixture
def client(station: Station) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{station.url}/v1", api_key="any", max_retries=0) as made:
        yield made


@pytest.fixture
def video(client: openai.OpenAI) -> openai.types.Video:
    """A finished video, 64 x 48, 8 frames at 8 fps."""
    return client.videos.create_and_poll(prompt="pan left", input_reference=("a.png", png()))


def frames_in(data: bytes) -> int:
    with av.open(io.BytesIO(data)) as box:
        return sum(1 for _ in box.decode(video=0))


def test_create_poll_and_download_every_variant(client: openai.OpenAI) -> None:
    """A picture and a prompt become an MP4, a thumbnail and a sprite sheet."""
    made = client.videos.create(
        prompt="pan left", input_reference=("a.png", png()), seconds="2", size="64x48"
    )  # type: ignore[arg-type]
    assert made.id.startswith("video_")
    assert made.status in ("queued", "in_progress")
    assert (made.seconds, made.size, made.model, made.object) == ("2", "64x48", "testcard", "video")
    done = client.videos.poll(made.id)
    assert (done.status, done.progress, done.error) == ("completed", 100, None)
    assert done.completed_at is not None
    video = client.videos.download_content(made.id)
    assert video.response.headers["content-type"] == "video/mp4"
    assert frames_in(video.read()) == 16
    for variant in ("thumbnail", "spritesheet"):
        small = client.videos.download_content(made.id, variant=variant)
        assert small.response.headers["content-type"] == "image/jpeg"
        assert small.read()[:2] == b"\xff\xd8"


def test_our_own_fields_survive_in_model_extra(video: openai.types.Video) -> None:
    """State, frames, rate, seed, notes and what kind of video it is."""
    extra = video.model_extra
    assert extra is not None
    assert (extra["state"], extra["num_frames"], extra["fps"]) == ("completed", 8, 8)
    assert (extra["generative"], extra["kind"]) == (False, "camera motion")
    assert isinstance(extra["seed"], int)
    assert any("not AI-generated" in text for text in extra["notes"])
    assert extra["plan"]["moves"] == ["pan_left"]


def test_fields_of_other_servers_are_understood(client: openai.OpenAI) -> None:
    """vLLM-Omni's and SGLang's extra fields mean the same here."""
    made = client.videos.create(
        prompt="pan left", input_reference=("a.png", png()), seconds="9",  # type: ignore[arg-type]
        extra_body={
            "width": 32, "height": 32, "num_frames": 6, "fps": 3, "seed": 11,
            "enable_frame_interpolation": False, "frame_interpolation_exp": 1,
            "enable_upscaling": False, "loop": True, "num_inference_steps": 4,
            "options": {"step": 3}, "extra_params": '{"negative_prompt": "blur", "flow_shift": 5}',
        },
    )  # fmt: skip
    extra = made.model_extra
    assert extra is not None
    assert (made.size, made.seconds, extra["num_frames"], extra["fps"], extra["seed"]) == (
        "32x32",
        "2",
        6,
        3,
        11,
    )
    assert extra["request"]["loop"] is True
    assert extra["request"]["options"] == {"step": 3.0}
    assert extra["request"]["negative_prompt"] == "blur"
    assert any("flow_shift" in text for text in extra["notes"])
    assert any("num_inference_steps" in text for text in extra["notes"])


def test_a_picture_as_a_data_url(client: openai.OpenAI) -> None:
    """`input_reference[image_url]`, as the client sends an object."""
    import base64

    url = "data:image/png;base64," + base64.b64encode(png(80, 60)).decode()
    for name in ("input_reference", "image_reference"):
        made = client.videos.create(prompt="pan left", extra_body={name: {"image_url": url}})
        assert made.size == "80x60"


def test_lists_page_both_ways(client: openai.OpenAI, station: Station) -> None:
    """Every video once, oldest or newest first, over pages of two."""
    ids = [client.videos.create_and_poll(prompt=f"pan left {n}", input_reference=png()).id for n in range(5)]
    newest = [v.id for v in client.videos.list(limit=2)]
    oldest = [v.id for v in client.videos.list(limit=2, order="asc")]
    assert newest[:5] == ids[::-1]
    assert oldest == newest[::-1]
    page = client.videos.list(limit=2, after=ids[2], order="desc")
    assert [v.id for v in page.data] == [ids[1], ids[0]]
    assert page.last_id == ids[0]


def test_remix_keeps_picture_and_settings(client: openai.OpenAI, video: openai.types.Video) -> None:
    """Another prompt and seed; size, frames and picture as before."""
    made = client.videos.remix(video.id, prompt="hold")
    assert made.model_extra is not None
    assert video.model_extra is not None
    assert (made.remixed_from_video_id, made.prompt, made.size) == (video.id, "hold", video.size)
    assert made.model_extra["num_frames"] == video.model_extra["num_frames"]
    assert made.model_extra["seed"] != video.model_extra["seed"]
    assert made.model_extra["input"] == video.model_extra["input"]
    again = client.videos.remix(video.id, prompt="hold", extra_body={"seed": 5})
    assert again.model_extra is not None
    assert again.model_extra["seed"] == 5


def test_extend_adds_seconds_to_the_source(client: openai.OpenAI, video: openai.types.Video) -> None:
    """One second and two more: the reply says three, and the file holds them."""
    by_id = client.videos.extend(
        prompt="pan left", seconds="2", video=b"", extra_body={"video": {"id": video.id}}
    )  # type: ignore[arg-type]
    assert by_id.seconds == "3"
    assert by_id.model_extra is not None
    assert (by_id.model_extra["task"], by_id.model_extra["extended_from_video_id"]) == ("extend", video.id)
    assert by_id.model_extra["request"]["num_frames"] == 17, (
        "the source's last frame is shown again, and left out"
    )
    client.videos.poll(by_id.id)
    assert frames_in(client.videos.download_content(by_id.id).read()) == 24
    twice = client.videos.extend(
        prompt="pan left", seconds="1", video=b"", extra_body={"video": {"id": by_id.id}}
    )  # type: ignore[arg-type]
    assert twice.seconds == "4"


def test_extend_knows_a_file_that_was_downloaded_here(
    client: openai.OpenAI, video: openai.types.Video
) -> None:
    """The upload is recognised; any other file is refused in clear words."""
    data = client.videos.download_content(video.id).read()
    made = client.videos.extend(prompt="pan left", seconds="4", video=("mine.mp4", data))
    assert made.seconds == "5"
    with pytest.raises(openai.BadRequestError) as refused:
        client.videos.extend(prompt="pan left", seconds="4", video=("other.mp4", data + b"\0"))
    assert refused.value.code == "unsupported"


def test_delete(client: openai.OpenAI, video: openai.types.Video) -> None:
    """A deleted video is gone."""
    gone = client.videos.delete(video.id)
    assert (gone.id, gone.deleted, gone.object) == (video.id, True, "video.deleted")
    with pytest.raises(openai.NotFoundError):
        client.videos.retrieve(video.id)


def test_a_failed_video_says_why(client: openai.OpenAI) -> None:
    """status failed, with the code and words of the error."""
    made = client.videos.create_and_poll(prompt="crash", input_reference=png())
    assert made.status == "failed"
    assert made.error is not None
    assert (made.error.code, made.error.message[:11]) == ("worker_crashed", "The program")


def test_error_classes(client: openai.OpenAI, station: Station, video: openai.types.Video) -> None:
    """Each status is the client's own exception, with our code."""

    def code(kind: type[openai.APIStatusError], call: Callable[[], object]) -> str | None:
        with pytest.raises(kind) as raised:
            call()
        assert raised.value.body is not None
        return raised.value.code

    wrong = client.with_options(api_key="wrong")
    assert code(openai.AuthenticationError, lambda: wrong.videos.list()) == "invalid_api_key"
    assert code(openai.NotFoundError, lambda: client.videos.retrieve("video_none")) == "video_not_found"
    foreign = client.with_options(api_key="key_other")
    assert code(openai.NotFoundError, lambda: foreign.videos.retrieve(video.id)) == "video_not_found"
    assert code(openai.BadRequestError, lambda: client.videos.create(prompt="x")) == "missing_argument"
    bad = ("a.png", b"no picture")
    assert (
        code(openai.BadRequestError, lambda: client.videos.create(prompt="x", input_reference=bad))
        == "not_a_picture"
    )
    assert code(openai.BadRequestError, lambda: client.videos.edit(prompt="x", video=b"y")) == "unsupported"
    station.worker.paused = True
    waiting = client.videos.create(prompt="x", input_reference=png())
    assert code(openai.ConflictError, lambda: client.videos.download_content(waiting.id)) == "not_ready"

    def fill() -> None:
        for _ in range(9):
            client.videos.create(prompt="x", input_reference=png())

    assert code(openai.RateLimitError, fill) == "queue_full"


def test_models(client: openai.OpenAI) -> None:
    """The default first."""
    assert [m.id for m in client.models.list()] == ["testcard", "dream"]
    assert client.models.retrieve("dream").owned_by == "testcard"


def test_sync_answers_with_the_file(client: openai.OpenAI) -> None:
    """vLLM-Omni's way: wait, then the bytes."""
    import httpx

    reply = httpx.post(
        str(client.base_url) + "videos/sync",
        data={"prompt": "pan left"},
        files={"input_reference": png()},
        timeout=20,
    )
    assert reply.headers["content-type"] == "video/mp4"
    assert reply.headers["x-video-id"].startswith("video_")
    assert frames_in(reply.content) == 8
    failed = httpx.post(
        str(client.base_url) + "videos/sync",
        data={"prompt": "crash"},
        files={"input_reference": png()},
        timeout=20,
    )
    assert (failed.status_code, failed.headers["x-should-retry"]) == (500, "false")
    assert failed.json()["error"]["code"] == "worker_crashed"
