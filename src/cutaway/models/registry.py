"""The networks by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cutaway.errors import OptionError, unknown_name
from cutaway.models.base import MatteNet
from cutaway.models.lite import LiteMatte

ARCHITECTURES: dict[str, Callable[[], MatteNet]] = {
    "lite0": partial(LiteMatte, "lite0"),
    "lite1": partial(LiteMatte, "lite1"),
    "lite2": partial(LiteMatte, "lite2"),
}


def build(arch: str, *, pretrained: bool = False) -> MatteNet:
    """A new network by name, with random weights or (encoder only) ImageNet's.

    Raises:
        OptionError: there is no architecture of that name.
        MissingExtraError: pretrained weights were asked for and their package is not installed.
    """
    if arch not in ARCHITECTURES:
        raise OptionError(unknown_name("architecture", arch, list(ARCHITECTURES)))
    model = ARCHITECTURES[arch]()
    if pretrained and isinstance(model, LiteMatte):
        model.encoder.load_imagenet()
    return model
