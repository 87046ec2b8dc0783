"""What is wrong with the files of a data set: those without partner, those that cannot be read or do not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from cutaway.data.check_files import Looked, Opened, opened
from cutaway.data.check_text import Finding, Severity, count
from cutaway.data.pairs import Scan

FEW_PAIRS = 20
"""Below this many pairs a network learns its pictures by heart; one can see that training works, no more."""
_LIST_FINDINGS: tuple[tuple[str, Severity, str], ...] = (
    ("list-missing", "error", "of the list with files that do not exist"),
    ("list-lines", "warning", "of the list without an image or a mask; none of them is used"),
    ("list-repeats", "warning", "of the list with an image that came before; the first is used"),
)
"""Kind of a `Problem`, how grave it is, and what follows its number of lines."""


def files_findings(folders: Sequence[Path], scans: Sequence[Scan]) -> Iterable[Finding]:
    """What the names alone show.

    Args:
        folders: the data folders and list files.
        scans: what was found in each.
    """
    alone = sorted(_relative(p, folders) for s in scans for p in s.images_without_mask)
    masks = sorted(_relative(p, folders) for s in scans for p in s.masks_without_image)
    twice = [" and ".join(_relative(p, folders) for p in paths) for s in scans for paths in s.same_stem]
    yield from _id_findings(scans)
    yield from _list_findings(scans)
    if alone:
        text = f"{count(len(alone), 'photo')} without a mask"
        yield Finding("warning", "photos-without-mask", text, (*alone,))
    if masks:
        text = f"{count(len(masks), 'mask')} without a photo"
        yield Finding("warning", "masks-without-photo", text, (*masks,))
    if twice:
        text = f"{count(len(twice), 'name')} shared by several files of one folder; none of them is used"
        yield Finding("warning", "same-stem", text, (*twice,))


def _id_findings(scans: Sequence[Scan]) -> Iterable[Finding]:
    ids = Counter(p.id for s in scans for p in s.pairs)
    same = tuple(sorted(name for name, number in ids.items() if number > 1))
    if not ids:
        by_list = any(s.problems for s in scans)
        text = "no photo has a mask of the same name: images/cat.jpg needs masks/cat.png"
        text = "no line of the list names a photo and a mask that exist" if by_list else text
        yield Finding("error", "no-pairs", text, stops=True)
    if same:
        text = "the data folders hold pairs of the same name; give the folders different names"
        yield Finding("error", "same-name", text, same, stops=True)


def _list_findings(scans: Sequence[Scan]) -> Iterable[Finding]:
    """The lines of lists that cannot be used."""
    for kind, severity, text in _LIST_FINDINGS:
        lines = tuple(p.text for s in scans for p in s.problems if p.kind == kind)
        if lines:
            yield Finding(severity, kind, f"{count(len(lines), 'line')} {text}", lines)


def _relative(path: Path, folders: Sequence[Path]) -> str:
    """The path as short as it can be told from the others."""
    if len(folders) == 1 and path.is_relative_to(folders[0]):
        return path.relative_to(folders[0]).as_posix()
    return path.as_posix()


def pairs_findings(seen: Sequence[Looked]) -> Iterable[Finding]:
    """What cannot be opened or does not fit together, and which masks are merged."""
    bad = [(s.pair.id, line) for s in seen for line in s.unreadable]
    if bad:
        text = f"{count(len(bad), 'file')} cannot be read"
        yield Finding.about("error", "unreadable", text, pairs=bad)
    misfits = [(s.pair.id, f"{s.pair.id}: {s.misfit}") for s in seen if s.misfit]
    if misfits:
        text = f"{count(len(misfits), 'mask')} of another size than the photo"
        yield Finding.about("error", "size", text, pairs=misfits)
    if seen and not opened(seen):
        yield Finding("error", "no-usable-pair", "not one pair can be used", stops=True)
    merged = [s.pair for s in seen if s.pair.more_masks]
    if merged:
        most = max(len(pair.masks) for pair in merged)
        text = f"{count(len(merged), 'photo')} with several masks, up to {most}, which are merged into one"
        yield Finding("note", "merged-masks", text)


def number_findings(fit: Sequence[Opened]) -> Iterable[Finding]:
    """Whether there are enough pairs to train on."""
    if len(fit) == 1:
        text = "training needs at least 2 usable pairs, one of them for validation; there is 1"
        yield Finding("error", "too-few", text, stops=True)
    elif 1 < len(fit) < FEW_PAIRS:
        text = f"{len(fit)} usable pairs are enough to try things out, not to train on; aim for hundreds"
        yield Finding("note", "few-pairs", text)
