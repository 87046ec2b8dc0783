"""The proof that a model file answers as the network in torch does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch

from cutaway.models.base import Exported, MatteNet

PARITY = 2e-4
"""Largest difference in alpha (or in a class's share) allowed between torch and the file, float32 on the CPU."""

_SHAPES = ((4, 4), (2, 7), (9, 3))  # in strides
_FATAL = 4  # ONNX Runtime's highest severity: it raises what it would otherwise also print


def worst_difference(model: MatteNet, path: Path) -> float:
    """Largest difference between the answers of a network and of a file, over three shapes of random input.

    The network is compared as it is in evaluation; it is left on the CPU and in float32, in the mode it was in. NaN if
    one of the two answers with it, infinity if the answers differ in shape.
    """
    options = ort.SessionOptions()
    options.log_severity_level = _FATAL
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    training = model.training
    network = Exported(model).cpu().eval().float()
    rng = np.random.default_rng(0)
    worst = []
    for rows, columns in _SHAPES:
        shape = (1, model.channels, rows * model.stride, columns * model.stride)
        tensor = rng.normal(0, 1, shape).astype(np.float32)
        with torch.no_grad():
            wanted = network(torch.from_numpy(tensor)).numpy()
        answer = session.run(None, {session.get_inputs()[0].name: tensor})[0]
        worst.append(np.abs(answer - wanted).max() if answer.shape == wanted.shape else np.inf)
    model.train(training)
    return float(np.max(worst))
