"""Settings of the program itself: environment variables UNSTILL_*, over an optional TOML file.

The file is ``unstill.toml`` in the user's configuration folder, or the one that UNSTILL_CONFIG names.
"""

from unstill.settings.addresses import HIDDEN
from unstill.settings.fields import PREFIX, Settings
from unstill.settings.load import (
    NOT_SETTINGS,
    SECRET,
    Described,
    Flags,
    described,
    load_settings,
    unknown_variables,
)
from unstill.settings.place import config_path

__all__ = [
    "HIDDEN",
    "NOT_SETTINGS",
    "PREFIX",
    "SECRET",
    "Described",
    "Flags",
    "Settings",
    "config_path",
    "described",
    "load_settings",
    "unknown_variables",
]
