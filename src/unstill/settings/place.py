"""Where the settings file is."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def config_path() -> Path:
    """Where the settings file is, or would be."""
    named = os.environ.get("UNSTILL_CONFIG")
    return (
        Path(named) if named else platformdirs.user_config_path("unstill", appauthor=False) / "unstill.toml"
    )
