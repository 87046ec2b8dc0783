"""A drop-in for `import rembg`: `from cutaway.compat import rembg`, or `from cutaway.compat.rembg import remove`.

It follows rembg 2.0.86: the same functions with the same arguments, and the same kind of thing out as in: bytes give
PNG bytes, a Pillow image a Pillow image, an array an array. What cannot be the same is said once by a warning
(`RembgWarning`), never silently.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

import numpy as np
import numpy.typing as npt

from cutaway.errors import ModelNotFoundError
from cutaway.kept import Kept
from cutaway.options import DeviceName, Options
from cutaway.pixels.solid import smooth_mask
from cutaway.remover import Remover
from cutaway.result import Result
from cutaway.types import Matte

if TYPE_CHECKING:
    from PIL import Image

Rgba: TypeAlias = tuple[int, int, int, int]
Data: TypeAlias = "bytes | Image.Image | npt.NDArray[np.uint8]"
_Data = TypeVar("_Data", bytes, "Image.Image", npt.NDArray[np.uint8])

__all__ = ["BaseSession", "RembgWarning", "new_session", "remove", "sessions_names"]

OUR_MODEL = "default"
NAMES = (
    "u2net", "u2netp", "u2net_human_seg", "u2net_cloth_seg", "u2net_custom", "silueta", "isnet-general-use",
    "isnet-anime", "dis_custom", "sam", "birefnet-general", "birefnet-general-lite", "birefnet-general-fp16",
    "birefnet-portrait", "birefnet-dis", "birefnet-hrsod", "birefnet-cod", "birefnet-massive", "ben_custom",
    "bria-rmbg", "withoutbg", "atlascloud",
)  # fmt: skip
"""rembg's names of models; those that the catalogue has, and that are on this machine, can be used."""


class RembgWarning(UserWarning):
    """Something is not quite as in rembg."""


class BaseSession:
    """An opened model.

    Attributes:
        model_name: its name.
    """

    def __init__(self, model_name: str, remover: Remover) -> None:
        self.model_name = model_name
        self.remover = remover

    def __repr__(self) -> str:
        return f"BaseSession({self.model_name!r})"

    def predict(self, img: Image.Image) -> list[Image.Image]:
        """The mask of a picture as a grey Pillow image of its size, in a list of one."""
        return [self.remover.remove(img, options=Options(mask_only=True)).to_pil()]

    @classmethod
    def name(cls) -> str:
        """What rembg calls a kind of session."""
        return OUR_MODEL


def sessions_names() -> list[str]:
    """The names that `new_session` can open here, ours first."""
    from cutaway.weights.store import catalogue

    return sorted((e.name for e in catalogue() if e.is_here), key=lambda name: (name != OUR_MODEL, name))


def new_session(
    model_name: str | None = None, sess_opts: Any = None, providers: Sequence[Any] | None = None
) -> BaseSession:
    """Open a model.

    Args:
        model_name: a name of the catalogue (some are rembg's own), or the path of a .onnx file that says how to feed
            it. None is Cutaway's built-in model, whatever rembg's default is at the time.
        sess_opts: ONNX Runtime's session options; only `intra_op_num_threads` is looked at.
        providers: ONNX Runtime's providers; one alone asks for its device, else it is automatic.

    Raises:
        ModelNotFoundError: there is no such model, or it is not on this machine; nothing is downloaded by itself.
        DeviceError: the device that was asked for does not work.
    """
    if model_name is None:
        _say_once(
            f"no model was named: Cutaway's built-in {OUR_MODEL!r} is used, which is not rembg's default"
        )
    name = model_name or OUR_MODEL
    threads = int(getattr(sess_opts, "intra_op_num_threads", 0) or 0)
    options = Options(model=name, device=_device(providers), threads=threads)
    try:
        return BaseSession(name, Remover(options=options))
    except ModelNotFoundError as error:
        if name not in NAMES:
            raise
        raise ModelNotFoundError(_not_here(name)) from error


