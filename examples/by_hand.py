"""By hand: every room once, the way `Remover` does it. Swap any step for your own."""

from pathlib import Path

import numpy as np

from cutaway.engines.onnx import OnnxEngine
from cutaway.media.encode import encode
from cutaway.media.files import write_atomic
from cutaway.media.images import read_image
from cutaway.pixels.prepare import prepare, restore
from cutaway.types import Cutout
from cutaway.weights.store import resolve

HERE = Path(__file__).parent

frame = read_image(HERE / "photos" / "chelsea.jpg")  # bytes → Frame: uint8 (H, W, 3), upright
engine = OnnxEngine(resolve("default"))  # a network and the ModelSpec from inside its file
prepared = prepare(frame.pixels, engine.spec)  # → float32 (1, 3, h, w)
matte = restore(engine.run(prepared.tensor), prepared, engine.spec)  # → float32 (H, W) in [0, 1]
print(f"subject covers {np.mean(matte.alpha > 0.5):.0%} of the photo")
cutout = Cutout(frame.pixels, matte.alpha, frame.metadata)
write_atomic(HERE / "out" / "chelsea-by-hand.png", encode(cutout, format="png"), overwrite=True)
