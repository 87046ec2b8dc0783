"""The network a run begins with: new, pretrained, or with the weights of another run or model."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from cutaway.errors import CheckpointError, ModelError, OptionError
from cutaway.models.base import MatteNet, freeze_norms
from cutaway.models.from_onnx import load_onnx_weights
from cutaway.models.onnx_file import read_onnx, spec_of
from cutaway.models.registry import ARCHITECTURES, build
from cutaway.training import checkpoint as ckpt
from cutaway.training.config import TrainConfig
from cutaway.weights.store import resolve

log = logging.getLogger(__name__)

_CHECKPOINTS = {".ckpt", ".pt", ".pth"}


def build_network(config: TrainConfig, *, weights: ckpt.Checkpoint | None) -> MatteNet:
    """The configured network; not pretrained where its weights are about to be replaced by `weights` or `init`.

    Raises:
        OptionError: an unknown architecture or an unknown key in `network`, or `renew_norms` with a checkpoint.
        CheckpointError: `init` is a checkpoint of another network, or damaged.
        ModelNotFoundError: `init` is neither a checkpoint nor a model.
        ModelError: `init` is a model of another network.
    """
    if config.renew_norms and _is_checkpoint(config.init):
        raise OptionError(
            "renew_norms is for an init whose normalisation was lost, a model; a checkpoint has its own"
        )
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
    if config.init and not _is_checkpoint(config.init) and not config.renew_norms:
        freeze_norms(model)
    return model


def _is_checkpoint(init: str) -> bool:
    return Path(init).suffix.lower() in _CHECKPOINTS


def _start_from(model: MatteNet, config: TrainConfig) -> None:
    if config.init_partial:
        _take_what_fits(model, config)
    elif _is_checkpoint(config.init):
        _take_checkpoint(model, config)
    else:
        load_onnx_weights(model, resolve(config.init))
    log.info(
        "starting from the weights of %s%s", config.init,
        "" if _is_checkpoint(config.init) or config.renew_norms
        else "; its batch normalisation is folded into the convolutions, so the "
        "network learns without it",
    )  # fmt: skip


def _take_checkpoint(model: MatteNet, config: TrainConfig) -> None:
    try:
        model.load_state_dict(load_init(config.init))
    except RuntimeError as error:
        raise CheckpointError(
            f"--init {config.init} is not a {config.arch} network: {str(error).splitlines()[-1].strip()}"
        ) from error


def _take_what_fits(model: MatteNet, config: TrainConfig) -> None:
    """Take over the layers that have the same name and shape in another network; the others stay as they are."""
    theirs = _weights_of(config.init, config)
    mine = model.state_dict()
    fit = {name: value for name, value in theirs.items() if name in mine and mine[name].shape == value.shape}
    if not fit:
        raise CheckpointError(f"--init {config.init}: no layer of it fits into the network {config.arch}")
    model.load_state_dict({**mine, **fit})
    log.info("%d of %d tensors of %s fit", len(fit), len(mine), config.init)


def _weights_of(init: str, config: TrainConfig) -> dict[str, Any]:
    """The state dict of a checkpoint, or of the network that a model file of ours was made from."""
    if _is_checkpoint(init):
        return load_init(init)
    path = resolve(init)
    spec = spec_of(read_onnx(path))
    if spec is None or spec.arch not in ARCHITECTURES:
        raise ModelError(
            f"{str(path)!r} does not name one of our architectures, so its layers cannot be told apart"
        )
    source = build(spec.arch, classes=config.classes, grey=config.grey)
    load_onnx_weights(source, path)
    return source.state_dict()


def load_init(path: str) -> dict[str, Any]:
    """The averaged weights of a checkpoint, to start another run from."""
    return ckpt.load(Path(path)).ema
