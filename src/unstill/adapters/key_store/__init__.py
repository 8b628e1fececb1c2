"""API keys and browser sessions: in two small files that only their owner can read, or where several servers
share them."""

from unstill.adapters.key_store.key_file import KeptKeys, KeyFile
from unstill.adapters.key_store.private_file import Digests, Document, PrivateFile, pepper_in
from unstill.adapters.key_store.session_file import KeptSessions, SessionFile

__all__ = [
    "Digests",
    "Document",
    "KeptKeys",
    "KeptSessions",
    "KeyFile",
    "PrivateFile",
    "SessionFile",
    "pepper_in",
]
