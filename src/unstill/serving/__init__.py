"""`unstill serve`: the parts of the service built, joined, run and ended in order.

- `start`, `run`: one server from its start to its end; `station`: its parts; `access`: who may use it.
- `sockets`, `logs`, `house_keeping`: what stands around it.
"""

from unstill.serving.start import serve

__all__ = ["serve"]
