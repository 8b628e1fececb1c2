#!/bin/sh
# Prints "diffusion" where this computer has a graphics card that the generative models can use: an NVIDIA one that
# its driver sees, or Apple silicon. Nothing elsewhere. `make start` installs that extra.
card=$(command -v nvidia-smi || echo /usr/lib/wsl/lib/nvidia-smi)
if [ "$(uname -sm)" = "Darwin arm64" ] || "$card" -L 2>/dev/null | grep -q '^GPU '; then
    echo diffusion
fi
