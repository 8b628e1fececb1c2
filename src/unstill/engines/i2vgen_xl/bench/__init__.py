"""Measuring I2VGen-XL: seconds and peak memory, beside diffusers' own pipeline, at each placement.

`rows.measure` is what `unstill bench` runs; ``python -m unstill.engines.i2vgen_xl.bench`` measures everything
on a graphics card, in parts.
"""
