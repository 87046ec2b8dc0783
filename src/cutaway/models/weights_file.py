"""Reading published weights (.pth) into a network: every tensor by name, and none left over."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from cutaway.errors import ModelError, ModelNotFoundError


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a .pth file by name; nothing in it is executed.

    Raises:
        ModelNotFoundError: there is no such file.
        ModelError: it cannot be read, or holds something else.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise ModelNotFoundError(f"there is no file of weights {path}") from error
    except Exception as error:  # torch raises half a dozen types for damaged files
        raise ModelError(f"{path} cannot be read as weights ({type(error).__name__})") from error
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ModelError(f"{path} holds no tensors by name")
    return state


def load_exactly(network: nn.Module, state: Mapping[str, Tensor], *, name: str, path: Path) -> None:
    """Put tensors into a network where names and shapes agree without exception.

    Older files lack the counters `num_batches_tracked`, which nothing depends on; those may be missing.

    Args:
        network: what is filled.
        state: tensors by name.
        name, path: what the network is called and where the tensors come from, for messages.

    Raises:
        ModelError: a tensor is missing, left over or of another shape.
    """
    mine = network.state_dict()
    counters = {k: v for k, v in mine.items() if k.endswith("num_batches_tracked")}
    complete = {**counters, **state}
    strange = sorted(
        k
        for k in mine.keys() | complete.keys()
        if k not in mine or k not in complete or mine[k].shape != complete[k].shape
    )
    if strange:
        raise ModelError(f"{path} is not {name}: {strange[0]} does not fit")
    network.load_state_dict(complete)
