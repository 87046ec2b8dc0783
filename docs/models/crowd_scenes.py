"""Make scenes in which a subject stands before others: what is far smaller, behind the subject, is no subject.

A network that learnt from masks of every person and animal cuts out the spectators behind a dancer, too. Here whole
subjects of training photos are laid into a scene in the order of their distance: up to two dozen small ones, on a
ground seen in perspective, then one to three large ones in front. Only those are in the mask.

    python docs/models/crowd_scenes.py OUT COUNT DATA/backgrounds SET...

With `--things`, people stand before vehicles and furniture of about their own size, cut out of Caltech-101's photos,
and before drawn boxes, posts and balls: where there are people, such things behind them are no subject.

With `--carried SHARE`, that share of the people have one or two other things in front of them, as if they held or wore
them: those are in the mask.

With `--close SHARE`, that share of the scenes show the subject so near that the lower edge cuts it off. There nothing
but a crowd stands behind, and often the sharpness falls away across subject and background alike.

With `--rows SHARE`, that share of what is made are streets: street photos side by side, of some the strip beside the
person alone, with pavement below and what is high above. All their people are in the mask, and the cars and bins beside
them, which no scissors have touched, are not.

With `--photos SHARE`, that share of what is made are photos of the sets as they are, but for a sharpness that falls
away: a part of a near subject that is out of focus belongs to it.

What `cutaway train --validation 0.06` holds out of the same sets is left out; with `--held-out` it alone is used.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from cutaway.data.described import write_dataset_toml
from cutaway.data.grounds import Picture, Rng, drawn_background, random_background
from cutaway.data.pairs import find_pairs, split_pairs
from cutaway.data.readings import MaskReading
from cutaway.data.samples import PairCache, load_backgrounds
from cutaway.data.several import whole_subject
from cutaway.types import Floats

HEIGHT = 480
"""Of a scene, in pixels."""
ASPECTS = 0.75, 1.0, 4 / 3, 1.5, 16 / 9
SUBJECT = 0.5, 0.97
"""Height of the subject in front, as a share of the scene's."""
BEHIND = 0.1, 0.5
"""Height of what is behind, as a share of the subject's."""
DENSE, MOST = 0.7, 24
"""How often there is a crowd rather than one to three, and of how many at most."""
CLOSE, LARGEST = 0.25, 1.8
"""How often the subject is so near that the lower edge cuts it off unless told, and its largest height then."""
SHALLOW = 0.5
"""How often sharpness falls away across a near one."""
COMPANY = 0.75, 0.2, 0.05
"""How often one, two and three subjects stand in front."""
PEOPLE = 0.6
"""How often a scene has people alone (of the set "fashion"), rather than subjects of all sets."""
STREET = 0.4
"""How often people stand before a row of street photos with all that is in them."""
PERSON = 0.85
"""A street photo is so much higher than its person, by and large."""
THINGS = (
    "car_side", "Motorbikes", "airplanes", "helicopter", "ketch", "ferry", "chair", "windsor_chair", "stop_sign",
    "barrel", "lamp", "wheelchair", "grand_piano", "pagoda", "minaret", "bonsai", "joshua_tree", "cannon",
    "gramophone", "laptop", "pyramid", "buddha", "ceiling_fan", "anchor",
)  # fmt: skip
"""Classes of Caltech-101 that stand in streets and rooms, by the words in their files' names."""
CARRIED_SETS = "caltech101", "clothing", "grocery", "trashnet"
"""Sets of which all but those classes are things (and small animals) that may be carried."""
BESIDE, FEWEST_THINGS, MOST_THINGS = (0.3, 0.95), 1, 4
"""Height of a thing as a share of the person's, and how many there are."""
DRAWN = 0.35
"""How often a thing is drawn rather than cut out."""
CARRIED = 0.12, 0.45
"""Height of what somebody carries, as a share of the person's."""
WHERE = 0.2, 0.75
"""Where on the person the middle of a carried thing is, from head to foot."""
ACROSS = 0.0, 1.0
"""The same from side to side."""
IN_ROWS = 0.5, 1.1
"""Height of people in a row of street photos, as a share of the scene's."""
EMPTY_STRIP = 0.45
"""How often what is beside a person stands in the row without the person."""
WALKS = 0.4, 0.97
"""Height of a person before things, as a share of the scene's."""
GREY = 12
"""Channels that differ by less on average: an old photo of a car, which is given a colour."""
LIGHT = 0.3
"""Colours move by at most this share of the way to the ground's mean."""

