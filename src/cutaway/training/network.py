"""The network a run begins with: new, pretrained, or with the weights of another run or model."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from cutaway.errors import CheckpointError
from cutaway.models.base import MatteNet, freeze_norms
from cutaway.models.from_onnx import load_onnx_weights
from cutaway.models.registry import build
from cutaway.training import checkpoint as ckpt
from cutaway.training.config import TrainConfig
from cutaway.weights.store import resolve

log = logging.getLogger(__name__)

_CHECKPOINTS = {".ckpt", ".pt", ".pth"}


def build_network(config: TrainConfig, *, weights: ckpt.Checkpoint | None) -> MatteNet:
    """The configured network; not pretrained where its weights are about to be replaced by `weights` or `init`.

    Raises:
        OptionError: an unknown architecture or an unknown key in `network`.
        CheckpointError: `init` is a checkpoint of another network, or damaged.
        ModelNotFoundError: `init` is neither a checkpoint nor a model.
        ModelError: `init` is a model of another network.
    """
    replaced = bool(config.init or weights)
    model = build(
        config.arch,
        pretrained=False if replaced else (config.pretrained_file or config.pretrained),
        classes=config.classes,
        grey=config.grey,
        network=config.network,
    )
    if config.init and not weights:
        _start_from(model, config)
    if config.init and not _is_checkpoint(config.init):
        freeze_norms(model)
    return model


def _is_checkpoint(init: str) -> bool:
    return Path(init).suffix.lower() in _CHECKPOINTS


def _start_from(model: MatteNet, config: TrainConfig) -> None:
    if not _is_checkpoint(config.init):
        path = resolve(config.init)
        load_onnx_weights(model, path)
        log.info(
            "starting from the model %s; its batch normalisation is folded into the convolutions, "
            "so the network learns without it", path,
        )  # fmt: skip
        return
    try:
        model.load_state_dict(load_init(config.init))
    except RuntimeError as error:
        raise CheckpointError(
            f"--init {config.init} is not a {config.arch} network: {str(error).splitlines()[-1].strip()}"
        ) from error
    log.info("starting from the weights of %s", config.init)


def load_init(path: str) -> dict[str, Any]:
    """The averaged weights of a checkpoint, to start another run from."""
    return ckpt.load(Path(path)).ema
