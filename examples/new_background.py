"""A few steps: one opened Remover for many photos, and each result on several backgrounds."""

from pathlib import Path

import cutaway

HERE = Path(__file__).parent
OUT = HERE / "out"

with cutaway.Remover() as remover:
    for photo in sorted((HERE / "photos").glob("*.jpg")):
        result = remover.remove(photo)
        for name, background in {"white": "white", "teal": "#0a7d7d", "blur": "blur:12"}.items():
            target = OUT / f"{photo.stem}-{name}.jpg"
            result.over(background).save(target)
            print(target)
