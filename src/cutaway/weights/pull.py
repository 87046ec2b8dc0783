"""Getting a model of the catalogue into the store: whole and verified, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from cutaway.errors import DownloadError, ModelError
from cutaway.weights.download import Progress, fetch
from cutaway.weights.published import entry_of
from cutaway.weights.store import CatalogueEntry, is_built_in, is_published

MIRROR = "CUTAWAY_MIRROR"
"""Environment variable: an address whose folder holds the catalogue's files under their own names."""


def pull(name: str, *, progress: Progress | None = None) -> Path:
    """Put a model of the catalogue into the store, unless it is there already.

    A transfer that broke off goes on where it stopped. The file takes its name when it is whole and has the
    catalogue's checksum. With `CUTAWAY_MIRROR` set it comes from there; proxies are those of the environment.

    Args:
        name: of a model in the catalogue.
        progress: called with bytes here and bytes in all (0 if unknown).

    Returns:
        Where the file is.

    Raises:
        ModelNotFoundError: there is no model by that name.
        ModelError: it cannot be fetched, only put there by hand.
        DownloadError: `CUTAWAY_OFFLINE` is set, the transfer failed, or the checksum is wrong.
    """
    entry = entry_of(name)
    if entry.path is not None and entry.is_here and (is_built_in(entry) or is_published(entry.path, entry)):
        return entry.path
    if not entry.address or entry.path is None:
        raise ModelError(
            f"model {name!r} cannot be fetched: put it at {str(entry.path)!r}, from {entry.source}"
        )
    if entry.sha256:
        return fetch(_address(entry), entry.path, sha256=entry.sha256, progress=progress)
    return _fetch_by_md5(entry, entry.path, progress=progress)


def _address(entry: CatalogueEntry) -> str:
    mirror = os.environ.get(MIRROR, "").rstrip("/")
    return f"{mirror}/{entry.address.rpartition('/')[2]}" if mirror else entry.address


def _fetch_by_md5(entry: CatalogueEntry, path: Path, *, progress: Progress | None) -> Path:
    """As `fetch`, under another name until the MD5 is seen to be right."""
    url = _address(entry)
    unchecked = fetch(url, path.with_name(f"{path.name}.unchecked"), progress=progress)
    if not is_published(unchecked, entry):
        unchecked.unlink()
        raise DownloadError(
            f"what came from {url} is not the file that was wanted: its MD5 is not {entry.md5}; "
            f"you can get it by other means and put it at {str(path)!r}"
        )
    return unchecked.replace(path)