def _not_here(name: str) -> str:
    here = ", ".join(sessions_names())
    return f"rembg's model {name!r} is not on this machine and is not fetched by itself; here are: {here}"


def _device(providers: Sequence[Any] | None) -> DeviceName:
    """rembg's providers are names or (name, options)."""
    names = [one if isinstance(one, str) else one[0] for one in providers or ()]
    if len(names) != 1:
        return "auto"
    from cutaway.engines.providers import CPU, DEVICES

    devices: dict[str, DeviceName] = {
        name: device for device, one in DEVICES.items() for name in one.providers
    }
    return "cpu" if names == [CPU] else devices.get(names[0], "auto")


def remove(
    data: _Data,
    alpha_matting: bool = False,
    alpha_matting_foreground_threshold: int = 240,
    alpha_matting_background_threshold: int = 10,
    alpha_matting_erode_size: int = 10,
    session: BaseSession | None = None,
    only_mask: bool = False,
    post_process_mask: bool = False,
    decontaminate: bool = False,
    vitmatte: bool = False,
    vitmatte_model: str | None = None,
    bgcolor: Rgba | None = None,
    force_return_bytes: bool = False,
) -> _Data:
    """Remove the background of one picture.

    Args:
        data: bytes of a picture file, a Pillow image, or a uint8 array (H, W), (H, W, 3) or (H, W, 4).
        alpha_matting: not computed; the model's own soft edge is kept, and a warning says so once.
        alpha_matting_foreground_threshold, alpha_matting_background_threshold, alpha_matting_erode_size: go with it.
        session: of `new_session`; None is the built-in model, opened once.
        only_mask: give the mask (L) instead of the cut-out.
        post_process_mask: make the mask hard, with a smooth outline.
        decontaminate, vitmatte, vitmatte_model: rembg's own ways to refine an edge; a warning says once that the
            colours and the edge are Cutaway's own instead.
        bgcolor: (red, green, blue, alpha), 0 to 255 each, to lay behind the subject.
        force_return_bytes: give PNG bytes whatever came in.

    Returns:
        The same kind as `data`: PNG bytes, a Pillow image (RGBA, L for a mask) or a uint8 array (H, W, 4), (H, W).

    Raises:
        ImageError: it cannot be read as a picture.
    """
    for name, given in (
        ("alpha_matting", alpha_matting),
        ("vitmatte", vitmatte),
        ("decontaminate", decontaminate),
    ):
        if given:
            _say_once(f"{name} is not computed: Cutaway's own edge and colours are kept")
    options = Options(mask_only=only_mask, format="png")
    result = (session or _own_session()).remover.remove(data, options=options)
    if post_process_mask:
        result = _with_hard_mask(result)
    if bgcolor is not None and not only_mask:
        result = result.over("#{:02x}{:02x}{:02x}{:02x}".format(*bgcolor))
    return cast(_Data, _like(data, result, as_bytes=force_return_bytes))


def _with_hard_mask(result: Result) -> Result:
    alpha = smooth_mask(result.cutout.alpha)
    return replace(result, matte=Matte(alpha), cutout=replace(result.cutout, alpha=alpha))


def _like(data: Any, result: Result, *, as_bytes: bool) -> Any:
    """The result as the kind of thing that came in."""
    image = result.to_pil()
    if image.mode == "RGB":  # on a background rembg's picture is RGBA all the same
        image.putalpha(255)
    if as_bytes or isinstance(data, bytes | bytearray | memoryview):
        out = io.BytesIO()
        image.save(out, "PNG", icc_profile=image.info.get("icc_profile"))
        return out.getvalue()
    return np.asarray(image) if isinstance(data, np.ndarray) else image


_sessions: Kept[str, BaseSession] = Kept(1)


def _own_session() -> BaseSession:
    """The built-in model, opened once."""
    return _sessions.get(OUR_MODEL, new_session)


_said: set[str] = set()
_saying = threading.Lock()


def _say_once(text: str) -> None:
    with _saying:
        if text in _said:
            return
        _said.add(text)
    warnings.warn(text, RembgWarning, stacklevel=3)
