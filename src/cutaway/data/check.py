"""Say what is in a data set and what is wrong with it, before hours of training show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cutaway.data.check_files import Looked, MaskFacts, PhotoFacts, Progress, look_at_all
from cutaway.data.check_text import CheckReport, Finding, Severity, count
from cutaway.data.hashing import Looks, lookalikes
from cutaway.data.masks import Counts, MaskReading, infer_reading, parse_reading
from cutaway.data.pairs import Pair, Scan, scan, split_pairs
from cutaway.errors import DataError
from cutaway.types import Floats, Mask

__all__ = ["CheckReport", "Finding", "check"]

FEW_PAIRS = 20
"""Below this many pairs a network learns its pictures by heart; one can see that training works, no more."""
BORDER_SHARE = 0.8
"""A subject on more of the picture's border than this is probably the background: the mask is inverted."""
_ORDER: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True, eq=False)
class _Opened:
    """A pair that can be used."""

    pair: Pair
    photo: PhotoFacts
    mask: MaskFacts


def check(
    folders: Path | Sequence[Path],
    *,
    masks: str = "auto",
    validation: float = 0.1,
    seed: int = 0,
    progress: Progress | None = None,
) -> CheckReport:
    """Open every photo and mask of a data set and report what is there and what is wrong.

    Args:
        folders: one data folder or several; each holds `images/` and `masks/`, or folders that do.
        masks: how mask values are meant (`masks.READINGS`); "auto" infers it from all of them together.
        validation, seed: the split in which look-alikes are searched, as in `pairs.split_pairs`.
        progress: called with (done, all) after each pair.

    Raises:
        DataError: a folder does not exist or holds no data set, or `masks` is no reading.
    """
    chosen = parse_reading(masks)
    many = [folders] if isinstance(folders, Path) else list(folders)
    scans = [scan(f, name=f.resolve().name if len(many) > 1 else "") for f in many]
    pairs = sorted(p for s in scans for p in s.pairs)
    seen = look_at_all(pairs, progress=progress)
    reading, question = _decide(seen, chosen)
    opened = [o for o in map(_opened, seen) if o is not None]
    findings = [*_files_findings(many, scans), *_pairs_findings(seen), *question]
    if reading is not None:
        findings += [*_value_findings(opened, reading), *_matte_findings(opened, reading)]
    findings += [*_likeness_findings(opened, validation, seed), *_number_findings(opened)]
    return _report(seen, opened, reading, findings, validation=validation, seed=seed)


def _opened(looked: Looked) -> _Opened | None:
    if looked.photo is None or looked.mask is None or looked.misfit:
        return None
    return _Opened(looked.pair, looked.photo, looked.mask)


