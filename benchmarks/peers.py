"""The models we measure ourselves against, described as data so that Cutaway's own path can run them.

Cutaway neither ships nor trains from these files. What they want is their authors' published recipe:

- u2net.onnx, u2netp.onnx: U²-Net and its small version (Qin et al. 2020), 320×320, each picture divided by
  its own maximum, ImageNet mean and deviation, the answer stretched to its own minimum and maximum.
- imgly-medium.onnx: an IS-Net (Qin et al. 2022), 1024×1024, RGB / 255 - 0.5, the answer taken as it is.
"""

from __future__ import annotations

from pathlib import Path

from cutaway.weights.spec import ModelSpec

PEERS: dict[str, ModelSpec] = {
    spec.name + ".onnx": spec
    for spec in (
        ModelSpec(
            name="u2net",
            size=320,
            fit="stretch",
            input_scale="image-max",
            output="minmax",
            arch="U²-Net",
            licence="Apache-2.0",
            training_data="DUTS-TR",
        ),
        ModelSpec(
            name="u2netp",
            size=320,
            fit="stretch",
            input_scale="image-max",
            output="minmax",
            arch="U²-Net-p",
            licence="Apache-2.0",
            training_data="DUTS-TR",
        ),
        ModelSpec(
            name="imgly-medium",
            size=1024,
            fit="stretch",
            mean=(0.5, 0.5, 0.5),
            std=(1.0, 1.0, 1.0),
            output="alpha",
            arch="IS-Net",
            licence="AGPL-3.0 package; to measure against only",
        ),
    )
}
"""File name to description; the mean and deviation of ImageNet are `ModelSpec`'s defaults."""


def peer_spec(model: str) -> ModelSpec | None:
    """The description of a peer's file by its name, None for anything else."""
    return PEERS.get(Path(model).name)
