"""rembg's own masks, in rembg's own environment: _rembg_masks.py MODEL OUT PHOTO... writes OUT/STEM.png for each."""

import sys
from pathlib import Path

from PIL import Image
from rembg import new_session, remove

if __name__ == "__main__":
    model, out, *photos = sys.argv[1:]
    session = new_session(model)
    for photo in photos:
        with Image.open(photo) as picture:
            remove(picture.convert("RGB"), session=session, only_mask=True).save(
                Path(out) / f"{Path(photo).stem}.png"
            )
