"""Draw the coarse edges of hand-made masks anew by a teacher's mattes, and leave out photos that it disputes.

The outlines of PASCAL VOC are polygons, a few pixels off, and things outside its 20 classes are not marked. With the
mattes that `cutaway label PHOTOS TEACHER` drew:

- within a band along the hand-made outline the teacher's matte counts, where both mean the same subject by and large;
- elsewhere the hand-made mask counts, also where the teacher missed a part; but the thin gaps between things that
  touch, which the set leaves undecided, are closed, and small things that the teacher does not see are dropped;
- photos in which the teacher sees another subject, far from the marked one, are left out.

    python docs/models/teacher_edges.py DATA/train/voc TEACHER OUT
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from cutaway.data.described import write_dataset_toml
from cutaway.data.masks import read_indices
from cutaway.types import Floats

BAND = 0.02
"""Half the width of the band, as a share of the photo's diagonal."""
SAME_SUBJECT = 0.75
"""IoU from which the teacher's edge is believed."""
OTHER_SUBJECT = 0.02
"""Share of the photo that the teacher may see as subject outside of mask and band."""

GAP = 0.008
"""Radius of the closing, as a share of the diagonal: VOC's undecided lines are five pixels wide."""
SIDE_ISSUE = 0.2, 0.25
"""A part smaller than this share of the largest one is dropped where the teacher's mean alpha is below the second."""

Grey = npt.NDArray[np.uint8]


def merged(hand: Grey, teacher: Floats) -> tuple[Grey | None, str]:
    """The matte to learn from and what was done; None for a photo to be left out.

    Args:
        hand: 0 or 255, (H, W).
        teacher: alpha in [0, 1], (H, W).
    """
    hand = _without_side_issues(_closed(hand), teacher)
    subject, seen = hand >= 128, teacher >= 0.5
    radius = max(2, round(BAND * float(np.hypot(*hand.shape))))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)
    wide, narrow = cv2.dilate(hand, disc) >= 128, cv2.erode(hand, disc, borderValue=255) >= 128
    if float((seen & ~wide).mean()) > OTHER_SUBJECT:
        return None, "another subject"
    either = float((subject | seen).sum())
    if either == 0 or float((subject & seen).sum()) / either < SAME_SUBJECT:
        return hand, "hand-made alone"
    matte = np.where(wide & ~narrow, teacher, subject.astype(np.float32))
    return np.rint(matte * 255).astype(np.uint8), "the teacher's edge"


def _closed(hand: Grey) -> Grey:
    radius = max(2, round(GAP * float(np.hypot(*hand.shape))))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)
    padded = cv2.copyMakeBorder(hand, *(radius,) * 4, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, disc)
    return np.asarray(closed[radius:-radius, radius:-radius], dtype=np.uint8)


def _without_side_issues(hand: Grey, teacher: Floats) -> Grey:
    count, parts, stats, _ = cv2.connectedComponentsWithStats((hand >= 128).astype(np.uint8))
    if count < 3:
        return hand
    areas = stats[1:, cv2.CC_STAT_AREA]
    small, unseen = SIDE_ISSUE
    kept = hand.copy()
    for part in range(1, count):
        inside = parts == part
        if areas[part - 1] < small * areas.max() and float(teacher[inside].mean()) < unseen:
            kept[inside] = 0
    return kept


def main() -> None:
    """Write OUT/images (links to the photos) and OUT/masks."""
    hand, teacher, out = (Path(word) for word in sys.argv[1:4])
    (out / "images").mkdir(parents=True, exist_ok=True)
    (out / "masks").mkdir(exist_ok=True)
    done: Counter[str] = Counter()
    for path in sorted((teacher / "masks").glob("*.png")):
        mask = hand / "masks" / path.name
        photo = next((hand / "images").glob(path.stem + ".*"))
        values = read_indices(mask)
        matte, what = merged((values > 0).astype(np.uint8) * 255, read_indices(path).astype(np.float32) / 255)
        done[what] += 1
        if matte is None:
            continue
        cv2.imwrite(str(out / "masks" / path.name), matte)
        link = out / "images" / photo.name
        if not link.exists():
            link.symlink_to(photo.resolve())
    write_dataset_toml(
        out, reading="grey", source=f"{hand.name}, edges by a teacher", licence="of the photos"
    )
    print(dict(done))


if __name__ == "__main__":
    main()
