"""Everything that decides how a training run goes, and how it is read from a TOML file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from cutaway.errors import OptionError, unknown_name


@dataclass(frozen=True)
class TrainConfig:
    """One training run. The comments say why each default is what it is.

    Raises:
        OptionError: a value is out of range.
    """

    data: tuple[str, ...] = ()  # folders with images/ and masks/
    out: str = ""  # the run's folder
    masks: str = "auto"  # how mask values are read; see data/masks.py
    arch: str = "lite0"  # see models/registry.py
    pretrained: bool = (
        True  # start the encoder from ImageNet: worth more than any other setting on small data
    )
    init: str = ""  # start from another run's checkpoint (fine-tuning), or "" for none
    size: int = 320  # side of the training crops, and about the side the model will work at
    epochs: int = 30
    samples_per_epoch: int = 0  # 0: as many as there are training pairs
    batch: int = 16  # batch normalisation wants 8 or more
    lr: float = 2e-3  # peak, for freshly initialised parts; AdamW with cosine decay is happy around here
    encoder_lr: float = 0.2  # the pretrained encoder learns at this fraction of lr, or it forgets
    weight_decay: float = 0.01  # not on norms and biases
    warmup: float = (
        0.03  # share of all steps over which the rate rises; the new decoder's first gradients are wild
    )
    clip: float = 5.0  # largest gradient norm; rare outliers otherwise undo minutes of work
    ema: float = 0.998  # decay of the averaged weights, which are what is validated and exported
    validation: float = 0.1  # share of pairs held out
    patience: int = 15  # epochs without a better validation IoU before stopping
    seed: int = 0
    background: float = 0.35  # chance that a subject is laid on another background
    scale_min: float = 0.45  # smallest crop as a share of the photo's longer side
    scale_max: float = 1.15  # largest; from 1 up it is the whole photo, squeezed to a square
    background_folder: str = (
        ""  # photos without a subject, to lay subjects on; "" takes them from the other photos
    )
    name: str = ""  # the model's name; "" is the run folder's
    licence: str = ""  # of the model, for its card
    training_data: str = ""  # what it was trained on, for its card
    device: str = "auto"  # auto | cpu | cuda
    precision: str = "auto"  # auto | float32 | bfloat16 | float16
    workers: int = 2  # threads that prepare samples
    threads: int = 0  # torch's own threads; 0 leaves them as they are
    cache_gb: float = 8.0  # decoded pictures kept in memory
    save_minutes: float = 5.0  # a checkpoint at least this often, also within an epoch

    def __post_init__(self) -> None:
        for f in fields(self):
            _check(f.name, getattr(self, f.name))
        if self.scale_min > self.scale_max:
            raise OptionError(
                f"scale_min ({self.scale_min}) must not be larger than scale_max ({self.scale_max})"
            )

    def to_json(self) -> str:
        """The configuration as one line of JSON."""
        return json.dumps(asdict(self), sort_keys=True)


_AT_LEAST: dict[str, float] = {
    "size": 32, "epochs": 1, "samples_per_epoch": 0, "batch": 2, "weight_decay": 0, "clip": 0, "patience": 1,
    "seed": 0, "workers": 1, "threads": 0, "cache_gb": 0, "save_minutes": 0,
}  # fmt: skip
_SHARES = ("encoder_lr", "warmup", "background")
_CHOICES = {
    "device": ("auto", "cpu", "cuda"),
    "precision": ("auto", "float32", "bfloat16", "float16"),
}
MAY_CHANGE_ON_RESUME = frozenset(
    {"out", "data", "device", "workers", "threads", "cache_gb", "save_minutes", "background_folder"}
)


_KINDS: dict[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    tuple: "a list of texts",
}


def _check(name: str, value: Any) -> None:
    wanted = type(getattr(TrainConfig, name))
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise OptionError(f"training option {name!r} cannot be {value!r}: it must be {_KINDS[wanted]}")
    if wanted is tuple and not all(isinstance(v, str) for v in value):
        raise OptionError(f"training option {name!r} cannot be {value!r}: it must be {_KINDS[tuple]}")
    if name in _AT_LEAST and not value >= _AT_LEAST[name]:  # so that NaN is refused, too
        raise OptionError(f"training option {name!r} must be at least {_AT_LEAST[name]:g}, not {value}")
    if name in _SHARES and not 0 <= value <= 1:
        raise OptionError(f"training option {name!r} must be between 0 and 1, not {value}")
    if name in ("validation", "ema") and not 0 < value < 1:
        raise OptionError(f"training option {name!r} must be above 0 and below 1, not {value}")
    if name in ("lr", "scale_min", "scale_max") and not 0 < value <= 4:
        raise OptionError(f"training option {name!r} must be above 0 and at most 4, not {value}")
    if name in _CHOICES and value not in _CHOICES[name]:
        raise OptionError(
            f"training option {name!r} must be one of {', '.join(_CHOICES[name])}, not {value!r}"
        )


def load_config(path: Path | None, overrides: Mapping[str, Any]) -> TrainConfig:
    """Defaults, then the TOML file, then what was said on the command line (None means: not said).

    Raises:
        OptionError: the file is not TOML, or a key or value is not allowed.
    """
    values: dict[str, Any] = _read_toml(path) if path else {}
    values.update({k: v for k, v in overrides.items() if v is not None})
    known = [f.name for f in fields(TrainConfig)]
    for key in values:
        if key not in known:
            raise OptionError(unknown_name("training option", key, known))
    return replace(TrainConfig(), **{k: _plain(k, v) for k, v in values.items()})


def _plain(name: str, value: Any) -> Any:
    """TOML and JSON have lists for tuples, and write 1 for 1.0."""
    if isinstance(value, list):
        return tuple(value)
    wanted_float = isinstance(getattr(TrainConfig, name), float)
    return float(value) if wanted_float and isinstance(value, int) and not isinstance(value, bool) else value


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise OptionError(f"there is no configuration file {path}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise OptionError(f"{path} cannot be read as TOML: {error}") from error