SMALLEST = 0.01
"""A scene with less of a subject than this share is left out."""

Cut = tuple[Picture, Picture, bool]
Place = tuple[int, int, int, int]
"""Top, left, height and width in pixels; any part of it may lie outside of the scene."""


@dataclass(frozen=True)
class Stock:
    """Where subjects and grounds come from: the sets by name, and pictures that are known to be empty."""

    sets: dict[str, PairCache]
    empty: Sequence[Picture]
    things: PairCache | None = None
    carried: PairCache | None = None

    def subject(self, rng: Rng, name: str) -> Cut | None:
        """A whole subject of the set of this name."""
        return _whole(self.sets[name], rng)

    def thing(self, rng: Rng) -> Cut | None:
        """A whole vehicle or piece of furniture in some colour, or a drawn thing."""
        if rng.random() < DRAWN:
            return self._drawn(rng)
        cut = _whole(self.things, rng) if self.things else None
        if cut and float(np.ptp(cut[0].astype(np.float32), axis=2).mean()) < GREY:
            tint = rng.uniform(0.3, 1.2, 3)
            return np.clip(cut[0] * tint, 0, 255).astype(np.uint8), *cut[1:]
        return cut

    def carries(self, rng: Rng) -> Cut | None:
        """A whole thing that somebody may hold or wear."""
        return _whole(self.carried, rng) if self.carried else None

    def _drawn(self, rng: Rng) -> Cut:
        """A box, a ball or a many-cornered thing, of one colour or with a piece of a photo on it, lit from a side."""
        tall, wide = (int(side) for side in rng.integers(60, 320, 2))
        if rng.random() < 0.3:
            wide = max(8, tall // int(rng.integers(5, 20)))  # a post
        colour = np.empty((tall, wide, 3), np.float32)
        colour[:] = rng.uniform(0, 255, 3)
        if rng.random() < 0.6:
            photo = self.any(rng, str(rng.choice(list(self.sets))))[0]
            high, across = (max(4, round(side * rng.uniform(0.1, 0.5))) for side in photo.shape[:2])
            y, x = int(rng.integers(photo.shape[0] - high)), int(rng.integers(photo.shape[1] - across))
            colour = cv2.resize(photo[y : y + high, x : x + across], (wide, tall)).astype(np.float32)
        (left, right), below = rng.uniform(0.5, 1.3, 2), rng.uniform(0.5, 1.1)
        colour *= np.linspace(left, right, wide)[None, :, None] * np.linspace(1, below, tall)[:, None, None]
        matte = np.zeros((tall, wide), np.uint8)
        shape = rng.random()
        if shape < 0.5:
            matte[:] = 255
        elif shape < 0.75:
            cv2.ellipse(
                matte, (wide // 2, tall // 2), (wide // 2, tall // 2), 0, 0, 360, 255, -1, cv2.LINE_AA
            )
        else:
            corners = rng.uniform(0, 1, (int(rng.integers(5, 12)), 2)) * (wide - 1, tall - 1)
            cv2.fillPoly(matte, [cv2.convexHull(corners.astype(np.int32))], 255, cv2.LINE_AA)
        return np.clip(colour, 0, 255).astype(np.uint8), matte, True

    def ground(self, rng: Rng, *, people: bool) -> Picture:
        """A square without a subject: of a street for people, of any photo or a drawn one for the others."""
        for _ in range(6):
            if people or rng.random() < 0.3:
                source: tuple[Picture, Picture | None] = self.any(rng, "fashion")
            elif rng.random() < 0.4:
                source = self.empty[int(rng.integers(len(self.empty)))], None
            else:
                source = self.any(rng, str(rng.choice(list(self.sets))))
            if (found := random_background(source, rng, size=HEIGHT)) is not None:
                return found
        return drawn_background(rng, size=HEIGHT)

    def street(self, rng: Rng, *, size: tuple[int, int], height: float, foot: float) -> Picture:
        """Street photos side by side, mirrored or not, with people of this height; pavement below, what is high above.

        Args:
            rng: source of all chance.
            size: (H, W) of the ground.
            height: of a person, in pixels.
            foot: row on which people stand.
        """
        tall = max(16, round(height / PERSON))
        row: list[Picture] = []
        while sum(part.shape[1] for part in row) < size[1]:
            photo = self.any(rng, "fashion")[0][:, :: -1 if rng.random() < 0.5 else 1]
            wide = max(8, round(tall * photo.shape[1] / photo.shape[0]))
            row.append(np.asarray(cv2.resize(photo, (wide, tall), interpolation=cv2.INTER_AREA), np.uint8))
        return _street(np.hstack(row)[:, : size[1]], size=size, foot=foot, edge=max(1, tall // 16))

    def passers_by(self, rng: Rng) -> tuple[Picture, Picture]:
        """A street of photos side by side, 480 pixels high, and the matte of all people in it; uint8."""
        size = HEIGHT, round(HEIGHT * float(rng.choice(ASPECTS)))
        height, foot = HEIGHT * rng.uniform(*IN_ROWS), HEIGHT * rng.uniform(0.85, 1.0)
        tall = round(height / PERSON)
        row: list[Picture] = []
        while sum(part.shape[1] for part in row) < size[1]:
            part = np.dstack(self.any(rng, "fashion"))[:, :: -1 if rng.random() < 0.5 else 1]
            if rng.random() < EMPTY_STRIP:
                part = part[:, : int(np.argmax((part[..., 3] >= 128).any(axis=0)))]
            if (wide := round(tall * part.shape[1] / part.shape[0])) >= 8:
                part = np.ascontiguousarray(part)
                row.append(np.asarray(cv2.resize(part, (wide, tall), interpolation=cv2.INTER_AREA), np.uint8))
        whole = _street(np.hstack(row)[:, : size[1]], size=size, foot=foot, edge=max(1, tall // 40))
        return whole[..., :3].copy(), whole[..., 3].copy()

    def any(self, rng: Rng, name: str) -> tuple[Picture, Picture]:
        """Any photo of the set of this name, and its matte."""
        return self.sets[name][int(rng.integers(len(self.sets[name])))]


def _street(band: Picture, *, size: tuple[int, int], foot: float, edge: int) -> Picture:
    """A band of photos in which people stand on row `foot`; above and below, its outermost rows (`edge`) go on."""
    tall = len(band)
    top = round(foot - tall * 0.95)
    seen = band[max(0, -top) : size[0] - top]
    above, below = max(0, top), size[0] - max(0, top) - len(seen)
    parts = [cv2.resize(seen[:edge], (size[1], above))] if above else []
    parts.append(seen)
    if below > 0:
        parts.append(cv2.resize(seen[-edge:], (size[1], below)))
    return np.vstack(parts).astype(np.uint8)


def _whole(cache: PairCache, rng: Rng) -> Cut | None:
    return whole_subject(rng, other=lambda r: cache[int(r.integers(len(cache)))])


def scene(stock: Stock, rng: Rng, *, carried: float = 0.0, near: float = CLOSE) -> tuple[Picture, Picture]:
    """A scene and its matte, uint8 (480, W, 3) and (480, W).

    Args:
        stock: where all of it comes from.
        rng: source of all chance.
        carried: how often a person carries something, 0 to 1.
        near: how often the subject is so near that the lower edge cuts it off, 0 to 1.
    """
    people = stock.things is not None or carried > 0 or rng.random() < PEOPLE
    names = ["fashion"] if people else list(stock.sets)
    width = round(HEIGHT * float(rng.choice(ASPECTS)))
    horizon, foot = HEIGHT * rng.uniform(0.2, 0.55), HEIGHT * rng.uniform(0.85, 1.0)
    height = min(HEIGHT * rng.uniform(*(WALKS if stock.things else SUBJECT)), foot - 1)
    if close := rng.random() < near:
        height = HEIGHT * rng.uniform(1, LARGEST)
        foot = height + HEIGHT * rng.uniform(0.03, 0.3)
    row = rng.uniform(*BEHIND)  # a crowd is a row, more or less
    stands = min(horizon + row * (foot - horizon), HEIGHT - 1)
    count = int(rng.integers(4, MOST + 1)) if rng.random() < DENSE else int(rng.integers(1, 4))
    if people and rng.random() < STREET:
        ground = stock.street(rng, size=(HEIGHT, width), height=row * height, foot=stands)
        count //= 3
    else:
        ground = stock.ground(rng, people=people)
    picture = np.asarray(cv2.resize(ground, (width, HEIGHT)), np.float32)
    matte = np.zeros((HEIGHT, width), np.float32)
    mean = picture.mean(axis=(0, 1))
    name = str(rng.choice(names))
    for share in sorted(np.clip(row * np.exp(rng.normal(0, 0.25, count)), *BEHIND)):
        if not people and rng.random() < 0.3:
            name = str(rng.choice(names))
        if cut := stock.subject(rng, name):
            stands = horizon + share * (foot - horizon) + HEIGHT * rng.normal(0, 0.02)
            _paste(picture, None, cut, rng, height=share * height, foot=stands, mean=mean)
    count = int(rng.integers(FEWEST_THINGS, MOST_THINGS + 1)) if stock.things and not close else 0
    for share in sorted(rng.uniform(*BESIDE, count)):
        if cut := stock.thing(rng):
            stands = foot - HEIGHT * rng.uniform(0.01, 0.15)
            _paste(picture, None, cut, rng, height=share * height, foot=stands, mean=mean)
    if rng.random() < 0.5:
        picture[:] = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.5, 2.5))
    name = str(rng.choice(names))
    for k in range(1 + int(rng.choice(3, p=COMPANY))):
        if cut := stock.subject(rng, name):
            tall = min(height * (1 if k == 0 else rng.uniform(0.75, 1.1)), HEIGHT * LARGEST)
            box = _paste(picture, matte, cut, rng, height=tall, foot=foot, mean=mean)
            if rng.random() < carried:
                _carry(picture, matte, stock, rng, person=box, mean=mean)
    if close and rng.random() < SHALLOW:
        _soften(picture, matte, rng)
    return _written(picture, matte)


def photo_out_of_focus(stock: Stock, rng: Rng) -> tuple[Picture, Picture]:
    """A photo of any set, 480 pixels high, whose sharpness falls away to one side, and its matte; uint8."""
    found = stock.any(rng, str(rng.choice(list(stock.sets))))
    width = max(1, round(HEIGHT * found[0].shape[1] / found[0].shape[0]))
    picture, matte = (
        np.asarray(cv2.resize(part, (width, HEIGHT), interpolation=cv2.INTER_AREA), np.float32)
        for part in found
    )
    matte = matte / np.float32(255)
    _soften(picture, matte, rng)
    return _written(picture, matte)


def _written(picture: Floats, matte: Floats) -> tuple[Picture, Picture]:
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8), (matte * 255 + 0.5).astype(np.uint8)


def _soften(picture: Floats, matte: Floats, rng: Rng) -> None:
    """Blur a picture and its matte more and more towards one side; both are written to."""
    high, wide = matte.shape
    angle, sigma = rng.uniform(0, 2 * np.pi), rng.uniform(1.5, 6)
    y, x = np.mgrid[:high, :wide].astype(np.float32) / np.float32(max(high, wide)) - np.float32(0.5)
    share = np.clip((x * np.cos(angle) + y * np.sin(angle)) * rng.uniform(2, 5), 0, 1).astype(np.float32)
    picture += share[..., None] * (cv2.GaussianBlur(picture, (0, 0), sigma) - picture)
    matte += share * (cv2.GaussianBlur(matte, (0, 0), sigma) - matte)


def _carry(picture: Floats, matte: Floats, stock: Stock, rng: Rng, *, person: Place, mean: Floats) -> None:
    """Lay one or two things over a person and into the matte."""
    top, left, high, wide = person
    for _ in range(1 + int(rng.random() < 0.3)):
        if cut := stock.carries(rng):
            tall = high * rng.uniform(*CARRIED)
            foot = top + high * rng.uniform(*WHERE) + tall / 2
            middle = left + wide * rng.uniform(*ACROSS)
            _paste(picture, matte, cut, rng, height=tall, foot=foot, mean=mean, middle=middle)


def _paste(
    picture: Floats,
    matte: Floats | None,
    cut: Cut,
    rng: Rng,
    *,
    height: float,
    foot: float,
    mean: Floats,
    middle: float | None = None,
) -> Place:
    """Lay a subject over a picture and, if there is one, over the matte; both are written to. Tell where it lies."""
    colour, alpha, _ = cut
    h = max(8, round(height))
    w = max(4, min(round(height * alpha.shape[1] / alpha.shape[0]), round(picture.shape[1] * 0.9)))
    method = cv2.INTER_AREA if h < alpha.shape[0] else cv2.INTER_CUBIC
    mirror = -1 if rng.random() < 0.5 else 1
    colour = cv2.resize(colour, (w, h), interpolation=method)[:, ::mirror].astype(np.float32)
    alpha = np.ascontiguousarray(cv2.resize(alpha, (w, h), interpolation=method)[:, ::mirror])
    soft = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.4, 0.9)).astype(np.float32) / 255
    soft = np.clip(soft * 1.6 - 0.6, 0, 1)  # hides what is left of the old background along the edge
    colour += rng.uniform(0, LIGHT) * (mean - colour.mean(axis=(0, 1)))
    y, x = round(foot) - h, int(rng.integers(-w // 4, max(picture.shape[1] - w + w // 4, 1 - w // 4)))
    if middle is not None:
        x = round(middle - w / 2)
    top, left = max(0, -y), max(0, -x)
    bottom, right = min(h, picture.shape[0] - y), min(w, picture.shape[1] - x)
    if bottom <= top or right <= left:
        return y, x, h, w
    place = np.s_[y + top : y + bottom, x + left : x + right]
    part = soft[top:bottom, left:right]
    picture[place] += part[..., None] * (colour[top:bottom, left:right] - picture[place])
    if matte is not None:
        matte[place] += part * (1 - matte[place])
    return y, x, h, w


def main() -> None:
    """Write OUT/images and OUT/masks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("backgrounds", type=Path)
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--background-exclude", type=Path, default=None)
    parser.add_argument("--held-out", action="store_true", help="of the held-out pairs instead of the others")
    parser.add_argument("--things", action="store_true", help="people before vehicles and furniture")
    parser.add_argument(
        "--carried", type=float, default=0.0, metavar="SHARE", help="of the people carry something"
    )
    parser.add_argument("--close", type=float, default=CLOSE, metavar="SHARE", help="of the scenes are close")
    parser.add_argument("--rows", type=float, default=0.0, metavar="SHARE", help="are streets of photos")
    parser.add_argument("--photos", type=float, default=0.0, metavar="SHARE", help="are photos out of focus")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for name in ("carried", "close", "rows", "photos"):
        if not 0 <= getattr(args, name) <= 1:
            raise SystemExit(f"--{name} is a share from 0 to 1, not {getattr(args, name):g}")
    if args.rows + args.photos > 1:
        raise SystemExit(
            f"--rows and --photos are shares of one whole, not {args.rows:g} and {args.photos:g}"
        )
    cv2.setNumThreads(1)
    chosen = split_pairs(find_pairs(args.sets), validation=0.06, seed=0)[1 if args.held_out else 0]
    by_set = defaultdict(list)
    for pair in chosen:
        by_set[pair.image.parent.parent.name].append(pair)
    grey = MaskReading("grey")
    sets = {
        name: PairCache(pairs, reading=grey, longest=HEIGHT, budget_bytes=2 * 2**30)
        for name, pairs in by_set.items()
    }
    if "fashion" not in sets:
        raise SystemExit(f"people come from a set named 'fashion', and there are only: {', '.join(sets)}")
    things = [pair for pair in chosen if any(f"_{word}_" in pair.id for word in THINGS)]
    if args.things and not things:
        raise SystemExit("--things needs photos of Caltech-101, whose names tell vehicles and furniture")
    large = {pair.id for pair in things}
    small = [pair for pair in chosen if pair.id.split("/")[0] in CARRIED_SETS and pair.id not in large]
    if args.carried and not small:
        raise SystemExit(f"--carried needs one of the sets of things: {', '.join(CARRIED_SETS)}")
    stock = Stock(
        sets,
        load_backgrounds(args.backgrounds, longest=HEIGHT, exclude=args.background_exclude),
        PairCache(things, reading=grey, longest=HEIGHT, budget_bytes=2**30) if args.things else None,
        PairCache(small, reading=grey, longest=HEIGHT, budget_bytes=2**30) if args.carried else None,
    )
    for folder in ("images", "masks"):
        (args.out / folder).mkdir(parents=True, exist_ok=True)
    made = number = 0
    while made < args.count:
        chance = np.random.default_rng((args.seed, number))
        kind = chance.random() if args.photos or args.rows else 1.0
        if kind < args.photos:
            found = photo_out_of_focus(stock, chance)
        elif kind < args.photos + args.rows:
            found = stock.passers_by(chance)
        else:
            found = scene(stock, chance, carried=args.carried, near=args.close)
        number += 1
        picture, matte = found
        if float(matte.mean()) < SMALLEST * 255:
            continue
        stem = f"crowd_{made:05d}"
        quality = [cv2.IMWRITE_JPEG_QUALITY, 92]
        cv2.imwrite(
            str(args.out / "images" / f"{stem}.jpg"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), quality
        )
        cv2.imwrite(str(args.out / "masks" / f"{stem}.png"), matte)
        made += 1
    write_dataset_toml(
        args.out, reading="grey", source="crowd_scenes.py", licence="of the photos it is made of"
    )


if __name__ == "__main__":
    main()
