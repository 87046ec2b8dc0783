"""One line: a photo in, a cut-out beside the other results."""

from pathlib import Path

import cutaway

HERE = Path(__file__).parent
OUT = HERE / "out"

cutaway.remove(HERE / "photos" / "astronaut.jpg").save(OUT / "astronaut-cutout.png")
print(OUT / "astronaut-cutout.png")
