"""What a check of a data set found, as values, as text for a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from cutaway.data.check_files import shown_size
from cutaway.data.described import Described
from cutaway.data.masks import MaskReading
from cutaway.data.pairs import Pair
from cutaway.errors import DataError
from cutaway.media.files import printable
from cutaway.types import Size

Severity: TypeAlias = Literal["error", "warning", "note"]
SHOWN = 5
"""How many names of each kind the text lists."""
_INDENT = " " * 10


@dataclass(frozen=True)
class Finding:
    """One thing that was found, with everything it was found in.

    Attributes:
        severity: "error" (cannot be used), "warning" (can be used, and is probably not meant so) or "note".
        kind: a short name for programs, such as "unreadable".
        text: one sentence for people: what, how many, what to do.
        names: pairs or files it concerns, each with its details.
        stops: whether the data set as a whole cannot be used, not only the pairs that are named.
        ids: the pairs it concerns, where it concerns pairs.
    """

    severity: Severity
    kind: str
    text: str
    names: tuple[str, ...] = ()
    stops: bool = False
    ids: tuple[str, ...] = ()

    @classmethod
    def about(cls, severity: Severity, kind: str, text: str, *, pairs: Sequence[tuple[str, str]]) -> Finding:
        """A finding about pairs, given as (id, what to call it)."""
        names, ids = (
            tuple(dict.fromkeys(column)) for column in zip(*((n, i) for i, n in pairs), strict=True)
        )
        return cls(severity, kind, text, names, ids=ids)


@dataclass(frozen=True)
class CheckReport:
    """What is in a data set and what is wrong with it.

    Attributes:
        sets: number of pairs in each set, by its name; "" is the data folder itself.
        findings: errors first, then warnings, then notes.
        usable: the pairs that can be opened and whose mask has its photo's size, sorted by id; none if it is not
            known how to read the masks.
        reading: how the masks are read; None if their values allow more than one meaning. Pairs that are read
            otherwise, because a dataset.toml says so, carry their own (`Pair.reading`).
        values: the mask values found, for people to read.
        photo_sizes: (H, W) of the photo with the fewest, the median and the most pixels.
        subject_shares: how much of the frame the subject fills, 0..1: smallest, median, largest.
        split: how many pairs training and validation would get.
        listed: all pairs, usable or not, sorted by id.
        described: what the dataset.toml files say.
    """

    sets: dict[str, int]
    findings: tuple[Finding, ...] = ()
    usable: list[Pair] = field(default_factory=list)
    reading: MaskReading | None = None
    values: str = ""
    photo_sizes: tuple[Size, Size, Size] | None = None
    subject_shares: tuple[float, float, float] | None = None
    split: tuple[int, int] | None = None
    listed: tuple[Pair, ...] = ()
    described: tuple[Described, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything that was found can be used: there may be warnings, but no errors."""
        return not any(f.severity == "error" for f in self.findings)

    @property
    def pairs(self) -> int:
        """How many pairs there are, usable or not."""
        return sum(self.sets.values())

    def require(self) -> tuple[list[Pair], MaskReading]:
        """The usable pairs and how their masks are read, for training to go on with.

        Raises:
            DataError: the data set as a whole cannot be used; the message is the finding that says why.
        """
        for finding in self.findings:
            if finding.stops:
                raise DataError(finding.text)
        if self.reading is None:
            raise DataError("it is not known how the masks are to be read")
        return self.usable, self.reading

    def text(self) -> str:
        """Plain text for a terminal: first what there is, then what is wrong, at most 5 names of each kind."""
        lines = [*self._summary(), ""]
        for finding in self.findings:
            lines += _finding_lines(finding)
        return "\n".join([*lines, *([""] if self.findings else []), self._verdict()])

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values, with all names."""
        sizes, shares = self.photo_sizes, self.subject_shares
        return {
            "ok": self.ok,
            "pairs": self.pairs,
            "sets": dict(self.sets),
            "usable": [pair.id for pair in self.usable],
            "masks": {"values": self.values, "reading": None if self.reading is None else str(self.reading)},
            "described": [asdict(told) for told in self.described],
            "photo_sizes": sizes and {k: list(v) for k, v in zip(_THREE, sizes, strict=True)},
            "subject_shares": shares and dict(zip(_THREE, shares, strict=True)),
            "split": self.split and {"training": self.split[0], "validation": self.split[1]},
            "findings": [
                asdict(finding) | {"names": list(finding.names), "ids": list(finding.ids)}
                for finding in self.findings
            ],
        }

    def _summary(self) -> list[str]:
        lines = [_line("pairs", _sets_text(self.sets))]
        if self.photo_sizes:
            low, middle, high = (shown_size(size) for size in self.photo_sizes)
            lines.append(_line("photos", f"{low} to {high}, median {middle} (width × height)"))
        if self.values:
            lines.append(_line("masks", f"{self.values}; {self._readings_text()}"))
        if self.subject_shares:
            low, middle, high = (f"{share:.1%}" for share in self.subject_shares)
            lines.append(_line("subject", f"{low} to {high} of the frame, median {middle}"))
        if self.split:
            lines.append(_line("split", f"{self.split[0]} for training, {self.split[1]} for validation"))
        return lines + [_line("source", text) for text in map(_source_text, self.described) if text]

    def _readings_text(self) -> str:
        """How the masks are read, each way once."""
        if self.reading is None:
            return "how to read them is not clear, see below"
        ways = dict.fromkeys(pair.reading or self.reading for pair in self.usable) or {self.reading: None}
        return "read as " + ", others as ".join(f"{way} ({way.meaning()})" for way in ways)

    def _verdict(self) -> str:
        if not self.usable:
            return "This data set cannot be used as it is."
        all_or_some = "All" if len(self.usable) == self.pairs else f"{len(self.usable)} of"
        return f"{all_or_some} {count(self.pairs, 'pair')} can be used."


_THREE = ("smallest", "median", "largest")


def count(number: int, what: str, *, plural: str = "") -> str:
    """A number and its noun: "1 pair", "2 pairs"."""
    return f"{number} {what if number == 1 else plural or what + 's'}"


def _line(title: str, text: str) -> str:
    return f"{title:<{len(_INDENT)}}{text}"


def _source_text(told: Described) -> str:
    """Where a set comes from and under which licence, as far as its dataset.toml says."""
    return printable(" ".join(part for part in (told.source, told.licence and f"({told.licence})") if part))


def _sets_text(sets: dict[str, int]) -> str:
    total = sum(sets.values())
    if len(sets) < 2:
        return f"{total}"
    named = [f"{printable(name) or '(folder itself)'} {number}" for name, number in sorted(sets.items())]
    return f"{total} in {len(sets)} sets: {_first(named, joined=', ')}"


def _first(names: list[str], *, joined: str) -> str:
    rest = len(names) - SHOWN
    return joined.join([*names[:SHOWN], *([f"... and {rest} more"] if rest > 0 else [])])


def _finding_lines(finding: Finding) -> list[str]:
    lines = [_line(finding.severity, printable(finding.text))]
    if finding.names:
        lines.append(_INDENT + _first([printable(n) for n in finding.names], joined="\n" + _INDENT))
    return lines
