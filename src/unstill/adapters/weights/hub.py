"""The model hub and its mirrors: listed by the hub's own client, fetched as plain ranges.

The client (huggingface_hub) is imported when a listing is asked for, not before: it takes a second. It is
given the endpoint and the token each time, because by itself it would send the token to whatever HF_ENDPOINT
names.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from unstill.adapters.weights.refusal import About, broken, odd, refused
from unstill.adapters.weights.sources import Listed, Listing, Name
from unstill.adapters.weights.wire import Errand, Wire, host_of
from unstill.version import __version__

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import ModelInfo

_ONE_IMPORT = threading.Lock()
"""Several threads that import a large package at once can each see half of it."""


class Hub:
    """Fits `unstill.adapters.weights.sources.Source`."""

    def __init__(self, name: Name, base: str, token: str | None, patience_s: float) -> None:
        """``token`` belongs to this host alone: give None for any mirror."""
        self._name, self._base, self._token, self._patience_s = name, base, token, patience_s

    @property
    def name(self) -> Name:
        return self._name

    @property
    def host(self) -> str:
        return host_of(self._base)

    def page(self, repo: str) -> str:
        return f"{self._base}/{repo}"

    def listing(self, wire: Wire, repo: str, revision: str | None) -> Listing:  # noqa: ARG002 another client
        about = About(repo, self.host, self.page(repo))
        return _listing(self._info(repo, revision, about), about)

    def errand(
        self, repo: str, listing: Listing, path: str, start: int = 0, end: int | None = None
    ) -> Errand:
        commit = quote(listing.commit or "main", safe="")
        url = f"{self._base}/{repo}/resolve/{commit}/{quote(path)}"
        return Errand(url, About(path, self.host, self.page(repo)), self._token, start, end)

    def _info(self, repo: str, revision: str | None, about: About) -> ModelInfo:
        with _ONE_IMPORT:
            import httpx2  # what the hub's client speaks HTTP by
            from huggingface_hub.errors import HfHubHTTPError, HFValidationError

            client = self._client()
        try:
            return client.model_info(
                repo, revision=revision, files_metadata=True, timeout=self._patience_s,
                token=self._token if self._token else False,
            )  # fmt: skip
        except HfHubHTTPError as error:
            headers: Mapping[str, str] = error.response.headers
            raise refused(error.response.status_code, headers, about) from error
        except HFValidationError as error:
            raise odd(about, "that is no name of a repository", "仓库名称无效") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise broken(error, about) from error
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise odd(about, "its answer is no list of files", "应答不是文件列表") from error

    def _client(self) -> HfApi:
        from huggingface_hub import HfApi, constants

        constants.HF_HUB_DISABLE_TELEMETRY = True  # or it asks a further address what runs it
        return HfApi(self._base, token=False, library_name="unstill", library_version=__version__)


def _listing(info: ModelInfo, about: About) -> Listing:
    """The client's words in ours. Raises `OddListing`."""
    files: dict[str, Listed] = {}
    for told in info.siblings or ():
        lfs = told.lfs
        size = lfs.size if lfs is not None else told.size
        sha256 = lfs.sha256 if lfs is not None else None
        if not isinstance(size, int) or size < 0:
            raise odd(
                about, f"it gives no size for {told.rfilename!r:.60}", f"没有 {told.rfilename!r:.60} 的大小"
            )
        git = None if lfs is not None else _hex(told.blob_id, 40)  # of a large file: of its pointer
        files[told.rfilename] = Listed(size, _hex(sha256, 64), git)
    if not _hex(info.sha, 40):
        raise odd(about, "it names no commit", "没有给出提交号")
    return Listing(info.sha, files)


def _hex(text: object, length: int) -> str | None:
    good = isinstance(text, str) and len(text) == length and all(c in "0123456789abcdef" for c in text)
    return str(text) if good else None
