"""Everything that decides how a training run goes, and how it is read from a TOML file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from cutaway.errors import OptionError, unknown_name
from cutaway.training.loss_text import DEFAULT_LOSS, parse_loss


@dataclass(frozen=True)
class TrainConfig:
    """One training run. The comments say why each default is what it is.

    Raises:
        OptionError: a value is out of range.
    """

    data: tuple[str, ...] = ()  # folders with images/ and masks/
    out: str = ""  # the run's folder
    masks: str = "auto"  # how mask values are read; see data/masks.py
    subdirs: tuple[str, ...] = ("images", "masks")  # what the two folders of a data set are called
    arch: str = "lite0"  # see models/registry.py
    network: dict[str, Any] = field(default_factory=dict)  # the architecture's own knobs: a [network] table
    classes: int = 1  # 1: soft alpha; 2: background, subject; 3: background, subject, border
    grey: bool = False  # the network sees grey instead of colour
    pretrained: bool = (
        True  # start the encoder from ImageNet: worth more than any other setting on small data
    )
    pretrained_file: str = ""  # those weights as a file on this machine, named like torchvision's
    init: str = ""  # start from a run's checkpoint, an .onnx of ours or a model's name (fine-tuning)
    init_partial: bool = (
        False  # take from init what fits by name and shape: a smaller network from a larger one
    )
    renew_norms: bool = (
        False  # after init from an .onnx: measure batch normalisation anew, so that it learns, too
    )
    size: int = 320  # side of the training crops, and about the side the model will work at
    epochs: int = 30
    samples_per_epoch: int = 0  # 0: as many as there are training pairs
    batch: int = 16  # batch normalisation wants 8 or more
    loss: str = DEFAULT_LOSS  # right everywhere (bce), right as a whole (iou), right along the edge
    optimiser: str = "adamw"  # adamw | adam | sgd
    lr: float = 2e-3  # peak, for freshly initialised parts; AdamW with cosine decay is happy around here
    encoder_lr: float = 0.2  # the pretrained encoder learns at this fraction of lr, or it forgets
    weight_decay: float = 0.01  # not on norms and biases
    schedule: str = "cosine"  # cosine | constant | plateau; the first needs no watching
    warmup: float = (
        0.03  # share of all steps over which the rate rises; the new decoder's first gradients are wild
    )
    plateau_factor: float = 0.1  # plateau: the rate is multiplied by this ...
    plateau_patience: int = 5  # ... after so many epochs without progress ...
    min_lr: float = 1e-7  # ... and never falls below this
    clip: float = 5.0  # largest gradient norm; rare outliers otherwise undo minutes of work
    ema: float = 0.998  # decay of the averaged weights, which are what is validated and exported
    validation: float = 0.1  # share of pairs held out
    monitor: str = "iou"  # iou | loss: by which validation score an epoch is better than another
    patience: int = 15  # epochs without a better validation score before stopping
    seed: int = 0
    augment: bool = True  # false: whole photos squeezed to a square, and nothing varied
    background: float = 0.35  # chance that a subject is laid on another background
    empty: float = 0.02  # chance of a picture without a subject, so that the network may find nothing
    several: float = 0.0  # chance that subjects of other photos are laid in; not where only one can be right
    upside_down: float = 0.0  # chance of a picture on its head; things seen from above have no up
    scale_min: float = 0.45  # smallest crop as a share of the photo's longer side
    scale_max: float = 1.15  # largest; from 1 up it is the whole photo, squeezed to a square
    background_folder: str = (
        ""  # photos without a subject, to lay subjects on; "" takes them from the other photos
    )
    background_exclude: str = ""  # a list of file names in that folder to leave out: what is measured with
    name: str = ""  # the model's name; "" is the run folder's
    licence: str = ""  # of the model, for its card
    training_data: str = ""  # what it was trained on, for its card
    device: str = "auto"  # auto | cpu | cuda
    precision: str = "auto"  # auto | float32 | bfloat16 | float16
    workers: int = 2  # threads that prepare samples
    threads: int = 0  # torch's own threads; 0 leaves them as they are
    cache_gb: float = 8.0  # decoded pictures kept in memory
    save_minutes: float = 5.0  # a checkpoint at least this often, also within an epoch
    tensorboard: bool = False  # also write curves and pictures for TensorBoard

    def __post_init__(self) -> None:
        for f in fields(self):
            _check(f.name, getattr(self, f.name))
        parse_loss(self.loss)
        if len(self.subdirs) != 2:
            raise OptionError(
                f"training option 'subdirs' must be two folder names, those of photos and masks, not {self.subdirs}"
            )
        if self.init_partial and not self.init:
            raise OptionError("init_partial takes over a part of init: say which model with --init")
        if self.renew_norms and (not self.init or self.init_partial):
            raise OptionError(
                "renew_norms measures the normalisation of an init taken over whole: give --init MODEL"
            )
        if self.pretrained_file and not self.pretrained:
            raise OptionError(
                "pretrained = false and a pretrained_file contradict each other; leave one of them out"
            )
        if self.background_exclude and not self.background_folder:
            raise OptionError("background_exclude names files of background_folder: give that, too")
        if self.scale_min > self.scale_max:
            raise OptionError(
                f"scale_min ({self.scale_min}) must not be larger than scale_max ({self.scale_max})"
            )

    def to_json(self) -> str:
        """The configuration as one line of JSON."""
        return json.dumps(asdict(self), sort_keys=True)


_DEFAULTS: dict[str, Any] = {
    f.name: f.default_factory() if f.default_factory is not MISSING else f.default
    for f in fields(TrainConfig)
}
_AT_LEAST: dict[str, float] = {
    "size": 32, "epochs": 1, "samples_per_epoch": 0, "batch": 2, "weight_decay": 0, "clip": 0, "patience": 1,
    "seed": 0, "workers": 1, "threads": 0, "cache_gb": 0, "save_minutes": 0, "plateau_patience": 1, "min_lr": 0,
}  # fmt: skip
_SHARES = ("encoder_lr", "warmup", "background", "empty", "several", "upside_down")
_INNER_SHARES = ("validation", "ema", "plateau_factor")
_CHOICES: dict[str, tuple[Any, ...]] = {
    "device": ("auto", "cpu", "cuda"),
    "precision": ("auto", "float32", "bfloat16", "float16"),
    "classes": (1, 2, 3),
    "optimiser": ("adamw", "adam", "sgd"),
    "schedule": ("cosine", "constant", "plateau"),
    "monitor": ("iou", "loss"),
}
MAY_CHANGE_ON_RESUME = frozenset({
    "out", "data", "device", "workers", "threads", "cache_gb", "save_minutes", "background_folder",
    "background_exclude", "tensorboard",
})  # fmt: skip


_KINDS: dict[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    tuple: "a list of texts",
    dict: "a table of names and values",
}


def _check(name: str, value: Any) -> None:
    wanted = type(_DEFAULTS[name])
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise OptionError(f"training option {name!r} cannot be {value!r}: it must be {_KINDS[wanted]}")
    if wanted is tuple and not all(isinstance(v, str) for v in value):
        raise OptionError(f"training option {name!r} cannot be {value!r}: it must be {_KINDS[tuple]}")
    if name in _AT_LEAST and not value >= _AT_LEAST[name]:  # so that NaN is refused, too
        raise OptionError(f"training option {name!r} must be at least {_AT_LEAST[name]:g}, not {value}")
    if name in _SHARES and not 0 <= value <= 1:
        raise OptionError(f"training option {name!r} must be between 0 and 1, not {value}")
    if name in _INNER_SHARES and not 0 < value < 1:
        raise OptionError(f"training option {name!r} must be above 0 and below 1, not {value}")
    if name in ("lr", "scale_min", "scale_max") and not 0 < value <= 4:
        raise OptionError(f"training option {name!r} must be above 0 and at most 4, not {value}")
    if name in _CHOICES and value not in _CHOICES[name]:
        known = ", ".join(map(str, _CHOICES[name]))
        raise OptionError(f"training option {name!r} must be one of {known}, not {value!r}")


def load_config(
    path: Path | None, overrides: Mapping[str, Any], *, base: Mapping[str, Any] | None = None
) -> TrainConfig:
    """Defaults, then `base`, then the TOML file, then what was said on the command line (None means: not said).

    Args:
        path: a TOML file, or None.
        overrides: settings by name.
        base: settings by name that both others win over, such as `run_settings` of a run to go on with.

    Raises:
        OptionError: the file is not TOML, or a key or value is not allowed.
    """
    values: dict[str, Any] = {**(base or {}), **(_read_toml(path) if path else {})}
    values.update({k: v for k, v in overrides.items() if v is not None})
    for key in values:
        if key not in _DEFAULTS:
            raise OptionError(unknown_name("training option", key, _DEFAULTS))
    return replace(TrainConfig(), **{k: _plain(k, v) for k, v in values.items()})


def run_settings(folder: Path) -> dict[str, Any]:
    """The settings a run was started with, from its config.json, so that resuming it needs no other option.

    Empty where there is no such file.

    Raises:
        OptionError: the file is there and cannot be read.
    """
    path = folder / "config.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:  # ValueError: neither UTF-8 nor JSON
        raise OptionError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(values, dict):
        raise OptionError(f"{path} holds no settings of a run; give the options that it was started with")
    return values


def _plain(name: str, value: Any) -> Any:
    """TOML and JSON have lists for tuples, and write 1 for 1.0."""
    if isinstance(value, list):
        return tuple(value)
    wanted_float = isinstance(_DEFAULTS[name], float)
    return float(value) if wanted_float and isinstance(value, int) and not isinstance(value, bool) else value


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise OptionError(f"there is no configuration file {path}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise OptionError(f"{path} cannot be read as TOML: {error}") from error
