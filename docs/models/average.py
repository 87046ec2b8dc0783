"""The weighted mean of two models of one architecture: `python docs/models/average.py A.onnx B.onnx SHARE OUT.onnx`.

A fifth word, a number of pixels, is written into the result as its `zoom_size`.

Fine-tuning moves a model towards new photos and away from some of what it knew; a point between the two often knows
both (Wortsman et al. 2022, Robust fine-tuning of zero-shot models, arXiv:2109.01903). Both files must come from one
line of training: the second started from the first.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from cutaway.weights.spec import METADATA_KEY, ModelSpec


def main() -> None:
    """(1 - SHARE) A + SHARE B, tensor by tensor; all else as in B."""
    first, second = (onnx.load(path) for path in sys.argv[1:3])
    share, out = float(sys.argv[3]), Path(sys.argv[4])
    theirs = {tensor.name: numpy_helper.to_array(tensor) for tensor in first.graph.initializer}
    for tensor in second.graph.initializer:
        mine = numpy_helper.to_array(tensor)
        if tensor.name not in theirs or theirs[tensor.name].shape != mine.shape:
            raise SystemExit(f"{tensor.name} is not in both files: they are not of one architecture")
        if mine.dtype == np.float32:
            mean = (1 - share) * theirs[tensor.name] + share * mine
            tensor.CopyFrom(numpy_helper.from_array(mean.astype(np.float32), tensor.name))
    for entry in second.metadata_props:
        if entry.key == METADATA_KEY and len(sys.argv) > 5:
            spec = replace(ModelSpec.from_json(entry.value), zoom_size=int(sys.argv[5]), zoom_mirrored=True)
            entry.value = spec.to_json()
    out.write_bytes(second.SerializeToString())


if __name__ == "__main__":
    main()
