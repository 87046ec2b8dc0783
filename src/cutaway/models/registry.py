"""The networks by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch

from cutaway.errors import OptionError, near_name, unknown_name
from cutaway.models.base import MatteNet
from cutaway.models.lite import LiteMatte
from cutaway.models.resnet_dilated import ResNetDilated
from cutaway.models.unet import UNet

ARCHITECTURES: dict[str, Callable[..., MatteNet]] = {
    "lite0": partial(LiteMatte, "lite0"),
    "lite0-short": partial(LiteMatte, "lite0-short"),
    "lite1": partial(LiteMatte, "lite1"),
    "lite2": partial(LiteMatte, "lite2"),
    "unet": UNet,
    "resnet18-dilated": partial(ResNetDilated, "resnet18"),
    "resnet34-dilated": partial(ResNetDilated, "resnet34"),
    "resnet50-dilated": partial(ResNetDilated, "resnet50"),
}


def build(
    arch: str,
    *,
    pretrained: bool | str = False,
    classes: int = 1,
    grey: bool = False,
    network: Mapping[str, Any] | None = None,
) -> MatteNet:
    """A new network by name, with random weights or (encoder only) ImageNet's.

    Args:
        arch: a name from `ARCHITECTURES`.
        pretrained: True takes the encoder's published weights from where they are usually had, a text is the path of
            that file. An architecture without a published encoder has nothing to load.
        classes: 1 for soft alpha, 2 for background and subject, 3 for background, subject and border.
        grey: the network sees grey instead of colour.
        network: the architecture's own settings by name, see `settings_of`.

    Raises:
        OptionError: there is no architecture of that name, or a setting is unknown or out of range.
        MissingExtraError: pretrained weights were asked for and their package is not installed.
        ModelError: the file of pretrained weights is missing or belongs to another network.
        DownloadError: it cannot be fetched.
    """
    if arch not in ARCHITECTURES:
        raise OptionError(unknown_name("architecture", arch, list(ARCHITECTURES)))
    for name, value in (network or {}).items():
        _check_setting(arch, name, value)
    model = ARCHITECTURES[arch](classes=classes, grey=grey, **(network or {}))
    if pretrained:
        model.load_pretrained(Path(pretrained) if isinstance(pretrained, str) else None)
    return model


def build_on_paper(
    arch: str, *, classes: int = 1, grey: bool = False, network: Mapping[str, Any] | None = None
) -> MatteNet:
    """The network `build` makes, on torch's "meta" device: names and shapes without numbers, at no cost in memory.

    Raises:
        OptionError: as `build`.
    """
    with torch.device("meta"):
        return build(arch, classes=classes, grey=grey, network=network)


def settings_of(arch: str) -> dict[str, Any]:
    """An architecture's own settings (`network` of `build`) and their defaults; empty if it has none."""
    parameters = inspect.signature(ARCHITECTURES[arch]).parameters
    return {name: p.default for name, p in parameters.items() if name not in ("classes", "grey")}


def _check_setting(arch: str, name: str, value: Any) -> None:
    known = settings_of(arch)
    if name not in known:
        there_are = f"Known: {', '.join(known)}" if known else "It has none"
        raise OptionError(f"the network {arch} has no setting {name!r}.{near_name(name, known)} {there_are}")
    wanted = type(known[name])
    fits = isinstance(value, (int, float) if wanted is float else wanted)
    if not fits or (isinstance(value, bool) and wanted is not bool):
        kind = {bool: "true or false", int: "a whole number", float: "a number"}[wanted]
        raise OptionError(f"the setting {name!r} of the network {arch} must be {kind}, not {value!r}")
