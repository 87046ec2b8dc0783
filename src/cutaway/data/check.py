"""Say what is in a data set and what is wrong with it, before hours of training show it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cutaway.data.check_files import Looked, Opened, Progress, look_at_all, opened
from cutaway.data.check_likeness import likeness_findings
from cutaway.data.check_pairs import files_findings, number_findings, pairs_findings
from cutaway.data.check_text import CheckReport, Finding, Severity
from cutaway.data.check_values import decide, reading_findings, subject_share, values_text
from cutaway.data.described import Described
from cutaway.data.masks import MaskReading, parse_reading
from cutaway.data.pairs import DEFAULT_SUBDIRS, Scan, scan_all, split_pairs

__all__ = ["CheckReport", "Finding", "check"]

_ORDER: tuple[Severity, ...] = ("error", "warning", "note")


def check(
    folders: Path | Sequence[Path],
    *,
    masks: str = "auto",
    subdirs: Sequence[str] = DEFAULT_SUBDIRS,
    validation: float = 0.1,
    seed: int = 0,
    progress: Progress | None = None,
) -> CheckReport:
    """Open every photo and mask of a data set and report what is there and what is wrong with it.

    Args:
        folders: one data folder or list file, or several; any layout that `pairs.scan` knows.
        masks: how mask values are meant (`masks.READINGS`); "auto" takes it from dataset.toml, else infers it from
            all of the masks together.
        subdirs: the names of the images' and the masks' folder; the default gives way to dataset.toml.
        validation, seed: the split in which look-alikes are searched, as in `pairs.split_pairs`.
        progress: called with (done, all) after each pair.

    Raises:
        DataError: a folder does not exist or holds no data set, or `masks` is no reading.
    """
    chosen = parse_reading(masks)
    found = scan_all(folders, subdirs=subdirs)
    scans = [scan for _, scan in found]
    pairs = sorted(replace(p, reading=chosen or p.reading) for s in scans for p in s.pairs)
    seen = look_at_all(pairs, progress=progress)
    fit = opened(seen)
    reading, question = decide(seen)
    findings = [*files_findings([data for data, _ in found], scans), *pairs_findings(seen), *question]
    if reading is not None:
        findings += _all_reading_findings(fit, reading)
    findings += [*likeness_findings(fit, validation=validation, seed=seed), *number_findings(fit)]
    report = _report(seen, fit, reading, validation=validation, seed=seed)
    return replace(report, findings=_sorted(findings), described=_described(scans))


def _all_reading_findings(fit: Sequence[Opened], reading: MaskReading) -> Iterable[Finding]:
    """What is wrong with the masks of each way to read them."""
    groups: dict[MaskReading, list[Opened]] = defaultdict(list)
    for one in fit:
        groups[one.pair.reading or reading].append(one)
    for way, members in groups.items():
        yield from reading_findings(members, way)


def _report(
    seen: Sequence[Looked],
    fit: Sequence[Opened],
    reading: MaskReading | None,
    *,
    validation: float,
    seed: int,
) -> CheckReport:
    usable = [o.pair for o in fit] if reading is not None else []
    parts = split_pairs(usable, validation=validation, seed=seed) if len(usable) > 1 else None
    sizes = sorted((s.photo.size for s in seen if s.photo), key=lambda size: (size[0] * size[1], size))
    shares = sorted(subject_share(o.mask, o.pair.reading or reading) for o in fit) if reading else []
    return CheckReport(
        sets=dict(Counter(s.pair.set for s in seen)),
        usable=usable,
        reading=reading,
        values=values_text([s.mask for s in seen if s.mask]),
        photo_sizes=(sizes[0], sizes[len(sizes) // 2], sizes[-1]) if sizes else None,
        subject_shares=(shares[0], float(np.median(shares)), shares[-1]) if shares else None,
        split=(len(parts[0]), len(parts[1])) if parts else None,
        listed=tuple(s.pair for s in seen),
    )


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors first, and of these those that stop everything."""
    return tuple(sorted(findings, key=lambda f: (_ORDER.index(f.severity), not f.stops)))


def _described(scans: Sequence[Scan]) -> tuple[Described, ...]:
    """What the dataset.toml files say, each once."""
    return tuple(dict.fromkeys(told for s in scans for told in s.described))
