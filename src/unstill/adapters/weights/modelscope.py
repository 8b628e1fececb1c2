"""ModelScope, by its plain file API: a listing with sha256 for every file, and files by range.

Written from the addresses that its own client uses (``/api/v1/models/.../repo/files`` and ``/repo``); tested
against an imitation on a loopback port, never against ModelScope itself.
"""

from __future__ import annotations

from urllib.parse import urlencode

from unstill.adapters.weights.refusal import About, odd
from unstill.adapters.weights.sources import Listed, Listing, Name
from unstill.adapters.weights.wire import Errand, Wire, host_of

REVISION = "master"
"""Its usual branch. A commit of the hub means nothing there, so files are told by their hashes alone."""


class ModelScope:
    """Fits `unstill.adapters.weights.sources.Source`. No token is ever sent there."""

    def __init__(self, base: str) -> None:
        self._base = base

    @property
    def name(self) -> Name:
        return "modelscope"

    @property
    def host(self) -> str:
        return host_of(self._base)

    def page(self, repo: str) -> str:
        return f"{self._base}/models/{repo}"

    def listing(self, wire: Wire, repo: str, revision: str | None) -> Listing:  # noqa: ARG002 see REVISION
        about = About(repo, self.host, self.page(repo))
        query = urlencode({"Revision": REVISION, "Recursive": "true"})
        told = wire.json(Errand(f"{self._base}/api/v1/models/{repo}/repo/files?{query}", about))
        try:
            return Listing(
                None, {str(f["Path"]): _listed(f) for f in told["Data"]["Files"] if f["Type"] == "blob"}
            )
        except (KeyError, TypeError, ValueError) as error:
            raise odd(about, "its answer is no list of files", "应答不是文件列表") from error

    def errand(
        self,
        repo: str,
        listing: Listing,  # noqa: ARG002 see REVISION
        path: str,
        start: int = 0,
        end: int | None = None,
    ) -> Errand:
        query = urlencode({"Revision": REVISION, "FilePath": path})
        url = f"{self._base}/api/v1/models/{repo}/repo?{query}"
        return Errand(url, About(path, self.host, self.page(repo)), None, start, end)


def _listed(told: dict[str, object]) -> Listed:
    size, sha256 = told["Size"], str(told.get("Sha256") or "").lower()
    if not isinstance(size, int) or size < 0:
        raise ValueError(size)
    good = len(sha256) == 64 and all(c in "0123456789abcdef" for c in sha256)
    return Listed(size, sha256 if good else None)
