"""`POST /compose`: a photo and its matte in, the picture out, without a network.

For a matte that was corrected by hand, in our page or elsewhere.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cutaway.errors import unknown_name
from cutaway.making import unit
from cutaway.options import Options
from cutaway.result import Result
from cutaway.server.body import Form
from cutaway.server.fields import BACKGROUND, IMAGE, LOGO, MATTE, SCRIBBLES, compose_fields
from cutaway.server.own import Order
from cutaway.server.pictures import Answer, read_upload
from cutaway.server.problems import Problem
from cutaway.server.service import Service, route
from cutaway.server.work import Check
from cutaway.types import Cutout, Frame, Matte


class ComposeApi:
    """The endpoint."""

    def __init__(self, service: Service) -> None:
        self.service, self._max_pixels = service, service.settings.max_pixels

    def routes(self) -> list[Route]:
        """It alone."""
        return [route("/compose", self.compose, methods=("POST",))]

    async def compose(self, request: Request) -> Response:
        """Photo and matte in, picture out."""
        async with self.service.admitted(request) as client:
            form = await self.service.read(request)
            matte = _take_matte(form)
            order = Order.read(form)

            def work(check: Check) -> Answer:
                photo = self._picture(order.image, "the picture")
                self.service.charge(client, photo)
                result = lay(photo, matte_of(self._picture(matte, "the matte"), photo), options=order.options)
                below = None
                if order.background is not None:
                    below = self._picture(order.background, "the background")
                return order.make(result, check, background=below, max_pixels=self._max_pixels)

            answer = await self.service.workshop.run(request, work)
            answer.headers.update(self.service.rate.headers(client))
            return answer.response()

    def _picture(self, data: bytes, what: str) -> Frame:
        return read_upload(data, max_pixels=self._max_pixels, what=what)


def _take_matte(form: Form) -> bytes:
    """The matte's bytes, taken out of the form; what is left is read as `POST /remove` does.

    Raises:
        Problem: there is no matte, or an option is one that would make it.
    """
    for name in form.texts:
        if name not in compose_fields():
            known = [IMAGE, MATTE, BACKGROUND, LOGO, *compose_fields()]
            raise Problem(400, "unknown_field", unknown_name("field", name[:40], known))
    if SCRIBBLES in form.files:
        raise Problem(400, "unknown_field", "the matte is final: there is nothing for scribbles to change")
    matte = form.file(MATTE)
    if not matte:
        raise Problem(400, "missing_source", f"send the matte as the upload {MATTE!r}, white on black")
    del form.files[MATTE]
    return matte


def matte_of(picture: Frame, photo: Frame) -> Matte:
    """A grey picture as the matte of a photo.

    Args:
        picture: white is subject; of a coloured one the red channel counts.
        photo: whose size it must have.

    Raises:
        Problem: it has another size.
    """
    if picture.size != photo.size:
        (height, width), (tall, wide) = picture.size, photo.size
        detail = f"the matte has {width} x {height} pixels, the picture {wide} x {tall}"
        raise Problem(400, "invalid_dimensions", detail)
    return Matte(unit(picture.pixels[..., 0]))


def lay(photo: Frame, matte: Matte, *, options: Options) -> Result:
    """The result for a matte that is final: neither its edge nor the photo's own alpha changes it."""
    return Result(photo, matte, Cutout(photo.pixels, matte.alpha, photo.metadata, photo.time), options)