def _report(
    seen: Sequence[Looked],
    opened: Sequence[_Opened],
    reading: MaskReading | None,
    findings: Sequence[Finding],
    *,
    validation: float,
    seed: int,
) -> CheckReport:
    usable = [o.pair for o in opened] if reading is not None else []
    parts = split_pairs(usable, validation=validation, seed=seed) if len(usable) > 1 else None
    sizes = sorted((s.photo.size for s in seen if s.photo), key=lambda size: (size[0] * size[1], size))
    shares = sorted(_share(o.mask, reading) for o in opened) if reading else []
    return CheckReport(
        sets=dict(Counter(s.pair.id.rpartition("/")[0] for s in seen)),
        findings=tuple(sorted(findings, key=lambda f: (_ORDER.index(f.severity), not f.stops))),
        usable=usable,
        reading=reading,
        values=_values_text([s.mask for s in seen if s.mask]),
        photo_sizes=(sizes[0], sizes[len(sizes) // 2], sizes[-1]) if sizes else None,
        subject_shares=(shares[0], float(np.median(shares)), shares[-1]) if shares else None,
        split=(len(parts[0]), len(parts[1])) if parts else None,
    )


# -- files -------------------------------------------------------------------------------------------------------


def _files_findings(folders: Sequence[Path], scans: Sequence[Scan]) -> Iterable[Finding]:
    """What the names alone show."""
    alone = sorted(_relative(p, folders) for s in scans for p in s.images_without_mask)
    masks = sorted(_relative(p, folders) for s in scans for p in s.masks_without_image)
    twice = [" and ".join(_relative(p, folders) for p in paths) for s in scans for paths in s.same_stem]
    ids = Counter(p.id for s in scans for p in s.pairs)
    same = tuple(sorted(name for name, number in ids.items() if number > 1))
    if not ids:
        text = "no photo has a mask of the same name: images/cat.jpg needs masks/cat.png"
        yield Finding("error", "no-pairs", text, stops=True)
    if same:
        text = "the data folders hold pairs of the same name; give the folders different names"
        yield Finding("error", "same-name", text, same, stops=True)
    if alone:
        yield Finding(
            "warning", "photos-without-mask", f"{count(len(alone), 'photo')} without a mask", (*alone,)
        )
    if masks:
        yield Finding(
            "warning", "masks-without-photo", f"{count(len(masks), 'mask')} without a photo", (*masks,)
        )
    if twice:
        text = f"{count(len(twice), 'name')} shared by several files of one folder; none of them is used"
        yield Finding("warning", "same-stem", text, (*twice,))


def _relative(path: Path, folders: Sequence[Path]) -> str:
    """The path as short as it can be told from the others."""
    if len(folders) == 1 and path.is_relative_to(folders[0]):
        return path.relative_to(folders[0]).as_posix()
    return path.as_posix()


def _pairs_findings(seen: Sequence[Looked]) -> Iterable[Finding]:
    """What cannot be opened or does not fit together."""
    bad = [line for s in seen for line in s.unreadable]
    if bad:
        yield Finding("error", "unreadable", f"{count(len(bad), 'file')} cannot be read", (*bad,))
    misfits = [f"{s.pair.id}: {s.misfit}" for s in seen if s.misfit]
    if misfits:
        text = f"{count(len(misfits), 'mask')} of another size than the photo"
        yield Finding("error", "size", text, (*misfits,))
    if seen and not any(_opened(s) for s in seen):
        yield Finding("error", "no-usable-pair", "not one pair can be used", stops=True)


def _number_findings(opened: Sequence[_Opened]) -> Iterable[Finding]:
    if len(opened) == 1:
        text = "training needs at least 2 usable pairs, one of them for validation; there is 1"
        yield Finding("error", "too-few", text, stops=True)
    elif 1 < len(opened) < FEW_PAIRS:
        text = f"{len(opened)} usable pairs are enough to try things out, not to train on; aim for hundreds"
        yield Finding("note", "few-pairs", text)


# -- mask values -------------------------------------------------------------------------------------------------


def _decide(
    seen: Sequence[Looked], chosen: MaskReading | None
) -> tuple[MaskReading | None, tuple[Finding, ...]]:
    """How the masks are read; where that cannot be told, the question, and what makes it hard to tell."""
    masks = [s for s in seen if s.mask is not None]
    if chosen is not None or not masks:
        return chosen, ()
    try:
        return infer_reading([s.mask.counts for s in masks if s.mask]), ()
    except DataError as error:
        question = Finding("error", "values-question", f"{error}", stops=True)
        return None, (question, *_mixed_findings(masks))


def _mixed_findings(masks: Sequence[Looked]) -> Iterable[Finding]:
    """Whether the question arises because some files follow another convention than most."""
    kinds = [(_own_kind(s.mask.counts), s.pair.id) for s in masks if s.mask]
    numbers = Counter(kind for kind, _ in kinds if kind)
    if len(numbers) > 1:
        usual = numbers.most_common(1)[0][0]
        names = tuple(f"{name}: {kind}" for kind, name in kinds if kind not in ("", usual))
        text = f"masks do not agree: {numbers[usual]} hold {usual}, {len(names)} something else"
        yield Finding("warning", "mixed-values", text, names)


def _own_kind(counts: Counts) -> str:
    """The convention that one file on its own follows; empty if it holds one value only and so says nothing."""
    values = np.flatnonzero(counts)
    if values.size < 2:
        return ""
    try:
        reading = infer_reading([counts])
    except DataError:
        return "values " + ", ".join(map(str, values[:4])) + (", ..." if values.size > 4 else "")
    return reading.found if reading.found in ("0/1", "0/255") else "grey"


def _value_findings(opened: Sequence[_Opened], reading: MaskReading) -> Iterable[Finding]:
    """Files whose values do not fit how the set is read."""
    if reading.kind == "threshold" and reading.found:
        text = f"mask values are {reading.found}. Lossless masks (PNG) would keep the edge where it was drawn"
        yield Finding("note", "thresholded", text)
    if reading.kind not in ("grey", "threshold"):
        return
    kinds = [(_own_kind(o.mask.counts), o) for o in opened]
    black = [o.pair.id for kind, o in kinds if kind == "0/1" and _table(reading)[1] < 0.5]
    if black:
        text = f"{count(len(black), 'mask')} with 0 and 1 only, which is black when read as {reading}"
        yield Finding("warning", "nearly-black", text, (*black,))
    odd = [f"{o.pair.id}: {kind}" for kind, o in kinds if kind.startswith("values")]
    if odd and reading.found:  # given by the user: no longer odd
        text = f"{count(len(odd), 'mask')} with values that would mean something else on their own"
        yield Finding("warning", "odd-values", text, (*odd,))


def _values_text(masks: Sequence[MaskFacts]) -> str:
    """The values found, with their share of all pixels where they are few."""
    if not masks:
        return ""
    total: Counts = np.sum([m.counts for m in masks], axis=0, dtype=np.int64)
    values = np.flatnonzero(total)
    if values.size > 6:
        return f"{values.size} values from {values[0]} to {values[-1]}"
    return ", ".join(f"{v} ({total[v] / total.sum():.1%})" for v in values)


# -- mattes ------------------------------------------------------------------------------------------------------


def _table(reading: MaskReading) -> Floats:
    """The alpha that each of the 256 mask values stands for."""
    return reading.to_matte(np.arange(256, dtype=np.uint8)[None]).ravel()


def _share(mask: MaskFacts, reading: MaskReading) -> float:
    """How much of the frame the subject fills, 0..1."""
    return float(mask.counts @ _table(reading).astype(np.float64) / mask.counts.sum())


def _matte_findings(opened: Sequence[_Opened], reading: MaskReading) -> Iterable[Finding]:
    """Masks without subject, without background, and those that look inverted."""
    inside = _table(reading) >= 0.5
    empty = tuple(o.pair.id for o in opened if not o.mask.counts[inside].any())
    full = tuple(o.pair.id for o in opened if not o.mask.counts[~inside].any())
    if opened and len(opened) in (len(empty), len(full)):
        what = "empty" if empty else "full"
        text = f"every mask is {what} when read as {reading}. Say how to read them: --masks subject:V,V or another"
        yield Finding("error", f"all-{what}", text, stops=True)
        return
    if empty:
        text = f"{count(len(empty), 'empty mask')}: used as pictures without a subject"
        yield Finding("note", "empty", text, empty)
    if full:
        text = f"{count(len(full), 'full mask')}: everything is subject, nothing is background"
        yield Finding("warning", "full", text, full)
    yield from _inverted_findings([o for o in opened if o.pair.id not in {*empty, *full}], inside)


def _inverted_findings(opened: Sequence[_Opened], inside: Mask) -> Iterable[Finding]:
    on_border = [float(o.mask.border[inside].sum() / o.mask.border.sum()) > BORDER_SHARE for o in opened]
    if sum(on_border) > len(opened) / 2:
        text = (
            f"the subject covers more than {BORDER_SHARE:.0%} of the picture's border in {sum(on_border)} of "
            f"{count(len(opened), 'picture')}: are the masks inverted? If black is the subject: --masks subject:0"
        )
        yield Finding("note", "inverted", text)


# -- look-alikes -------------------------------------------------------------------------------------------------


def _likeness_findings(opened: Sequence[_Opened], validation: float, seed: int) -> Iterable[Finding]:
    """Photos that validation shares with training, and photos that one side holds twice."""
    if len(opened) < 2:
        return
    place = {o.pair: o for o in opened}
    parts = split_pairs([*place], validation=validation, seed=seed)
    training, held_out = ([place[p] for p in part] for part in parts)
    near = _across(training, held_out)
    if near:
        text = (
            f"{count(len(near), 'validation photo')} with a copy among the photos to train on, exact or nearly: "
            "scores will look better than they are; keep one of each"
        )
        yield Finding("warning", "near-duplicates", text, near)
    same = (*_repeats(training), *_repeats(held_out))
    if same:
        text = f"{count(len(same), 'exact copy', plural='exact copies')} of other photos"
        yield Finding("note", "duplicates", text, same)


def _across(training: Sequence[_Opened], held_out: Sequence[_Opened]) -> tuple[str, ...]:
    exact = {_content(o): o for o in training}
    alike = lookalikes(_looks(held_out), _looks(training))
    names = []
    for number, o in enumerate(held_out):
        if _content(o) in exact:
            names.append(f"{o.pair.id} is a copy of {exact[_content(o)].pair.id}")
        elif number in alike:
            names.append(f"{o.pair.id} looks like {training[alike[number]].pair.id}")
    return tuple(names)


def _repeats(side: Sequence[_Opened]) -> list[str]:
    first: dict[object, _Opened] = {}
    return [
        f"{o.pair.id} is a copy of {earlier.pair.id}"
        for o in side
        if (earlier := first.setdefault(_content(o), o)) is not o
    ]


def _content(o: _Opened) -> object:
    """Equal for two photos of the same pixels, and for no others unless CRC-32 and difference hash both collide."""
    return o.photo.size, o.photo.checksum, o.photo.hash


def _looks(side: Sequence[_Opened]) -> Looks:
    return Looks.of([o.photo.hash for o in side], [o.photo.thumb for o in side])
