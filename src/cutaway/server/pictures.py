"""Uploaded bytes to frames, results to answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.responses import Response

from cutaway.errors import ImageError, ImageTooLargeError, MissingExtraError
from cutaway.formats import TABLE
from cutaway.media.images import read_image
from cutaway.media.opening import open_picture
from cutaway.server.problems import Problem
from cutaway.types import Frame, Size

MEDIA_TYPES = {name: form.media_type for name, form in TABLE.items()}


@dataclass(frozen=True)
class Answer:
    """A finished picture (or zip) on its way out."""

    data: bytes
    format: str
    size: Size
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """The HTTP answer, with the picture's size in `X-Width` and `X-Height`."""
        height, width = self.size
        headers = {
            "X-Width": str(width),
            "X-Height": str(height),
            "Cache-Control": "no-store",
            **self.headers,
        }
        return Response(self.data, 200, headers, media_type=MEDIA_TYPES[self.format])


def read_upload(data: bytes, *, max_pixels: int, what: str = "the picture") -> Frame:
    """Decode a picture that came from outside; its size is checked before its pixels are decoded.

    Raises:
        Problem: it is no picture (invalid_file_type), has too many pixels, or is damaged.
    """
    try:
        with open_picture(data, max_pixels=max_pixels):
            pass
    except ImageTooLargeError as error:
        raise _too_many(what, max_pixels) from error
    except MissingExtraError as error:
        raise Problem(400, "invalid_file_type", f"{what} is HEIC, which this server cannot read") from error
    except ImageError as error:
        raise Problem(400, "invalid_file_type", f"{what}: {_reason(error)}") from error
    try:
        return read_image(data, max_pixels=max_pixels)
    except ImageTooLargeError as error:
        raise _too_many(what, max_pixels) from error
    except ImageError as error:
        raise Problem(400, "failed_to_read_image", f"{what}: {_reason(error)}") from error


def _too_many(what: str, max_pixels: int) -> Problem:
    return Problem(400, "resolution_too_high", f"{what} has more than {max_pixels / 1e6:g} megapixels")


def _reason(error: ImageError) -> str:
    return str(error).removeprefix("the picture: ")
