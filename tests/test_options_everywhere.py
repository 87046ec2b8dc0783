"""One meaning everywhere: the same settings give the same bytes in Python and on the command line."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import cutaway
from cutaway.cli import cli
from cutaway.errors import OptionError
from cutaway.options import Options, PresetName
from cutaway.types import Align

GROUND = "ground.png"
STROKES = "strokes.png"
SETTINGS: list[dict[str, object]] = [
    {},
    {"mask_only": True},
    {"background": "teal"},
    {"background": "#ff000080"},
    {"background": "blur:3"},
    {"background": "gradient:white,rgb(10,20,30),45"},
    {"background": "checker", "format": "jpg"},
    {"background": "original"},
    {"format": "jpg"},
    {"format": "webp", "background": "white"},
    {"threads": 1, "format": "tiff"},
    {"format": "webp", "quality": 40},
    {"format": "jpg", "quality": 60, "background": "teal"},
    {"png_level": 7},
    {"strip": True},
    {"engine": "onnxruntime"},
    {"zoom": "off"},
    {"refine": False},
    {"matting": "closed-form"},
    {"roi": "10%,0,80,100%", "keep": "50%,50%"},
    {"drop": "50%,50%"},
    {"scribbles": STROKES},
    {"foreground": False, "background": "teal"},
    {"refine": False, "foreground": False},
    {"fill_holes": True, "keep_largest": True},
    {"solid": True, "grow": -1.5},
    {"invert": True, "background": "teal"},
    {"threshold": 0.4, "grow": 2, "mask_only": True},
    {"feather": 2.5},
    {"feather": 3, "background": "teal"},
    {"effect": "blur-subject"},
    {"effect": "pixelate-subject", "format": "jpg"},
    {"effect": "grey-background", "show": "strip"},
    {"show": "strip"},
    {"background": GROUND, "fit": "contain"},
    {"background": GROUND, "fit": "stretch"},
    {"background": GROUND, "fit": "tile"},
    {"background": GROUND, "fit": "center", "show": "strip"},
    {"background": GROUND, "canvas": "background"},
    *({"canvas": "200x150", "align": align} for align in get_args(Align)),
    *({"preset": name} for name in get_args(PresetName)),
    {"preset": "amazon", "canvas": "120x120", "margin": "4%", "background": "transparent"},
    {"preset": "square", "mask_only": True},
    {"crop": True},
    {"crop": True, "margin": "5% 10px", "background": "teal"},
    {"margin": "auto", "shadow": "drop:opacity=70,softness=3%", "outline": "4,gold"},
    {"canvas": "4:5", "fill": 60, "background": "original"},
    {"canvas": "90x200", "fill": 60.5, "background": "blur", "shadow": "contact"},
    {"canvas": "background", "background": GROUND, "align": "left"},
    {"crop": True, "mask_only": True},
    {"crop": True, "show": "strip"},
    {"logo": f"{GROUND},top-left,30%", "background": "white"},
    {"logo": GROUND, "effect": "grey-background"},
    {"background": GROUND, "position": "right top"},
    {"background": GROUND, "position": "20% 5px", "fit": "center"},
]


def flags(settings: dict[str, object]) -> list[str]:
    words: list[str] = []
    for name, value in settings.items():
        flag = ("--no-" if value is False else "--") + name.replace("_", "-")
        words += [flag] if isinstance(value, bool) else [flag, str(value)]
    return words


@pytest.fixture
def photo(tmp_path: Path, disc: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(disc).save(tmp_path / "disc.png")
    Image.fromarray(disc[::-1, :70] // 2 + np.uint8(60)).save(tmp_path / GROUND)
    painted = np.full_like(disc, 128)
    painted[40:50, 20:100] = (255, 0, 0)
    Image.fromarray(painted).save(tmp_path / STROKES)
    return tmp_path / "disc.png"


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_python_and_command_line_agree(settings: dict[str, object], photo: Path, bright_model: Path) -> None:
    suffix = settings.get("format", "png")
    by_command = photo.parent / f"command.{suffix}"
    words = ["remove", str(photo), "-o", str(by_command), "--model", str(bright_model), *flags(settings)]
    ran = CliRunner().invoke(cli, words)
    assert by_command.exists(), ran.output

    options = Options.from_mapping({"model": str(bright_model), **settings})
    by_remover = cutaway.Remover(options=options).remove(photo).to_bytes(str(suffix))
    by_function = cutaway.remove(photo, model=str(bright_model), **settings).to_bytes(str(suffix))  # type: ignore[arg-type]
    assert by_command.read_bytes() == by_remover == by_function


def test_every_setting_is_a_parameter_and_a_flag() -> None:
    names = {f.name for f in fields(Options)}
    parameters = set(inspect.signature(cutaway.remove).parameters) - {"photo"}
    assert parameters == names
    assert {f.name for f in fields(Options) if not f.metadata.get("help")} == set()
    shown = CliRunner().invoke(cli, ["remove", "--help"]).output
    assert [n for n in names if "--" + n.replace("_", "-") not in shown] == []


def test_every_choice_is_tried_above() -> None:
    """A new option, or a new value of one, belongs on the list of settings."""
    tried = {(name, value) for settings in SETTINGS for name, value in settings.items()}
    here = {
        "engine",
        "precision",
        "device",
        "format",
    }  # a machine has them, a file is called so
    choices = {(f.name, value) for f in fields(Options) for value in f.metadata["choices"] or ()}
    defaults = {(f.name, f.default) for f in fields(Options)}
    assert sorted(c for c in choices - defaults - tried if c[0] not in here) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"zoom": "on"}, r"zoom 'on' is not one of auto, off"),
        ({"fit": "fill"}, r"fit 'fill' is not one of cover, contain, stretch, tile, center"),
        ({"canvas": "mine"}, r"canvas 'mine' is not one of photo, background, a size in pixels"),
        ({"align": "middle"}, r"align 'middle' is not one of top-left, top"),
        ({"fill": 0.5}, r"fill must be between 1 and 100 per cent, not 0.5"),
        ({"fill": 101}, r"fill must be between"),
        ({"fill": float("nan")}, r"fill must be between"),
        ({"fill": 80, "margin": "3"}, r"fill and margin both say how much room there is"),
        ({"margin": "wide"}, r"margin 'wide' is not 1 or 2 or 4 lengths"),
        ({"shadow": "soft"}, r"shadow 'soft' is not one of none, drop, contact"),
        ({"outline": "3"}, r"outline '3' is not WIDTH,COLOUR"),
        ({"logo": "nowhere.png,left,5%"}, r"logo 'nowhere.png': no such file"),
        ({"logo": "nowhere.png,left,500%"}, r"logo .* is not PICTURE,PLACE,SCALE"),
        ({"preset": "ebay"}, r"preset 'ebay' is not one of amazon, google"),
        ({"preset": "amazon", "mask_only": True}, r"mask_only .* has no background"),
        ({"preset": "amazon", "effect": "blur-subject"}, r"leave out effect, or background"),
        ({"preset": "amazon", "fill": 80, "margin": "3"}, r"fill and margin both say"),
        ({"mask_only": True, "outline": "3,red"}, r"mask_only .* no shadow, outline or logo"),
        ({"effect": "blur-subject", "crop": True}, r"effect .* keeps the photo as it is"),
        ({"effect": "blur-subject", "shadow": "drop"}, r"effect .* keeps the photo as it is"),
        ({"effect": "sepia"}, r"effect 'sepia' is not one of none, blur-subject"),
        ({"show": "all"}, r"show 'all' is not one of result, strip"),
        ({"format": "jxl"}, r"format 'jxl' is not one of png"),
        ({"quality": 0}, r"quality must be between 1 and 100, not 0"),
        ({"quality": 101}, r"quality must be between"),
        ({"quality": 50.0}, r"option 'quality' cannot be 50.0"),
        ({"png_level": 10}, r"png_level must be between 0"),
        ({"png_level": -1}, r"png_level must be between 0"),
        (
            {"quality": 50, "format": "tiff"},
            r"quality is for webp, jpg, avif.*format is tiff.*leave out quality",
        ),
        ({"png_level": 5, "format": "webp"}, r"png_level is for png.*format is webp.*leave out png_level"),
        ({"device": "gpu"}, r"device 'gpu' is not one of auto"),
        ({"engine": "tensorrt"}, r"engine 'tensorrt' is not one of auto, onnxruntime, openvino"),
        ({"precision": "int8"}, r"precision 'int8' is not one of f32, bf16"),
        ({"engine": "openvino", "device": "cuda"}, r"device 'cuda' is ONNX Runtime's"),
        ({"precision": "bf16", "device": "coreml"}, r"device 'coreml' is ONNX Runtime's, in f32"),
        ({"precision": "bf16", "engine": "onnxruntime"}, r"precision 'bf16' is OpenVINO's"),
        ({"feather": -0.5}, r"feather must be between 0 \(off\) and 500 pixels, not -0.5"),
        ({"feather": 501}, r"feather must be between"),
        ({"feather": float("nan")}, r"feather must be between"),
        ({"feather": True}, r"option 'feather' cannot be True"),
        ({"feather": "2"}, r"option 'feather' cannot be '2'"),
        ({"threshold": 0}, r"threshold must be above 0 and at most 1, not 0"),
        ({"threshold": 1.01}, r"threshold must be above 0"),
        ({"threshold": float("nan")}, r"threshold must be above 0"),
        ({"grow": 101}, r"grow must be between -100 and 100 pixels, not 101"),
        ({"grow": -100.5}, r"grow must be between"),
        ({"grow": float("nan")}, r"grow must be between"),
        ({"solid": 1}, r"option 'solid' cannot be 1"),
        ({"background": "gradient:red"}, r"gradient is two opaque CSS colours"),
        ({"background": "gradient:red,#00ff0080"}, r"two opaque CSS colours"),
        ({"background": "gradient:red,blue,north"}, r"angle in degrees"),
        ({"background": "gradient:red,blue,nan"}, r"angle in degrees"),
        ({"background": "gradient:red,blue,0,1"}, r"gradient is two opaque CSS colours"),
        ({"fit": None}, r"option 'fit' cannot be None"),
        ({"mask_only": True, "effect": "blur-subject"}, r"mask_only .* leave out one"),
        ({"mask_only": True, "show": "strip"}, r"strip .* leave out mask_only, or show"),
        ({"mask_only": True, "background": "red"}, r"mask_only .* leave out one"),
        ({"effect": "blur-subject", "background": "red"}, r"effect .* leave out effect, or background"),
        ({"position": "middle"}, r"position 'middle' is not one or two of left, center"),
        (
            {"position": "top", "canvas": "background", "background": __file__},
            r"nothing for position to move",
        ),
        ({"canvas": "background"}, r"canvas 'background' .* background is 'none': give a picture file"),
        ({"canvas": "background", "background": "blur"}, r"give a picture file"),
        ({"canvas": "background", "effect": "grey-background"}, r"give a picture file"),
    ],
    ids=str,
)
def test_impossible_values_and_contradictions_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Options.from_mapping(settings)


def test_a_typo_names_itself_everywhere(photo: Path) -> None:
    with pytest.raises(cutaway.CutawayError, match=r"bakground.*background"):
        Options.from_mapping({"bakground": "red"})
    with pytest.raises(TypeError, match="bakground"):
        cutaway.remove(photo, bakground="red")  # type: ignore[call-arg]
    ran = CliRunner().invoke(cli, ["remove", str(photo), "--bakground", "red"])
    assert ran.exit_code == 2
    assert "--bakground" in ran.output
