"""rembg's own cut-outs, made in its own environment: _rembg_cutouts.py MODEL OUT PHOTO... writes OUT/STEM.png each."""

import sys
from pathlib import Path

from PIL import Image
from rembg import new_session, remove

if __name__ == "__main__":
    model, out, *photos = sys.argv[1:]
    session = new_session(model)
    for photo in photos:
        with Image.open(photo) as picture:
            remove(picture.convert("RGB"), session=session).save(Path(out) / f"{Path(photo).stem}.png")
