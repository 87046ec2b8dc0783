"""How the masks of a data set are read, and which of them look wrong when read so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from cutaway.data.check_files import Looked, MaskFacts, Opened
from cutaway.data.check_text import Finding, count
from cutaway.data.masks import Counts, MaskReading, infer_reading
from cutaway.errors import DataError
from cutaway.types import Mask

BORDER_SHARE = 0.8
"""A subject on more of the picture's border than this is probably the background: the mask is inverted."""


def decide(seen: Sequence[Looked]) -> tuple[MaskReading | None, tuple[Finding, ...]]:
    """How masks are read that do not come with a reading; where that cannot be told, the question, and its reason.

    Where all come with one, it is the most frequent of these.
    """
    own = Counter(s.pair.reading for s in seen if s.pair.reading is not None)
    masks = [s for s in seen if s.mask is not None and s.pair.reading is None]
    if not masks:
        return (own.most_common(1)[0][0] if own else None), ()
    facts = [s.mask for s in masks if s.mask]
    try:
        return infer_reading([m.counts for m in facts], voc=all(m.voc for m in facts)), ()
    except DataError as error:
        question = Finding("error", "values-question", f"{error}", stops=True)
        return None, (question, *_mixed_findings(masks))


def _mixed_findings(masks: Sequence[Looked]) -> Iterable[Finding]:
    """Whether the question arises because some files follow another convention than most."""
    kinds = [(_own_kind(s.mask.counts), s.pair.id) for s in masks if s.mask]
    numbers = Counter(kind for kind, _ in kinds if kind)
    if len(numbers) > 1:
        usual = numbers.most_common(1)[0][0]
        odd = [(name, f"{name}: {kind}") for kind, name in kinds if kind not in ("", usual)]
        text = f"masks do not agree: {numbers[usual]} hold {usual}, {len(odd)} something else"
        yield Finding.about("warning", "mixed-values", text, pairs=odd)


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


def values_text(masks: Sequence[MaskFacts]) -> str:
    """The values found, with their share of all pixels where they are few."""
    if not masks:
        return ""
    total: Counts = np.sum([m.counts for m in masks], axis=0, dtype=np.int64)
    values = np.flatnonzero(total)
    if values.size > 6:
        return f"{values.size} values from {values[0]} to {values[-1]}"
    return ", ".join(f"{v} ({total[v] / total.sum():.1%})" for v in values)


def reading_findings(fit: Sequence[Opened], reading: MaskReading) -> Iterable[Finding]:
    """What is wrong with masks that are all read in one way.

    Args:
        fit: the pairs whose masks are read so.
        reading: how.
    """
    yield from _value_findings(fit, reading)
    yield from _matte_findings(fit, reading)


def _value_findings(fit: Sequence[Opened], reading: MaskReading) -> Iterable[Finding]:
    """Files whose values do not fit how the set is read."""
    yield from _reading_notes(reading)
    foreign = [(o.pair.id, reading.odd_values(np.flatnonzero(o.mask.counts))) for o in fit]
    odd = [(name, f"{name}: {', '.join(map(str, values[:4]))}") for name, values in foreign if values]
    if odd:
        text = f"{count(len(odd), 'mask')} with values that {reading} ({reading.meaning()}) does not know"
        yield Finding.about("warning", "odd-values", text, pairs=odd)
    if reading.kind in ("grey", "threshold"):
        yield from _unlike_the_others(fit, reading)


def _reading_notes(reading: MaskReading) -> Iterable[Finding]:
    """What was taken from the files, where one may have meant something else."""
    if reading.kind == "threshold" and reading.found:
        text = f"mask values are {reading.found}. Lossless masks (PNG) would keep the edge where it was drawn"
        yield Finding("note", "thresholded", text)
    if reading.kind == "voc" and reading.found:
        text = (
            f"masks hold {reading.found}: all classes are subject. For some of them: --masks voc:person,dog"
        )
        yield Finding("note", "voc-palette", text)


def _unlike_the_others(fit: Sequence[Opened], reading: MaskReading) -> Iterable[Finding]:
    kinds = [(_own_kind(o.mask.counts), o.pair.id) for o in fit]
    black = [(name, name) for kind, name in kinds if kind == "0/1" and reading.table()[1] < 0.5]
    if black:
        text = f"{count(len(black), 'mask')} with 0 and 1 only, which is black when read as {reading}"
        yield Finding.about("warning", "nearly-black", text, pairs=black)
    odd = [(name, f"{name}: {kind}") for kind, name in kinds if kind.startswith("values")]
    if odd and reading.found:  # given by the user: no longer odd
        text = f"{count(len(odd), 'mask')} with values that would mean something else on their own"
        yield Finding.about("warning", "odd-values", text, pairs=odd)


def subject_share(mask: MaskFacts, reading: MaskReading) -> float:
    """How much of the frame the subject fills, 0..1."""
    return float(mask.counts @ reading.table().astype(np.float64) / mask.counts.sum())


def _matte_findings(fit: Sequence[Opened], reading: MaskReading) -> Iterable[Finding]:
    """Masks without subject, without background, and those that look inverted."""
    inside = reading.table() >= 0.5
    empty = [o.pair.id for o in fit if not o.mask.counts[inside].any()]
    full = [o.pair.id for o in fit if not o.mask.counts[~inside].any()]
    if fit and len(fit) in (len(empty), len(full)):
        what = "empty" if empty else "full"
        text = f"every mask is {what} when read as {reading}. Say how to read them: --masks subject:V,V or another"
        yield Finding("error", f"all-{what}", text, stops=True)
        return
    if empty:
        text = f"{count(len(empty), 'empty mask')}: used as pictures without a subject"
        yield Finding.about("note", "empty", text, pairs=[(name, name) for name in empty])
    if full:
        text = f"{count(len(full), 'full mask')}: everything is subject, nothing is background"
        yield Finding.about("warning", "full", text, pairs=[(name, name) for name in full])
    yield from _inverted_findings([o for o in fit if o.pair.id not in {*empty, *full}], inside)


def _inverted_findings(fit: Sequence[Opened], inside: Mask) -> Iterable[Finding]:
    around = [o.pair.id for o in fit if o.mask.border[inside].sum() / o.mask.border.sum() > BORDER_SHARE]
    if len(around) > len(fit) / 2:
        text = (
            f"the subject covers more than {BORDER_SHARE:.0%} of the picture's border in {len(around)} of "
            f"{count(len(fit), 'picture')}: are the masks inverted? If black is the subject: --masks subject:0"
        )
        yield Finding("note", "inverted", text, ids=(*around,))
