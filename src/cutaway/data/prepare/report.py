"""What a preparation made and what it left out, as values and as text for a terminal."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from cutaway.data.check_text import CheckReport, Finding, Severity, count
from cutaway.media.files import printable

SHOWN = 5
"""How many names of each kind the text lists."""
_INDENT = " " * 10

_KINDS: dict[str, tuple[Severity, str, str]] = {
    "unreadable": ("warning", "photo", "cannot be read; left out"),
    "bad-mask": ("warning", "mask", "cannot be read or drawn; photo left out"),
    "size": ("warning", "mask", "of another size than the photo; left out"),
    "photos-without-mask": ("warning", "photo", "without a mask; left out"),
    "masks-without-photo": ("warning", "mask", "without a photo; left out"),
    "same-name": ("warning", "file", "with the name of another but for the suffix; left out"),
    "no-split": ("warning", "pair", "in none of the set's lists; left out"),
    "missing": ("warning", "name", "in the set's lists without any file"),
    "renamed": ("note", "photo", "of another format than the suffix says; copied with the right one"),
    "converted": ("note", "photo", "of a format that training does not look for; converted to PNG"),
    "empty": ("note", "photo", "without any subject; left out (--empty takes such photos)"),
    "crowd": ("note", "photo", "with crowd regions, which are 128 (unknown) in the mask"),
    "no-outline": (
        "note",
        "photo",
        "with objects that have no area (boxes, lines or points); these were ignored",
    ),
}
"""For each kind of trouble how bad it is, what it concerns, and what is said."""


class Troubles:
    """Collects what went wrong, by kind; safe to share between threads."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}
        self._lock = threading.Lock()

    def add(self, kind: str, name: str) -> None:
        """Note one file; `kind` is one of those that `findings` can put into words."""
        with self._lock:
            self._names.setdefault(kind, []).append(name)

    def findings(self) -> tuple[Finding, ...]:
        """One finding a kind, warnings first, the names sorted."""
        made = []
        for kind, (severity, noun, text) in _KINDS.items():
            names = tuple(sorted(self._names.get(kind, ())))
            if names:
                made.append(Finding(severity, kind, f"{count(len(names), noun)} {text}", names))
        return tuple(made)


@dataclass(frozen=True)
class Prepared:
    """A data set that was made.

    Attributes:
        format: name of the format it was made from.
        folder: where it is.
        sets: number of pairs in each set, by its folder below `folder`; "" is the folder itself.
        findings: what was left out or changed.
        checks: what `data check` says about each set; empty if it was not asked.
    """

    format: str
    folder: Path
    sets: dict[str, int]
    findings: tuple[Finding, ...] = ()
    checks: dict[str, CheckReport] = field(default_factory=dict)

    @property
    def pairs(self) -> int:
        """How many pairs were written."""
        return sum(self.sets.values())

    @property
    def ok(self) -> bool:
        """Whether all that was written can be trained on, as far as it was checked."""
        return all(report.ok for report in self.checks.values())

    def text(self) -> str:
        """Plain text for a terminal: what was made, what was left out, what it is like, what to do next."""
        lines = [f"{self.format}: {count(self.pairs, 'pair')} in {printable(self.folder)}", ""]
        for finding in self.findings:
            lines += _finding_lines(finding)
        for name, report in self.checks.items():
            lines += [*([""] if lines[-1] else []), f"{printable(self.folder / name)}", report.text()]
        return "\n".join([*lines, *([""] if lines[-1] else []), *self.next_steps()])

    def next_steps(self) -> list[str]:
        """The commands to go on with."""
        trains, tests = self._called("train"), self._called("test") or self._called("val")
        steps = [f"Next: cutaway train {self._quoted(trains or [''])} -o RUN"]
        if trains and tests:
            steps.append(f"Then: cutaway evaluate {self._quoted(tests)} --model RUN/model.onnx -o SCORES")
        return steps

    def _called(self, word: str) -> list[str]:
        """The sets whose name, or that of a folder above them, begins with a word."""
        return [name for name in self.sets if any(part.startswith(word) for part in name.split("/"))]

    def _quoted(self, names: list[str]) -> str:
        """The folders of some sets as a shell takes them."""
        texts = [printable(self.folder / name) for name in names]
        return " ".join(f'"{text}"' if " " in text else text for text in texts)


def _finding_lines(finding: Finding) -> list[str]:
    rest = len(finding.names) - SHOWN
    names = [*map(printable, finding.names[:SHOWN]), *([f"... and {rest} more"] if rest > 0 else [])]
    return [f"{finding.severity:<{len(_INDENT)}}{finding.text}", *(_INDENT + name for name in names)]
