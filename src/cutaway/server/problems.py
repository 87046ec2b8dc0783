"""Answers that are not a picture: one class, one shape, for all APIs.

`{"errors": [{"title": ..., "code": ..., "detail": ...}]}` is remove.bg's shape; ours is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from cutaway.errors import CutawayError, ImageError, ModelError, OptionError, OutputError

TITLES: dict[str, str] = {
    "auth_failed": "An API key is needed",
    "failed_bg_download": "The background picture could not be downloaded",
    "failed_image_download": "The picture could not be downloaded",
    "failed_to_read_image": "The picture could not be read",
    "file_too_large": "The request is too large",
    "insufficient_credits": "Insufficient credits",
    "internal_error": "Something went wrong in the server",
    "invalid_api_key": "The API key is wrong",
    "invalid_bg_color": "Invalid bg_color",
    "invalid_bg_image_url": "Invalid bg_image_url",
    "invalid_body": "The request body could not be read",
    "invalid_channels": "Invalid channels",
    "invalid_crop": "Invalid crop",
    "invalid_crop_margin": "Invalid crop_margin",
    "invalid_dimensions": "The picture has dimensions that cannot be worked with",
    "invalid_file_type": "The file is no picture of a known type",
    "invalid_format": "Invalid format",
    "invalid_host": "The server is not known by this name",
    "invalid_image_url": "Invalid image_url",
    "invalid_model": "The model cannot be used",
    "invalid_option": "Invalid option",
    "invalid_origin": "Pages of this web site may not call the server",
    "invalid_position": "Invalid position",
    "invalid_roi": "Invalid roi",
    "invalid_scale": "Invalid scale",
    "invalid_semitransparency": "Invalid semitransparency",
    "invalid_shadow_opacity": "Invalid shadow_opacity",
    "invalid_shadow_type": "Invalid shadow_type",
    "invalid_size": "Invalid size",
    "invalid_type": "Invalid type",
    "invalid_type_level": "Invalid type_level",
    "missing_source": "No picture was given",
    "multiple_bg_sources": "More than one background was given",
    "multiple_sources": "More than one picture was given",
    "not_found": "There is nothing here",
    "not_implemented": "Not implemented",
    "not_ready": "It is not ready yet",
    "rate_limit_exceeded": "Too many pictures in a short time",
    "repeated_field": "A field was given more than once",
    "request_timeout": "The request took too long to arrive",
    "resolution_too_high": "The picture has too many pixels",
    "roi_exceeds_bounds": "The roi reaches beyond the picture",
    "roi_region_empty": "The roi is empty",
    "server_busy": "The server is busy",
    "time_limit": "The picture took too long",
    "unknown_field": "There is no such field",
    "unknown_foreground": "No subject was found in the picture",
}
"""Every code that an answer can carry, with its title."""


class Problem(CutawayError):
    """A request that is not answered with what was asked for.

    Args:
        status: of HTTP.
        code: one of `TITLES`.
        detail: one sentence about this case; it never repeats what the client sent beyond a field's short value.
        headers: more headers for the answer.
    """

    def __init__(
        self, status: int, code: str, detail: str = "", *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail or TITLES[code])
        self.status, self.code, self.detail = status, code, detail
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        error = {"title": TITLES[self.code], "code": self.code}
        return {"errors": [error | ({"detail": self.detail} if self.detail else {})]}

    def response(self) -> Response:
        """The whole answer."""
        return JSONResponse(self.body(), self.status, self.headers)


class ClientGoneError(CutawayError):
    """The client closed the connection: nobody waits for the answer."""


def problem_of(error: Exception) -> Problem:
    """What to answer when one of the package's own errors ends a request."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, OptionError):
        return Problem(400, "invalid_option", str(error))
    if isinstance(error, ImageError):
        return Problem(400, "failed_to_read_image", str(error))
    if isinstance(error, OutputError):
        return Problem(400, "invalid_dimensions", str(error))
    if isinstance(error, ModelError):
        return Problem(500, "internal_error", "the model cannot be used with this picture")
    return Problem(500, "internal_error")
