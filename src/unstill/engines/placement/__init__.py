"""Where a model's parts and work are placed so that a clip fits into a device's memory, and what that costs.

Only `berth`, `colours` and `torch_device` import torch: plans are made on every computer, many times a
second.
"""
