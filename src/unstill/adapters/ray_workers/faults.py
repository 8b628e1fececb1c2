"""What Ray says of an end, in our words."""

from __future__ import annotations

_TOLD = (
    ("its node has died", "its node died"),
    ("its node died", "its node died"),
    ("node was preempted", "its node was taken away"),
    ("ray.kill", "its actor was killed"),
    ("low on memory", "its node ran out of memory"),
    ("SIGKILL", "its actor was killed"),
    ("creation task", "its actor could not start"),
)
_KINDS = {
    "ActorUnavailableError": "its node cannot be reached",
    "NodeDiedError": "its node died",
    "OutOfMemoryError": "its node ran out of memory",
    "GetTimeoutError": "its words did not arrive",
    "ObjectFetchTimedOutError": "its words did not arrive",
    "ObjectLostError": "its words were lost with their node",
    "OwnerDiedError": "its words were lost with their node",
    "ActorUnschedulableError": "no node can have it",
    "RuntimeEnvSetupError": "its node could not be set up",
    "AuthenticationError": "the cluster does not take our token",
}


def how(error: BaseException) -> str:
    """A few words; never what the error quotes, which may be anything."""
    name = type(error).__name__
    if name in _KINDS:
        return _KINDS[name]
    text = str(error)
    return next((words for sign, words in _TOLD if sign in text), f"its actor died ({name})")
