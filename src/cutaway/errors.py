"""Every error Cutaway raises on purpose; catch `CutawayError` to catch them all.

Each one is also the builtin a careful caller would expect::

    CutawayError
    ├── OptionError          (ValueError)         an option is unknown, out of range or contradicts another
    ├── ImageError           (ValueError)         a picture cannot be read: no picture, damaged, unsupported
    │   └── ImageTooLargeError                    more pixels than the decompression-bomb guard allows
    ├── OutputError          (OSError)            a result cannot be written: no permission, disk full, ...
    │   └── OutputExistsError (FileExistsError)   the result is already there and may not be replaced
    ├── ModelError           (ValueError)         a model file is damaged or is not one that Cutaway can run
    │   └── ModelNotFoundError (FileNotFoundError)  no model by that name or path
    ├── DownloadError        (OSError)            a file cannot be fetched, or is not the one that was wanted
    ├── DeviceError          (RuntimeError)       the asked-for device or engine cannot be used here
    ├── DataError            (ValueError)         a training set cannot be used as it is
    ├── CheckpointError      (ValueError)         a checkpoint is damaged or belongs to another training run
    └── MissingExtraError    (ImportError)        a feature needs an extra; the message names its `pip install`

The message says what was wrong, what was given and what to do about it, in one line that can be shown as it is.
"""

from __future__ import annotations

from collections.abc import Iterable


class CutawayError(Exception):
    """Root of all errors that Cutaway raises on purpose."""


class OptionError(CutawayError, ValueError):
    """An option is unknown, has an impossible value or contradicts another one."""


class ImageError(CutawayError, ValueError):
    """A picture cannot be read: it is no picture, is damaged, or has a format that is not supported."""


class ImageTooLargeError(ImageError):
    """A picture claims more pixels than the decompression-bomb guard allows."""


class OutputError(CutawayError, OSError):
    """A result cannot be written."""


class OutputExistsError(OutputError, FileExistsError):
    """The result is already there and replacing it was not asked for."""


class ModelError(CutawayError, ValueError):
    """A model file is damaged, or is not one that Cutaway knows how to feed."""


class ModelNotFoundError(ModelError, FileNotFoundError):
    """There is no model by that name or path."""


class DownloadError(CutawayError, OSError):
    """A file cannot be fetched: no network, no such address, a wrong checksum, or downloads are switched off."""


class DeviceError(CutawayError, RuntimeError):
    """The device or engine that was asked for cannot be used on this machine."""


class DataError(CutawayError, ValueError):
    """A training or evaluation set cannot be used as it is."""


class CheckpointError(CutawayError, ValueError):
    """A checkpoint is damaged or does not belong to the run it is used with."""


def install_line(extra: str) -> str:
    """How to install an extra. Cutaway is installed from its checkout: the name on PyPI is not ours to recommend."""
    return f"in Cutaway's checkout: pip install -e '.[{extra}]'"


class MissingExtraError(CutawayError, ImportError):
    """A feature needs packages that are not installed; the message names the `pip install` line."""

    def __init__(self, feature: str, extra: str, package: str) -> None:
        super().__init__(
            f"{feature} needs the package {package!r}, which is not installed; {install_line(extra)}"
        )
        self.extra = extra
        self.package = package


def near_name(name: str, known: Iterable[str]) -> str:
    """' Did you mean 'remove'?' where a known name is close to the given one, else nothing."""
    import difflib  # only mistakes need it

    near = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def unknown_name(what: str, name: str, known: Iterable[str]) -> str:
    """One line that says a name is unknown, which one was probably meant, and which there are."""
    names = list(known)
    return f"there is no {what} {name!r}.{near_name(name, names)} Known: {', '.join(names)}"
