"""The storage port's adapters: the data folder or a shared one, and S3-compatible object stores."""

from unstill.adapters.storage.folder import FolderStorage
from unstill.adapters.storage.opening import open_storage
from unstill.adapters.storage.s3 import S3Storage
from unstill.adapters.storage.sweeping import DAY_S, sweep_shared

__all__ = ["DAY_S", "FolderStorage", "S3Storage", "open_storage", "sweep_shared"]
