"""Which photos of a data set are copies of others, and whether validation would be told what training has seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cutaway.data.check_files import Opened
from cutaway.data.check_text import Finding, count
from cutaway.data.hashing import Looks, lookalikes
from cutaway.data.pairs import split_pairs


@dataclass(frozen=True)
class _Copy:
    """Two pairs by id: what the one is to the other."""

    id: str
    of: str
    how: str

    @property
    def about(self) -> list[tuple[str, str]]:
        """Both, for `Finding.about`."""
        text = f"{self.id} {self.how} {self.of}"
        return [(self.id, text), (self.of, text)]


def likeness_findings(opened: Sequence[Opened], *, validation: float, seed: int) -> Iterable[Finding]:
    """Photos that validation shares with training, and photos that one side holds twice.

    Args:
        opened: the pairs to compare.
        validation, seed: the split, as in `pairs.split_pairs`.
    """
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
        yield Finding.about(
            "warning", "near-duplicates", text, pairs=[named for copy in near for named in copy.about]
        )
    same = [*_repeats(training), *_repeats(held_out)]
    if same:
        text = f"{count(len(same), 'exact copy', plural='exact copies')} of other photos"
        yield Finding.about(
            "note", "duplicates", text, pairs=[named for copy in same for named in copy.about]
        )


def _across(training: Sequence[Opened], held_out: Sequence[Opened]) -> list[_Copy]:
    exact = {_content(o): o for o in training}
    alike = lookalikes(_looks(held_out), _looks(training))
    found = []
    for number, o in enumerate(held_out):
        if _content(o) in exact:
            found.append(_Copy(o.pair.id, exact[_content(o)].pair.id, "is a copy of"))
        elif number in alike:
            found.append(_Copy(o.pair.id, training[alike[number]].pair.id, "looks like"))
    return found


def _repeats(side: Sequence[Opened]) -> list[_Copy]:
    first: dict[object, Opened] = {}
    return [
        _Copy(o.pair.id, earlier.pair.id, "is a copy of")
        for o in side
        if (earlier := first.setdefault(_content(o), o)) is not o
    ]


def _content(o: Opened) -> object:
    """Equal for two photos of the same pixels, and for no others unless CRC-32 and difference hash both collide."""
    return o.photo.size, o.photo.checksum, o.photo.hash


def _looks(side: Sequence[Opened]) -> Looks:
    return Looks.of([o.photo.hash for o in side], [o.photo.thumb for o in side])
