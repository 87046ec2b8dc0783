"""Unpack a .tar.gz that came from elsewhere: only plain files, only inside the folder, and only so much."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from cutaway.errors import CutawayError, DataError, OutputError
from cutaway.media.files import printable

MAX_FILE_BYTES = 256 << 20
MAX_BYTES = 16 << 30
MAX_FILES = 500_000
"""Many times what any known set of photos has in one archive; beyond these it is refused."""


def unpack(
    archive: Path, folder: Path, *, wanted: Callable[[PurePosixPath], bool], progress: Callable[[int], None]
) -> None:
    """Unpack the wanted files of a .tar.gz, which is read once from front to back.

    Args:
        archive: the file.
        folder: gets the files, in the folders that the archive names.
        wanted: is asked about each plain file's path.
        progress: called with the number of bytes of the archive that have been read, after each file.

    Raises:
        DataError: it is no such archive, is damaged or cut off, or holds links, devices, paths that lead out of the
            folder, or absurd amounts; nothing outside the folder is written.
        OutputError: a file cannot be written.
    """
    try:
        with archive.open("rb") as stream, gzip.GzipFile(fileobj=stream) as content:
            unpacked = _unpack(
                content, archive, folder, wanted=wanted, progress=lambda: progress(stream.tell())
            )
            _read_to_end(content, archive, unpacked)
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
        if isinstance(error, CutawayError):
            raise
        raise DataError(
            f"{printable(archive)} is damaged, incomplete or no .tar.gz ({error}); download it again"
        ) from error


def _unpack(
    content: gzip.GzipFile,
    archive: Path,
    folder: Path,
    *,
    wanted: Callable[[PurePosixPath], bool],
    progress: Callable[[], None],
) -> int:
    """Unpack the members and tell how many bytes they have together."""
    total = 0
    with tarfile.open(fileobj=content, mode="r|") as tar:
        for number, member in enumerate(tar, 1):
            path = _safe_path(member, archive)
            total += member.size
            _refuse_absurd(member, archive, number=number, total=total)
            if member.isfile() and wanted(path):
                _write(tar, member, folder / path)
            progress()
    return total


def _read_to_end(content: gzip.GzipFile, archive: Path, unpacked: int) -> None:
    """Read what comes behind the last member, because the checksum of the whole is at the very end."""
    while rest := content.read(1 << 20):
        unpacked += len(rest)
        if unpacked > MAX_BYTES:
            raise DataError(f"{printable(archive)} goes on without end; it is not the official archive")


def _safe_path(member: tarfile.TarInfo, archive: Path) -> PurePosixPath:
    """The member's path, if it is a plain file or folder that stays inside.

    Raises:
        DataError: it is a link, a device or a pipe, or its path leads elsewhere on any system.
    """
    path = PurePosixPath(member.name)
    leads_out = path.is_absolute() or ".." in path.parts or any(c in member.name for c in "\\:\0")
    if leads_out or not (member.isfile() or member.isdir()):
        what = "a path that leads out of the folder" if leads_out else "a link or a device"
        raise DataError(
            f"{printable(archive)} holds {what} ({printable(member.name)}); it is not the official archive"
        )
    return path


def _refuse_absurd(member: tarfile.TarInfo, archive: Path, *, number: int, total: int) -> None:
    if member.size > MAX_FILE_BYTES or total > MAX_BYTES or number > MAX_FILES:
        raise DataError(
            f"{printable(archive)} holds more than any set of photos does ({number} files, {total} bytes, the last "
            f"{printable(member.name)} with {member.size}); it is not the official archive"
        )


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    content = tar.extractfile(member)
    assert content is not None  # it is a plain file
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        stream = target.open("xb")
    except OSError as error:
        raise OutputError(f"cannot write {printable(target)}: {error.strerror or error}") from error
    with content, stream:
        shutil.copyfileobj(content, stream)
