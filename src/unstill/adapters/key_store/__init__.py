"""API keys and browser sessions in two small files that only their owner can read."""

from unstill.adapters.key_store.key_file import KeyFile
from unstill.adapters.key_store.session_file import SessionFile

__all__ = ["KeyFile", "SessionFile"]
