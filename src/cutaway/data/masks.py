"""Read mask files, one or all of a set, as values and as mattes."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from cutaway.data.colour_maps import as_codes, is_near, shown_colour, voc_colours, voc_numbers
from cutaway.data.infer import NEAR, NEAR_SHARE, Counts, infer_reading
from cutaway.data.pairs import Pair
from cutaway.data.readings import READINGS, MaskReading, parse_reading
from cutaway.errors import DataError, ImageError
from cutaway.media.opening import decoding, load_pixels, open_picture
from cutaway.types import Floats

__all__ = [
    "READINGS", "Counts", "MaskReading", "RawMask", "count_values", "infer_reading", "parse_reading",
    "read_indices", "read_mask", "read_matte", "read_raw", "reading_for", "with_readings",
]  # fmt: skip

COLOURED = 128
"""Red, green and blue of a grey picture never lie this far apart, whatever compressed it."""
BAND_PX = 1 << 20


@dataclass(frozen=True, eq=False)
class RawMask:
    """A mask file's own values.

    Attributes:
        values: uint8 (H, W), as `read_indices` gives them.
        voc: whether it is a palette picture in the colours of PASCAL VOC, whose values are class numbers.
    """

    values: npt.NDArray[np.uint8]
    voc: bool = False


def read_raw(path: Path, *, reading: MaskReading | None = None) -> RawMask:
    """The mask file's own values, upright.

    Grey as it is, 16 bits shifted to 8, 1-bit as 0/255; a palette of greys by its greys, of colours by its indices;
    RGBA by its alpha where that says something; RGB must be grey in all but name, unless the reading is one of
    colours: "voc" turns VOC's colours into class numbers, "colours" the listed ones into 1 and all others into 0.

    Raises:
        DataError: unreadable, or a coloured picture and no reading of colours, or colours that are not VOC's.
    """
    try:
        with open_picture(path) as opened, decoding(opened.name):
            load_pixels(opened.image)
            image = _upright(opened.image)
            if reading is not None and reading.kind == "colours":
                return RawMask(
                    _from_colours(image, reading.values, lossy=opened.image.format in ("JPEG", "MPO"))
                )
            if reading is not None and reading.kind == "voc":
                return RawMask(_from_voc(image, path))
            return RawMask(_to_grey(image, path), _has_voc_palette(image))
    except ImageError as error:
        raise DataError(f"{error}") from error


def read_indices(path: Path, *, reading: MaskReading | None = None) -> npt.NDArray[np.uint8]:
    """The mask file's own values, upright, as uint8 (H, W): the values of `read_raw`.

    Raises:
        DataError: as `read_raw` does.
    """
    return read_raw(path, reading=reading).values


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its EXIF says, like the photo it belongs to; TIFF was turned by Pillow when it was loaded."""
    return image if image.format == "TIFF" else ImageOps.exif_transpose(image)


def _to_grey(image: Image.Image, path: Path) -> npt.NDArray[np.uint8]:
    if image.mode == "1":
        return np.asarray(image).astype(np.uint8) * np.uint8(255)
    if image.mode == "L":
        return np.asarray(image).astype(np.uint8)
    if image.mode == "P":
        return _from_palette(image)
    if image.mode in ("I;16", "I;16B", "I;16L", "I"):
        wide = np.asarray(image)
        return (wide if wide.max(initial=0) <= 255 else np.right_shift(wide, 8)).astype(np.uint8)
    if image.mode in ("RGBA", "LA"):
        return _from_alpha(image, path)
    rgb = np.asarray(image.convert("RGB"))
    spread = rgb.max(axis=2) - rgb.min(axis=2)
    if spread.max(initial=0) > COLOURED or np.mean(spread > NEAR) > NEAR_SHARE:
        raise DataError(f"{path}: this mask is a colour picture; {_colour_question(rgb)}")
    return rgb[..., 1].copy()


