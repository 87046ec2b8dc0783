"""Settings of a run: defaults, the TOML file, the command line, and everything that is refused."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import fields, replace
from pathlib import Path

import pytest

from cutaway.errors import OptionError
from cutaway.models.registry import build
from cutaway.training.config import MAY_CHANGE_ON_RESUME, TrainConfig, load_config, run_settings


def _toml(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "run.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_without_a_file() -> None:
    assert load_config(None, {}) == TrainConfig()


def test_the_file_then_the_command_line(tmp_path: Path) -> None:
    path = _toml(tmp_path, 'data = ["pets", "more pets"]\nepochs = 7\nsize = 192\narch = "lite1"\n')
    config = load_config(path, {"size": 256, "epochs": None})
    assert config == replace(TrainConfig(), data=("pets", "more pets"), epochs=7, size=256, arch="lite1")


def test_none_means_not_said() -> None:
    assert load_config(None, dict.fromkeys((f.name for f in fields(TrainConfig)), None)) == TrainConfig()


def test_a_whole_number_is_a_number(tmp_path: Path) -> None:
    config = load_config(_toml(tmp_path, "lr = 1\nclip = 0\n"), {"cache_gb": 2})
    assert (config.lr, config.clip, config.cache_gb) == (1.0, 0.0, 2.0)
    assert all(isinstance(v, float) for v in (config.lr, config.clip, config.cache_gb))


def test_json_and_back() -> None:
    config = TrainConfig(data=("a", "b"), lr=1e-3, name="käfer")
    assert load_config(None, json.loads(config.to_json())) == config


def test_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"no training option 'epoch'. Did you mean 'epochs'"):
        load_config(_toml(tmp_path, "epoch = 3"), {})
    with pytest.raises(OptionError, match="Did you mean 'batch'"):
        load_config(None, {"bach": 3})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", 31), ("size", "256"), ("size", 256.0), ("epochs", 0), ("epochs", True), ("batch", 1),
        ("samples_per_epoch", -1), ("lr", 0.0), ("lr", 4.1), ("lr", -1e-3), ("lr", float("nan")), ("lr", "fast"),
        ("encoder_lr", 1.1), ("encoder_lr", -0.1), ("warmup", 1.5), ("background", 2.0), ("weight_decay", -0.1),
        ("weight_decay", float("nan")), ("clip", -1.0), ("ema", 1.0), ("ema", 0.0), ("validation", 0.0),
        ("validation", 1.0), ("patience", 0), ("seed", -1), ("workers", 0), ("threads", -1), ("scale_min", 0.0),
        ("scale_max", 0.2), ("device", "tpu"), ("precision", "int8"), ("pretrained", 1), ("masks", 3),
        ("data", "pets"), ("data", [1, 2]), ("save_minutes", -1.0), ("cache_gb", -1.0),
        ("classes", 4), ("classes", 0), ("classes", True), ("grey", 1), ("optimiser", "lion"), ("schedule", "steps"),
        ("monitor", "dice"), ("plateau_factor", 1.0), ("plateau_factor", 0.0), ("plateau_patience", 0),
        ("min_lr", -1e-9), ("subdirs", ["images"]), ("subdirs", "images"), ("subdirs", ["a", "b", "c"]),
        ("network", 3), ("network", ["blocks"]), ("pretrained_file", 1), ("augment", "no"), ("tensorboard", 1),
    ],
)  # fmt: skip
def test_impossible_values_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(OptionError, match=name) as caught:
        load_config(None, {name: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "known"),
    [
        ("optimiser", "lion", ("adamw", "adam", "sgd")),
        ("schedule", "steps", ("cosine", "constant", "plateau")),
        ("monitor", "dice", ("iou", "loss")),
        ("loss", "hinge", ("dice", "batch-dice", "iou", "bce", "ce", "focal", "lovasz", "structure", "edge")),
        ("classes", 7, ("1", "2", "3")),
    ],
)
def test_unknown_names_are_refused_with_the_list(name: str, value: object, known: tuple[str, ...]) -> None:
    with pytest.raises(OptionError) as caught:
        load_config(None, {name: value})
    assert name in str(caught.value) and all(word in str(caught.value) for word in known)


def test_a_file_without_pretraining_is_a_contradiction() -> None:
    with pytest.raises(OptionError, match="pretrained = false and a pretrained_file contradict"):
        load_config(None, {"pretrained": False, "pretrained_file": "resnet50.pth"})


def test_a_network_table(tmp_path: Path) -> None:
    config = load_config(_toml(tmp_path, 'arch = "unet"\n[network]\nblocks = 3\ndropout = 0.2\n'), {})
    assert config.network == {"blocks": 3, "dropout": 0.2}
    assert load_config(None, json.loads(config.to_json())) == config


def test_settings_of_a_run_are_the_base(tmp_path: Path) -> None:
    kept = TrainConfig(data=("pets",), epochs=7, size=128, network={"blocks": 2}, subdirs=("photos", "alpha"))
    (tmp_path / "config.json").write_text(kept.to_json() + "\n", encoding="utf-8")
    base = run_settings(tmp_path)
    assert load_config(None, {}, base=base) == kept
    again = load_config(_toml(tmp_path, "size = 64"), {"epochs": 3, "data": None}, base=base)
    assert again == replace(kept, size=64, epochs=3)


def test_settings_of_no_run(tmp_path: Path) -> None:
    assert run_settings(tmp_path / "nothing") == {}


@pytest.mark.parametrize("content", [b"{", b"[1]", b'"text"', b"\xff\xfe"])
def test_settings_that_cannot_be_read(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(OptionError, match=r"config\.json"):
        run_settings(tmp_path)


CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_configuration_we_ship_loads_and_builds(path: Path) -> None:
    config = load_config(path, {})
    model = build(config.arch, classes=config.classes, grey=config.grey, network=config.network)
    assert (model.classes, model.channels) == (config.classes, 1 if config.grey else 3)


def test_both_tutorials_are_there() -> None:
    assert {"pets-unet", "people-resnet50"} <= {path.stem for path in CONFIGS}


def test_the_smallest_allowed_values_are_allowed() -> None:
    smallest = {
        "size": 32,
        "epochs": 1,
        "batch": 2,
        "workers": 1,
        "weight_decay": 0,
        "clip": 0,
        "warmup": 0,
        "background": 0,
    }
    config = load_config(None, smallest)
    assert {k: getattr(config, k) for k in smallest} == smallest


def test_a_list_is_asked_for_in_plain_words() -> None:
    with pytest.raises(OptionError, match="'data' cannot be 'pets': it must be a list of texts"):
        load_config(None, {"data": "pets"})


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"no configuration file .*missing\.toml"):
        load_config(tmp_path / "missing.toml", {})
    with pytest.raises(OptionError, match="cannot be read as TOML"):
        load_config(_toml(tmp_path, "epochs 3"), {})
    (tmp_path / "latin.toml").write_bytes(b'name = "k\xe4fer"')
    with pytest.raises(OptionError, match="cannot be read as TOML"):
        load_config(tmp_path / "latin.toml", {})
    with pytest.raises(OptionError, match="cannot be read as TOML"):
        load_config(tmp_path, {})


def test_what_may_change_on_resume_are_settings() -> None:
    assert {f.name for f in fields(TrainConfig)} >= MAY_CHANGE_ON_RESUME
    assert not MAY_CHANGE_ON_RESUME & {
        "lr",
        "seed",
        "arch",
        "network",
        "loss",
        "size",
        "batch",
        "epochs",
        "validation",
        "masks",
    }


def test_the_guide_lists_every_setting_with_its_default() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (?:`([^`]*)`)? ?\|", guide, flags=re.MULTILINE)
    config = TrainConfig()
    listed = {name: default for name, default in rows if hasattr(config, name)}
    assert list(listed) == [f.name for f in fields(TrainConfig)]
    for name, default in listed.items():
        if name not in ("data", "out"):
            value = getattr(config, name)
            wanted = list(value) if isinstance(value, tuple) else value  # TOML has no tuples
            assert tomllib.loads(f"{name} = {default}") == {name: wanted}
