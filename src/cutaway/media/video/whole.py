"""A file that another library writes, which takes its name only when it is complete."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from cutaway.errors import OutputError, OutputExistsError
from cutaway.media.files import AnyPath, printable


class WholeFile:
    """A hidden temporary file beside the result; `finish` gives it the result's name, `drop` deletes it.

    Args:
        path: the result. Missing folders are made.
        overwrite: whether a file of that name may be replaced.

    Attributes:
        temporary: path to write to.

    Raises:
        OutputExistsError: the result is there and may not be replaced.
        OutputError: the folder cannot be made, or a folder or a device has that name.
    """

    def __init__(self, path: AnyPath, *, overwrite: bool) -> None:
        self.path, self._overwrite = Path(path), overwrite
        self._refuse()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot write {printable(path)}: {error.strerror or error}") from error
        self.temporary = self.path.parent / f".{os.urandom(8).hex()}.tmp"

    def _refuse(self) -> None:
        if not os.path.lexists(self.path):
            return
        mode = self.path.lstat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
            raise OutputError(f"cannot write {printable(self.path)}: it is a folder or a device")
        if not self._overwrite:
            raise OutputExistsError(f"{printable(self.path)} exists already; allow overwriting to replace it")

    def finish(self) -> None:
        """Give the file its name.

        Raises:
            OutputError: it cannot be renamed, or another program made a file of that name in the meantime.
        """
        try:
            self._refuse()
            target = Path(os.path.realpath(self.path)) if self.path.is_symlink() else self.path
            self.temporary.replace(target)
        except OSError as error:
            self.drop()
            if isinstance(error, OutputError):
                raise
            raise OutputError(f"cannot write {printable(self.path)}: {error.strerror or error}") from error

    def drop(self) -> None:
        """Delete what has been written."""
        with contextlib.suppress(OSError):
            self.temporary.unlink(missing_ok=True)