def _from_palette(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Indices where the palette holds colours, its greys where it holds nothing else.

    Class maps (VOC, DAVIS) colour their classes and mean the index; programs that shrink files store a black and
    white picture as a palette of two in either order and mean the grey.
    """
    palette = _palette(image)
    indices = np.asarray(image).astype(np.uint8)
    if _is_coloured(palette):
        return indices
    greys = np.zeros(256, np.uint8)
    greys[: len(palette)] = palette[:, 0]
    return greys[indices]


def _from_alpha(image: Image.Image, path: Path) -> npt.NDArray[np.uint8]:
    """RGBA: the alpha channel where it says something, else the picture itself."""
    alpha = np.asarray(image.getchannel("A"))
    if alpha.min() < 255:
        return alpha.copy()
    return _to_grey(image.convert("RGB"), path)


def _palette(image: Image.Image) -> npt.NDArray[np.uint8]:
    return np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)


def _is_coloured(palette: npt.NDArray[np.uint8]) -> bool:
    """Whether a palette holds colours, so that its greys cannot be what is meant; one of a single grey says nothing."""
    return bool(np.any(palette != palette[:, :1])) or np.unique(palette).size < 2


def _has_voc_palette(image: Image.Image) -> bool:
    """Whether a palette picture gives each class number that it holds the colour it has in PASCAL VOC."""
    if image.mode != "P" or not _is_coloured(_palette(image)):
        return False
    colours, used = as_codes(_palette(image)), np.unique(np.asarray(image))
    return bool(used[-1] < colours.size and np.all(colours[used] == voc_colours()[used]))


def _from_voc(image: Image.Image, path: Path) -> npt.NDArray[np.uint8]:
    """Class numbers: from the colours where all are VOC's, else from indices or greys, which are numbers themselves."""
    if image.mode not in ("P", "RGB", "RGBA"):
        return _to_grey(image, path)
    rgb = np.asarray(image.convert("RGB"))
    numbers = voc_numbers(as_codes(rgb))
    if numbers.min(initial=0) >= 0:
        return numbers.astype(np.uint8)
    if image.mode == "P":
        return np.asarray(image).astype(np.uint8)
    if np.all(rgb == rgb[..., :1]):
        return rgb[..., 0].copy()
    raise DataError(
        f"{path}: this mask holds colours that are not those of PASCAL VOC; {_colour_question(rgb)}"
    )


def _from_colours(image: Image.Image, colours: Sequence[int], *, lossy: bool) -> npt.NDArray[np.uint8]:
    """1 where the picture has one of the colours, else 0; JPEG moves colours, so there they may be near."""
    rgb = np.asarray(image.convert("RGB"))
    inside = [is_near(rgb, colour, within=NEAR if lossy else 0) for colour in colours]
    return np.asarray(np.any(inside, axis=0), np.uint8)


def _colour_question(rgb: npt.NDArray[np.uint8]) -> str:
    """Which colour is the subject, with the colours that there are, the most frequent first, as answers."""
    step = max(1, round((rgb.shape[0] * rgb.shape[1] / BAND_PX) ** 0.5))
    codes, counts = np.unique(as_codes(rgb[::step, ::step]), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    held = ", ".join(f"{shown_colour(int(codes[i]))} ({counts[i] / counts.sum():.1%})" for i in order[:5])
    more = f" and {len(codes) - 5} more" if len(codes) > 5 else ""
    example = next(int(codes[i]) for i in order if codes[i] or len(codes) == 1)
    voc = " or, as all are PASCAL VOC's, --masks voc" if np.all(voc_numbers(codes) >= 0) else ""
    return (
        f"which colour is the subject? It holds {held}{more}. "
        f"Say it, as in --masks colours:{shown_colour(example)}{voc}"
    )


def count_values(mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """How many pixels have each of the 256 values; in bands, because numpy counts in eight times the memory."""
    flat, total = mask.ravel(), np.zeros(256, np.int64)
    for start in range(0, flat.size, BAND_PX):
        total += np.bincount(flat[start : start + BAND_PX], minlength=256)
    return total


def _look(path: Path) -> tuple[Counts, bool] | DataError:
    """A file's histogram and whether it has VOC's palette; an unreadable one gives its error instead."""
    try:
        raw = read_raw(path)
    except DataError as error:
        return error
    return count_values(raw.values), raw.voc


def _look_at_all(paths: Sequence[Path]) -> list[tuple[Counts, bool] | DataError]:
    with ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, 8)) as pool:
        return list(pool.map(_look, paths))


def reading_for(paths: Sequence[Path], *, given: str = "auto") -> MaskReading:
    """How to read these masks: as given by the user, else inferred from all that can be opened.

    Raises:
        DataError: no mask can be opened, or the values are ambiguous.
    """
    chosen = parse_reading(given) or _inferred(paths)
    if isinstance(chosen, DataError):
        raise chosen
    return chosen


def _inferred(paths: Sequence[Path]) -> MaskReading | DataError:
    """Inferred from all files that can be opened; the first file's error where there is none.

    Raises:
        DataError: the values are ambiguous.
    """
    found = _look_at_all(paths)
    readable = [f for f in found if not isinstance(f, DataError)]
    if not readable:
        errors = (f for f in found if isinstance(f, DataError))
        return next(errors, DataError("there is no mask to look at"))
    return infer_reading([counts for counts, _ in readable], voc=all(voc for _, voc in readable))


def with_readings(pairs: Iterable[Pair], *, given: str = "auto") -> list[Pair]:
    """The pairs, each with the reading of its masks: as given, else as its dataset.toml says, else inferred.

    Inferred from all masks of its set together; a set of which no mask can be opened gets none, and reading one of
    its masks will say why.

    Raises:
        DataError: `given` is no reading, or the values of a set are ambiguous; the message names its folder.
    """
    chosen, many = parse_reading(given), list(pairs)
    if chosen is not None:
        return [replace(pair, reading=chosen) for pair in many]
    sets: dict[str, list[Path]] = defaultdict(list)
    for pair in many:
        if pair.reading is None:
            sets[pair.set].extend(pair.masks)
    readings = {name: _named(paths) for name, paths in sets.items()}
    return [p if p.reading is not None else replace(p, reading=readings[p.set]) for p in many]


def _named(paths: Sequence[Path]) -> MaskReading | None:
    try:
        found = _inferred(paths)
    except DataError as error:
        raise DataError(f"{os.path.commonpath([p.parent for p in paths])}: {error}") from error
    return None if isinstance(found, DataError) else found


def read_mask(path: Path, *, reading: MaskReading | None = None) -> Floats:
    """One mask as float32 (H, W) in [0, 1]; without a reading, this file alone decides.

    Raises:
        DataError: unreadable, or ambiguous on its own.
    """
    raw = read_raw(path, reading=reading)
    chosen = reading or infer_reading([count_values(raw.values)], voc=raw.voc)
    return chosen.to_matte(raw.values)


def read_matte(pair: Pair, *, reading: MaskReading | None = None) -> Floats:
    """The matte of a pair, float32 (H, W) in [0, 1]: of several masks, the largest value at each pixel.

    Args:
        pair: its own reading, which its dataset.toml says or `with_readings` found, goes first.
        reading: for pairs without one of their own.

    Raises:
        DataError: a mask is unreadable or ambiguous, or masks of one photo are of different sizes.
    """
    matte: Floats | None = None
    for path in pair.masks:
        one = read_mask(path, reading=pair.reading or reading)
        if matte is not None and matte.shape != one.shape:
            raise DataError(f"{pair.id}: the masks {pair.mask.name} and {path.name} are of different sizes")
        matte = one if matte is None else np.maximum(matte, one)
    assert matte is not None  # a pair has at least one mask
    return matte
