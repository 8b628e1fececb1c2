"""What plans promise of the catalogue's models, against their real classes at their published sizes."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the extra diffusion is not installed")
sys.path.append(str(Path(__file__).parents[1] / "placement"))  # its meter serves here, too

from full_size import ENTRIES, PARAMETERS, build, parameters  # noqa: E402
from full_size_calls import CALLS, Size, latent_frames  # noqa: E402
from meta_meter import measured  # noqa: E402


@pytest.mark.parametrize("entry", list(ENTRIES))
def test_the_published_sizes_make_networks_of_the_known_number_of_parameters(entry: str) -> None:
    counted = {role: parameters(name) for role, name in ENTRIES[entry].items()}
    assert counted == PARAMETERS[entry]


@dataclass(frozen=True)
class Promise:
    """The peak of one call of a denoiser beside its weights, its inputs included: ``fixed`` bytes and
    ``each`` for every token, for all of a batch. A token is a patch of ``side`` pixels in
    ``stride`` frames."""

    fixed: float
    each: float
    batch: int
    side: int
    stride: int

    def bytes(self, size: Size) -> float:
        width, height, frames = size
        tokens = width // self.side * (height // self.side) * latent_frames(frames, self.stride)
        return self.fixed + self.each * tokens


PROMISES = {
    "svd": Promise(4.55e6, 36_049, batch=2, side=8, stride=1),
    "ltx 2b": Promise(6.30e6, 238_112, batch=2, side=32, stride=8),
    "wan 2.2 5b": Promise(7.34e6, 200_068, batch=1, side=32, stride=4),
    "skyreels": Promise(8.06e6, 49_440, batch=1, side=16, stride=4),
    "kandinsky5": Promise(5.84e6, 47_368, batch=1, side=16, stride=4),
}


@pytest.mark.filterwarnings("ignore:Mismatch dtype between input and weight")  # Kandinsky's own mixture
@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("svd", (768, 448, 14)),
        ("ltx 2b", (768, 512, 97)),
        ("wan 2.2 5b", (960, 544, 97)),
        ("skyreels", (768, 448, 73)),
        ("kandinsky5", (640, 512, 97)),
    ],
)
def test_a_call_of_the_denoiser_takes_what_is_promised(name: str, size: Size) -> None:
    """Within a tenth, at sizes that the promise was not drawn from."""
    promise = PROMISES[name]
    network = build(name)
    with measured(network) as meter:
        network(**CALLS[name](size, promise.batch), return_dict=False)
    assert promise.bytes(size) == pytest.approx(meter.peak, rel=0.1), meter.at
