"""Untrusted pictures and videos, decoded in a child process with little memory, little time, no network."""

from unstill.adapters.picture_child.inbox import PictureChild
from unstill.adapters.picture_child.settings import ChildSettings

__all__ = ["ChildSettings", "PictureChild"]
