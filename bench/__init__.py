"""The benchmark: what the motion engine promises, measured. Run it with ``python -m bench``."""
