"""Between the photo and the network: pixels become the tensor it was trained on, its answer becomes a matte.

`shrink` and `to_tensor` are two steps because colour management stands between them (cheap on the small
picture), and because training feeds its network through the very same two functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from cutaway.errors import ModelError
from cutaway.pixels.resize import resize
from cutaway.types import Box, Floats, Matte, Pixels, Prepared, Size
from cutaway.weights.spec import ModelSpec, Resample

MAX_STRETCH = 4
"""No side of a tensor is longer than this many times the network's size, however long and thin the photo."""

_Array = TypeVar("_Array", Pixels, Floats)

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue in grey (ITU-R BT.601)."""


def tensor_size(frame_size: Size, spec: ModelSpec) -> Size:
    """The (height, width) at which the network sees a photo.

    With fit "area" the photo's aspect ratio is kept and the tensor has about size × size pixels; each side is
    rounded to a multiple of the stride, is at least one stride and at most `MAX_STRETCH` × size. With
    "stretch" it is (size, size).
    """
    if spec.fit == "stretch":
        return spec.size, spec.size
    height, width = frame_size
    tall = float(np.sqrt(height / width))
    return _side(spec.size * tall, spec), _side(spec.size / tall, spec)


def _side(length_px: float, spec: ModelSpec) -> int:
    longest = MAX_STRETCH * spec.size // spec.stride
    return spec.stride * int(np.clip(round(length_px / spec.stride), 1, longest))


def shrink(pixels: Pixels, size: Size, *, how: Resample = "area") -> Pixels:
    """Bring a photo to the network's size, still as integers: uint8 or uint16, (H, W, 3) to (h, w, 3)."""
    return _resized(pixels, size, how)


def _resized(array: _Array, size: Size, how: Resample) -> _Array:
    if how == "area":
        return resize(array, size)
    from cutaway.pixels.lanczos import lanczos

    return lanczos(array, size)


def to_tensor(small: Pixels, spec: ModelSpec) -> Floats:
    """Turn a picture of the network's size into its input.

    Args:
        small: uint8 or uint16 (h, w, 3), RGB in sRGB.
        spec: says how to scale and normalise, and whether the network wants colour or grey.

    Returns:
        float32 (1, C, h, w), contiguous: (value / maximum - mean) / std for each channel.
    """
    scaled = small.astype(np.float32)
    scaled /= _white(small, spec)
    if spec.channels == 1:
        scaled = (scaled @ LUMA)[..., None]
    scaled -= np.asarray(spec.mean, np.float32)
    scaled /= np.asarray(spec.std, np.float32)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])


def _white(small: Pixels, spec: ModelSpec) -> float:
    """The value that becomes 1; a black picture is divided by 1 instead of by its own maximum."""
    if spec.input_scale == "image-max":
        return max(float(small.max()), 1.0)
    return float(np.iinfo(small.dtype).max)


def prepare(
    pixels: Pixels,
    spec: ModelSpec,
    *,
    box: Box | None = None,
    convert: Callable[[Pixels], Pixels] | None = None,
    mirrored: bool = False,
) -> Prepared:
    """Make the network's input from a photo.

    Args:
        pixels: uint8 or uint16 (H, W, 3).
        spec: what the network wants.
        box: show it only this part of the photo; all of it if None.
        convert: brings the shrunken pixels to sRGB; None if the photo is sRGB already.
        mirrored: show it the mirror image.
    """
    frame_size = pixels.shape[0], pixels.shape[1]
    top, left, bottom, right = whole = box or (0, 0, *frame_size)
    small = shrink(
        pixels[top:bottom, left:right], tensor_size((bottom - top, right - left), spec), how=spec.resample
    )
    tensor = to_tensor(convert(small) if convert else small, spec)
    if mirrored:
        tensor = np.ascontiguousarray(tensor[..., ::-1])
    return Prepared(tensor, frame_size, whole, small, mirrored)


def restore(raw: Floats, prepared: Prepared, spec: ModelSpec) -> Matte:
    """Bring the network's answer back to the photo: the inverse of `prepare`.

    Args:
        raw: float32 (1, 1, h, w), or (1, 3, h, w) if the spec says "trimap": what the engine answered to
            `prepared.tensor`.
        prepared: what it was asked.
        spec: says what the numbers mean.

    Returns:
        A matte of the photo's size, zero outside the box that was shown.

    Raises:
        ModelError: the answer has another shape or is not all finite numbers.
    """
    top, left, bottom, right = prepared.box
    alpha = _resized(answered(raw, prepared, spec), (bottom - top, right - left), spec.resample)
    if alpha.shape != prepared.frame_size:
        part, alpha = alpha, np.zeros(prepared.frame_size, np.float32)
        alpha[top:bottom, left:right] = part
    return Matte.trusted(np.clip(alpha, 0, 1, out=alpha))  # the answer is finite


def answered(raw: Floats, prepared: Prepared, spec: ModelSpec) -> Floats:
    """The network's answer as alpha, float32 (h, w) in [0, 1], at the size it has and the right way round.

    Arguments and errors are those of `restore`.
    """
    _check_answer(raw, prepared, spec)
    raw = np.ascontiguousarray(raw[..., ::-1]) if prepared.mirrored else raw
    small = _soft_border(raw[0]) if spec.output == "trimap" else _activate(raw[0, 0], spec)
    return without_haze(small, spec.haze)


def _check_answer(raw: Floats, prepared: Prepared, spec: ModelSpec) -> None:
    wanted = (1, 3 if spec.output == "trimap" else 1, *prepared.tensor.shape[2:])
    if raw.shape != wanted or raw.dtype != np.float32:
        raise ModelError(
            f"model {spec.name!r} answered {raw.dtype} {raw.shape} where float32 {wanted} was expected: "
            "is its description (size, stride, output) right?"
        )
    if not np.isfinite(raw).all():
        raise ModelError(
            f"model {spec.name!r} answered NaN or infinity: the file is damaged or its description is wrong"
        )


def _activate(raw: Floats, spec: ModelSpec) -> Floats:
    if spec.output == "logits":
        # the logistic function, written so that it cannot overflow
        return np.asarray(0.5 + 0.5 * np.tanh(0.5 * raw), np.float32)
    if spec.output == "minmax":
        low, high = raw.min(), raw.max()
        if high > low:
            return np.asarray((raw - low) / (high - low), np.float32)
    return np.clip(raw, 0, 1)


def without_haze(alpha: Floats, haze: float) -> Floats:
    """Alpha stretched so that what lies within `haze` of 0 or 1 becomes that; see `ModelSpec.haze`."""
    return np.asarray(np.clip((alpha - haze) / (1 - 2 * haze), 0, 1), np.float32) if haze else alpha


def _soft_border(shares: Floats) -> Floats:
    """Alpha (h, w) from the shares (3, h, w) of background, subject and border: soft only where the border is.

    Where the border's share is the largest, the subject's share of subject and background together (one half if the
    border leaves nothing to either); elsewhere 1 where the subject's is larger, 0 where it is not.
    """
    background, subject, border = np.clip(shares, 0, 1)
    either = subject + background
    soft = np.divide(subject, either, out=np.full_like(subject, 0.5), where=either > 0)
    hard = (subject > background).astype(np.float32)
    return np.where(border > np.maximum(background, subject), soft, hard)
