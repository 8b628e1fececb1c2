"""Files in an S3-compatible object store, with a local folder where they are written first and read."""

from __future__ import annotations

import contextlib
import errno
import logging
import secrets
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from unstill.adapters.data_folder.sweep import UNCLAIMED
from unstill.adapters.storage.access import Access, Manners
from unstill.adapters.storage.bucket import Bucket
from unstill.adapters.storage.faults import Place
from unstill.adapters.storage.naming import FOLDERS, digest_of, inside, is_name
from unstill.adapters.storage.scratch import Scratch
from unstill.adapters.storage.upload import upload
from unstill.core.durable import beside, make_folder, sweep_partials, why
from unstill.domain.errors import DiskFull, FileMissing, UnstillError
from unstill.domain.service_errors import DataFolderFull, DataFolderNotWritable, StorageFailed

LOG = logging.getLogger(__name__)
PRIVATE = 0o700


class S3Storage:
    """Every method raises `StorageFailed` where the store does not do as it should; see `Storage`.

    An object is put in one step (or completed in one, from parts), with its size and SHA-256 beside it, and
    then looked at: what a killed process leaves is nothing, or all of it.
    """

    shared = True

    def __init__(self, place: Place, root: Path, access: Access, manners: Manners | None = None) -> None:
        self.root, self._place = root, place
        self._manners = manners or Manners()
        self._bucket = Bucket(place, access, self._manners)
        self._scratch = Scratch(root, self._manners.cache_bytes, self._is_kept)

    def __repr__(self) -> str:
        return f"S3Storage({str(self._place)!r}, root={str(self.root)!r})"

    def keep(self, names: Collection[str]) -> None:
        for name in names:
            path, grown = self._path(name), 0
            with self._scratch.held(name), self._local():
                if self._scratch.is_whole(name, path) and self._bucket.head(name):
                    continue
                if path.is_file():
                    upload(self._bucket, name, path)
                    self._scratch.note_whole(name, path)
                    grown = path.stat().st_size
                else:
                    self._must_be_there(name)
            self._scratch.grow(grown)

    def at_hand(self, name: str) -> Path:
        path, grown = self._path(name), 0
        with self._scratch.held(name), self._local():
            if not self._scratch.is_whole(name, path) and not self._ours(name, path):
                self._fetch(name, path)
                grown = path.stat().st_size
            self._scratch.use(path)
        self._scratch.grow(grown)
        return path

    def remove(self, names: Iterable[str]) -> None:
        for name in names:
            try:
                path = self._path(name)
                with self._scratch.held(name):
                    self._bucket.delete(name)
                    self._scratch.drop(name, path)
            except (OSError, UnstillError) as error:
                LOG.warning("%s cannot be removed (%s)", name, error)

    def holds(self, name: str, size_bytes: int, sha256: str) -> bool:
        """By what the object says of itself; one that says nothing, put there by other means, is read."""
        self._path(name)
        found = self._bucket.head(name)
        if found is None or found.size_bytes != size_bytes:
            return False
        told = found.told_sha256 if found.whole else self._bucket.digest(name)
        return told == sha256

    def names(self, folder: str) -> Iterator[tuple[str, float]]:
        self._path(folder)
        return (found for found in self._bucket.listed(folder) if is_name(found[0]))

    def put_aside(self, name: str) -> bool:
        to = f"{UNCLAIMED}/{Path(name).name}"
        try:
            self._path(name)
            found = self._bucket.head(name)
            if found is None or not self._bucket.copy(name, to):
                return False
            copied = self._bucket.head(to)
            if copied is None or copied.size_bytes != found.size_bytes:
                raise self._bucket.damaged(to)
        except UnstillError as error:
            LOG.warning("%s belongs to no job and cannot be moved (%s)", name, error)
            return False
        self.remove([name])
        LOG.warning("%s belongs to no job; it is in %s now", name, UNCLAIMED)
        return True

    def clear_halves(self, older_than_s: float) -> int:
        """Also what stands in the local folder and not in the store, when nobody can be about to keep it."""
        cleared = sum(sweep_partials(self.root / folder) for folder in FOLDERS)
        try:
            cleared += self._scratch.clear_gone(
                older_than_s, lambda name: self._bucket.head(name) is not None
            )
            return cleared + self._bucket.abort_uploads(older_than_s)
        except UnstillError as error:  # not every store lists uploads
            LOG.warning("uploads that broke off are not cleared away (%s)", error)
            return cleared

    def check(self) -> None:
        """Also that it may be listed, and that what an object says of itself comes back."""
        name, content = f"check/{secrets.token_hex(8)}", secrets.token_bytes(64)
        with self._local():
            for folder in FOLDERS:
                make_folder(self.root / folder, PRIVATE)
            with self._small(content) as path:
                try:
                    sha256 = upload(self._bucket, name, path)
                    if self._bucket.digest(name) != sha256:
                        raise self._bucket.damaged(name)
                    next(self._bucket.listed("check"), None)
                finally:
                    with contextlib.suppress(StorageFailed):
                        self._bucket.delete(name)
        if self._bucket.head(name) is not None:
            raise StorageFailed(
                where=self._place, reason="what was removed is there still", reason_zh="已删除的对象仍然存在"
            )  # fmt: skip

    def _path(self, name: str) -> Path:
        return inside(self.root, name, str(self._place))

    def _must_be_there(self, name: str) -> None:
        found = self._bucket.head(name)
        if found is None:
            raise StorageFailed(
                where=self._place, reason=f"{name} is neither here nor there",
                reason_zh=f"本机和存储中都没有 {name}",
            )  # fmt: skip
        if not found.whole:
            raise self._bucket.damaged(name)

    def _ours(self, name: str, path: Path) -> bool:
        """Whether a local file that we know nothing of is good: it is what the store has, or the store has
        nothing, since it is to be kept yet. After a power cut a copy may be neither."""
        if not path.is_file():
            return False
        if self._is_kept(name, path):
            self._scratch.note_whole(name, path)
            return True
        return self._bucket.head(name) is None

    def _is_kept(self, name: str, path: Path) -> bool:
        found = self._bucket.head(name)
        if found is None or not found.whole or found.size_bytes != path.stat().st_size:
            return False
        return found.told_sha256 == digest_of(path)

    def _fetch(self, name: str, path: Path) -> None:
        make_folder(path.parent, PRIVATE)
        with beside(path) as partial:
            self._download(name, partial)
            partial.replace(path)
        self._scratch.note_whole(name, path)

    def _download(self, name: str, partial: Path) -> None:
        """As often as it breaks off, or is not what was written, a few times."""
        for _ in self._bucket.tries():
            with partial.open("wb") as file:
                found = self._bucket.read(name, file.write)
                size = file.tell()
            if found is None:
                raise FileMissing(path=name)
            stored, came = found
            if isinstance(came, str) and size == stored.size_bytes and stored.told_sha256 in (None, came):
                return
            broken = self._bucket.damaged(name) if isinstance(came, str) else came
            LOG.warning("%s did not arrive whole (%s)", name, broken.code)
        raise broken

    @contextlib.contextmanager
    def _small(self, content: bytes) -> Iterator[Path]:
        path = self.root / f".check-{secrets.token_hex(8)}"
        try:
            path.write_bytes(content)
            yield path
        finally:
            path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _local(self) -> Iterator[None]:
        """Errors of the local folder's disk in our words."""
        try:
            yield
        except DiskFull as error:
            raise DataFolderFull(path=self.root) from error
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DataFolderFull(path=self.root) from error
            raise DataFolderNotWritable(path=self.root, **why(error)) from error
