"""The server's folder: one server at a time in it, and nothing left over from an earlier one."""

from unstill.adapters.data_folder.lock import FolderLock
from unstill.adapters.data_folder.sweep import INPUTS, OUTPUTS, Swept, remove_files, sweep

__all__ = ["INPUTS", "OUTPUTS", "FolderLock", "Swept", "remove_files", "sweep"]
