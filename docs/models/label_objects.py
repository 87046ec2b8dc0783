"""Make a training set out of photos of objects: U²-Net draws the masks, and what it is unsure of is left out.

    python docs/models/label_objects.py PHOTOS DST --teacher u2net.onnx [--every 4] [--turned-aspect]

PHOTOS is a folder of photos with one main object each, DST gets images/ and masks/. The teacher is U²-Net (Qin et al.
2020, Apache-2.0), fed by its published recipe. A photo is kept if the subject covers 2 to 85 % of it and few of the
matte's pixels are in doubt. Interrupted, it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from cutaway import Remover
from cutaway.engines.onnx import OnnxEngine
from cutaway.types import Floats
from cutaway.weights.spec import ModelSpec

TEACHER = ModelSpec(
    "u2net", size=320, fit="stretch", input_scale="image-max", output="minmax", licence="Apache-2.0"
)
LEAST, MOST = 0.02, 0.85  # share of the photo that the subject may cover
DOUBT = 0.25  # largest area between 0.2 and 0.8, as a share of the subject's


def is_sure(matte: Floats) -> bool:
    """Whether the teacher's answer is clear enough to learn from."""
    subject = float(np.mean(matte >= 0.5))
    doubt = float(np.mean((matte > 0.2) & (matte < 0.8)))
    return LEAST <= subject <= MOST and doubt <= DOUBT * subject


def label(photo: Path, out: Path, *, remover: Remover, turned_aspect: bool) -> bool:
    """Label one photo; True if it was kept."""
    picture = Image.open(photo).convert("RGB")
    if turned_aspect:  # stored with width and height swapped
        picture = picture.resize((picture.height, picture.width), Image.Resampling.BICUBIC)
    matte = remover.matte(picture).alpha
    if not is_sure(matte):
        return False
    Image.fromarray(matte >= 0.5).save(out / "masks" / f"{photo.stem}.png", optimize=True)
    picture.save(out / "images" / f"{photo.stem}.webp", quality=92)  # last: a pair with an image is complete
    return True


def main() -> int:
    """Label every n-th photo of a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1, help="take every n-th photo, in order of name")
    parser.add_argument(
        "--turned-aspect", action="store_true", help="photos are stored with width and height swapped"
    )
    args = parser.parse_args()
    for name in ("images", "masks"):
        (args.out / name).mkdir(parents=True, exist_ok=True)
    remover = Remover(engine=OnnxEngine(args.teacher, spec=TEACHER))
    photos = sorted(args.photos.iterdir())[:: args.every]
    todo = [p for p in photos if not (args.out / "images" / f"{p.stem}.webp").exists()]
    kept = sum(label(p, args.out, remover=remover, turned_aspect=args.turned_aspect) for p in todo)
    print(f"{args.out}: {kept} of {len(todo)} photos kept")
    return 0


if __name__ == "__main__":
    sys.exit(main())
