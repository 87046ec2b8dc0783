"""The web page's files: read once when the server starts, so that no path from a request reaches the file system."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cutaway.server.problems import Problem
from cutaway.server.service import route

INDEX = "index.html"

_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
"""Not asked of `mimetypes`: what it answers depends on the machine, and a module of another type is not run."""

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; object-src 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # asked for again each time, by its ETag: a new version is seen at once
}


class Front:
    """The endpoints of the web page: `/` and the files beside it, as `/page/NAME`.

    Args:
        folder: where index.html and what it needs lie.
    """

    def __init__(self, folder: Path) -> None:
        files = [path for path in sorted(folder.iterdir()) if path.suffix in _KINDS]
        self._files = {path.name: (path.read_bytes(), _KINDS[path.suffix]) for path in files}

    def routes(self) -> list[Route]:
        """Both."""
        return [route("/", self.index), route("/page/{name}", self.file)]

    async def index(self, request: Request) -> Response:
        """The page itself."""
        return self._answer(request, INDEX)

    async def file(self, request: Request) -> Response:
        """A style sheet, a script or a picture of the page."""
        return self._answer(request, request.path_params["name"])

    def _answer(self, request: Request, name: str) -> Response:
        if name not in self._files:
            raise Problem(404, "not_found", "the page has no such file")
        data, kind = self._files[name]
        tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        headers = {**_HEADERS, "ETag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(data, headers=headers, media_type=kind)
