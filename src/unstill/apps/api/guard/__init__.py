"""The guard: what stands between the network and the app.

config = uvicorn.Config(Guard(app, settings, keys, sessions), http=guarded_protocol(settings.connection),
                        ws="none", server_header=False, access_log=False)
"""

from unstill.apps.api.guard.connection import GuardedProtocol, guarded_protocol
from unstill.apps.api.guard.settings import ConnectionLimits, GuardSettings, UploadRoute, upload_routes
from unstill.apps.api.guard.wrapper import SESSION_PATH, Guard

__all__ = [
    "SESSION_PATH",
    "ConnectionLimits",
    "Guard",
    "GuardSettings",
    "GuardedProtocol",
    "UploadRoute",
    "guarded_protocol",
    "upload_routes",
]
