"""How fast a device computes, as far as its driver's figures and its maker's data sheets tell."""

from __future__ import annotations

from dataclasses import dataclass

from unstill.core.ports import Accelerator, Machine

HALF_SINCE = (7, 0)
"""CUDA compute capability from which on half precision is quick (tensor cores)."""
BAD_HALF = "GTX 16"
"""Cards of this name compute wrong in half precision."""
TENSOR_GAIN = {(7, 0): 8.0, (7, 5): 4.0, (8, 0): 16.0, (8, 6): 2.0, (8, 7): 2.0, (8, 9): 2.0,
               (9, 0): 11.8, (10, 0): 11.8, (10, 3): 11.8, (12, 0): 2.0}  # fmt: skip
"""Half-precision operations with sums in float32 per float32 operation outside the tensor cores, dense: from
the makers' white papers of V100, T4, A100, RTX 3060, 4090 and 5090; 9.0 from the 790 Tflop/s that large
products reach on an H100. Cards for work stations of 8.6 and 8.9 do twice that."""
USUAL_GAIN = 2.0
USUAL_FLOPS, USUAL_BANDWIDTH = 2.0e13, 3.0e11
"""Of a graphics card that nothing is known of."""
CORE_FLOPS = 2.0e10
"""One CPU core in float32, with the library's kernels."""
APPLE_FLOPS, APPLE_BANDWIDTH = 5.0e12, 1.0e11


@dataclass(frozen=True)
class Speed:
    """Peak rates. Operations a second in the precision that is used; bytes a second of the memory."""

    flops: float
    bandwidth: float


def half_is_good(capability: tuple[int, int], name: str) -> bool:
    """Whether a CUDA device computes quickly and rightly in fp16."""
    return capability >= HALF_SINCE and BAD_HALF not in name


def peak_flops(device: Accelerator) -> float | None:
    """Operations a second at best, a multiply-add being two: half precision where that is good, or else
    float32. None where the driver says too little."""
    plain = device.cores * device.clock_hz * 2
    if plain <= 0:
        return None
    if not half_is_good(device.capability, device.name):
        return plain
    return plain * TENSOR_GAIN.get(device.capability, USUAL_GAIN)


def speed_of(machine: Machine) -> Speed:
    """Of the device that generative models run on."""
    device = machine.accelerator
    if device is not None:
        return Speed(peak_flops(device) or USUAL_FLOPS, device.bandwidth or USUAL_BANDWIDTH)
    if machine.device == "mps":
        return Speed(APPLE_FLOPS, APPLE_BANDWIDTH)
    return Speed(CORE_FLOPS * max(1.0, machine.cores), float("inf"))


def value_bytes(machine: Machine) -> int:
    """Bytes of one value in the precision that suits the device: 2 for half, 4 for single."""
    device = machine.accelerator
    if device is not None:
        return 2 if half_is_good(device.capability, device.name) else 4
    return 2 if machine.device == "mps" else 4
