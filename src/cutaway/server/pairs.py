"""`POST /pairs`: a photo and its matte, corrected by hand, into the folder that `cutaway serve --pairs` named.

The folder has the layout that `cutaway train` reads: images/NAME.jpg and masks/NAME.png.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cutaway.errors import OutputError, OutputExistsError, unknown_name
from cutaway.media.encode import encode
from cutaway.media.files import write_atomic
from cutaway.media.opening import open_picture
from cutaway.server.compose import matte_of
from cutaway.server.fields import IMAGE, MATTE
from cutaway.server.names import plain_stem
from cutaway.server.pictures import read_upload
from cutaway.server.problems import Problem
from cutaway.server.service import Service, route
from cutaway.server.work import Check
from cutaway.types import Frame, Matte

_SUFFIXES = {
    "JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "TIFF": ".tif", "BMP": ".bmp", "GIF": ".gif", "AVIF": ".avif",
}  # fmt: skip
_MOST_OF_ONE_NAME = 10_000


class PairsApi:
    """The endpoint; without a folder it answers 404."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def routes(self) -> list[Route]:
        """It alone."""
        return [route("/pairs", self.pairs, methods=("POST",))]

    async def pairs(self, request: Request) -> Response:
        """Photo and matte in; 201 and the name under which both were kept."""
        folder = self.service.settings.pairs
        if folder is None:
            raise Problem(404, "not_found", "start the server with --pairs FOLDER to keep training pairs")
        async with self.service.admitted(request) as client:
            form = await self.service.read(request)
            for name in (*form.texts, *form.files):
                if name not in (IMAGE, MATTE):
                    raise Problem(400, "unknown_field", unknown_name("upload", name[:40], [IMAGE, MATTE]))
            photo, matte = form.file(IMAGE), form.file(MATTE)
            if not photo or not matte:
                raise Problem(
                    400, "missing_source", f"send two uploads: {IMAGE!r} and {MATTE!r}, white on black"
                )
            own_name = form.names[IMAGE][0]

            def work(check: Check) -> str:
                frame = self._picture(photo, "the photo")
                self.service.charge(client, frame)
                mask = matte_of(self._picture(matte, "the matte"), frame)
                check()
                return keep(Path(folder), photo, mask, own_name=own_name)

            stem = await self.service.workshop.run(request, work)
        return JSONResponse({"name": stem}, 201)

    def _picture(self, data: bytes, what: str) -> Frame:
        return read_upload(data, max_pixels=self.service.settings.max_pixels, what=what)


def keep(folder: Path, photo: bytes, matte: Matte, *, own_name: str) -> str:
    """Write a pair under a name of its own.

    Args:
        folder: where images/ and masks/ are, or will be.
        photo: the file as it came; kept as it is.
        matte: becomes an 8-bit PNG.
        own_name: what the client calls the photo; of it only letters, digits and a few marks are used.

    Returns:
        The stem that both files have.

    Raises:
        Problem: the photo is of a type that is not trained with, or the files cannot be written.
    """
    suffix, mask = _suffix(photo), encode(matte, format="png")
    plain = plain_stem(own_name) or "photo"
    try:
        for stem in (plain, *(f"{plain}-{n}" for n in range(2, _MOST_OF_ONE_NAME))):
            with suppress(OutputExistsError):
                _write(folder, stem, suffix, photo, mask)
                return stem
    except OutputError as error:  # its words name folders of this machine
        raise Problem(500, "internal_error", "the server cannot write to its folder of pairs") from error
    raise Problem(400, "invalid_option", "there are too many pairs of this name")


def _write(folder: Path, stem: str, suffix: str, photo: bytes, mask: bytes) -> None:
    """The mask first: its name is the same for every type of photo, and cannot be taken twice."""
    write_atomic(folder / "masks" / f"{stem}.png", mask, overwrite=False)
    try:
        write_atomic(folder / "images" / f"{stem}{suffix}", photo, overwrite=False)
    except OutputError:
        (folder / "masks" / f"{stem}.png").unlink(missing_ok=True)
        raise


def _suffix(photo: bytes) -> str:
    with open_picture(photo) as opened:
        found = _SUFFIXES.get(opened.image.format or "")
    if found is None:
        raise Problem(
            400, "invalid_file_type", "photos of this type cannot be trained with: send a JPEG or PNG"
        )
    return found
