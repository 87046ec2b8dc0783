"""Writing results whole or not at all, and what a file's suffix says."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import time
from pathlib import Path
from typing import BinaryIO, TypeAlias

from cutaway.errors import OutputError, OutputExistsError
from cutaway.formats import TABLE

AnyPath: TypeAlias = str | os.PathLike[str]

LEFT_OVER_S = 600.0
"""A temporary file that nobody has written to for so long was left over."""
_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.tmp")

_SUFFIXES = {suffix: name for name, form in TABLE.items() for suffix in form.suffixes}


def suffix_format(path: AnyPath) -> str | None:
    """The output format that a file name asks for, or None."""
    return _SUFFIXES.get(Path(path).suffix.lower())


def printable(path: AnyPath | bytes) -> str:
    """A path as one line of valid Unicode: control characters and undecodable bytes are escaped."""
    text = os.fsdecode(path)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def write_atomic(path: AnyPath, data: bytes, *, overwrite: bool) -> None:
    """Write a file so that it is there complete or not at all, whatever goes wrong on the way.

    The bytes go to a hidden temporary file in the same folder, which then takes the name. Missing folders are
    made. Without `overwrite` the last step cannot replace a file that another program made in the meantime,
    where the file system can promise that (hard links, or Windows). A link is followed; a device or pipe
    (`/dev/stdout`) is written to directly, because it cannot be renamed over.

    Raises:
        OutputExistsError: the file is there and `overwrite` is False.
        OutputError: it cannot be written: no permission, disk full, a folder of that name, a name too long.
    """
    try:
        target = Path(path)
        if _is_special(target):
            with target.open("wb") as stream:
                stream.write(data)
            return
        if overwrite and target.is_symlink():
            target = Path(os.path.realpath(target))
        if not overwrite and os.path.lexists(target):
            raise FileExistsError(f"{target} exists")
        _make_folder(target.parent)
        _write_and_rename(target, data, overwrite=overwrite)
    except FileExistsError as error:
        message = f"{printable(path)} exists already; allow overwriting to replace it"
        raise OutputExistsError(message) from error
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(f"cannot write {printable(path)}: {reason}") from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:  # not the result is there already, but a file in the place of its folder
        raise NotADirectoryError(errno.ENOTDIR, "a part of the path is not a folder") from error


def _is_special(path: Path) -> bool:
    """Whether the path is a device, a pipe or a socket."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISBLK(mode)


def _write_and_rename(target: Path, data: bytes, *, overwrite: bool) -> None:
    # Not the target's name with a suffix, which may be too long; hidden, so that folder walks skip it.
    temporary = target.parent / f".{os.urandom(8).hex()}.tmp"
    try:
        with _create(temporary) as stream:
            stream.write(data)
        if overwrite:
            temporary.replace(target)
        else:
            _rename_to_new(temporary, target)
    except BaseException:  # also KeyboardInterrupt: nothing half-written stays behind
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files that a killed process left in a folder; younger ones may belong to one that is at work."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if _TEMPORARY.fullmatch(path.name) and time.time() - path.stat().st_mtime > LEFT_OVER_S:
                path.unlink()


def _create(path: Path) -> BinaryIO:
    # Not tempfile: its files are private (0600), a result should have the permissions that any new file gets.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o666), "wb")


def _rename_to_new(temporary: Path, target: Path) -> None:
    """Give the file its name unless something has that name already.

    Raises:
        FileExistsError: something has.
    """
    if os.name == "nt":
        temporary.rename(target)  # refuses an existing target there
        return
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):  # no hard links on this file system: the small race remains
        if os.path.lexists(target):
            raise FileExistsError(f"{target} exists") from None
        temporary.replace(target)
    else:
        temporary.unlink()
