"""The scripts behind the built-in models: edges by a teacher, the mean of two models, scenes with a crowd."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from cutaway.data.pairs import find_pairs
from cutaway.data.readings import MaskReading
from cutaway.data.samples import load_pair
from cutaway.weights.spec import METADATA_KEY, ModelSpec

SCRIPTS = Path(__file__).parent.parent / "docs" / "models"
merged = runpy.run_path(str(SCRIPTS / "teacher_edges.py"))["merged"]


def square(top: int, left: int, side: int, *, value: float = 1.0) -> np.ndarray:
    picture = np.zeros((200, 200), np.float32)
    picture[top : top + side, left : left + side] = value
    return picture


def hand(*parts: np.ndarray) -> np.ndarray:
    return (np.maximum.reduce(parts) * 255).astype(np.uint8)


def test_where_both_agree_the_edge_is_the_teachers() -> None:
    matte, what = merged(hand(square(50, 50, 100)), square(52, 50, 100))
    assert what == "the teacher's edge"
    assert (matte >= 128).tolist() == (square(52, 50, 100) >= 0.5).tolist()


def test_what_the_teacher_missed_stays() -> None:
    matte, what = merged(hand(square(50, 50, 100)), square(50, 50, 40))
    assert what == "hand-made alone" and (matte >= 128).tolist() == (square(50, 50, 100) >= 0.5).tolist()


def test_a_photo_with_another_subject_is_left_out() -> None:
    teacher = np.maximum(square(20, 20, 60), square(120, 120, 60))
    assert merged(hand(square(20, 20, 60)), teacher) == (None, "another subject")


def test_thin_gaps_are_closed_and_small_things_unseen_dropped() -> None:
    two = hand(square(50, 20, 80), square(50, 103, 80), square(5, 5, 10))  # three pixels between them
    matte, _ = merged(two, square(0, 0, 1, value=0.0))
    assert matte[60:120, 100:103].min() == 255 and matte[:20, :20].max() == 0


def test_the_mean_of_two_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    onnx = pytest.importorskip("onnx")

    def model(name: str, weight: np.ndarray) -> str:
        graph = onnx.helper.make_graph([], "g", [], [], [onnx.numpy_helper.from_array(weight, "w")])
        onnx.save(onnx.helper.make_model(graph), tmp_path / name)
        return str(tmp_path / name)

    def mean(*words: str) -> None:
        monkeypatch.setattr(sys, "argv", ["average.py", *words])
        runpy.run_path(str(SCRIPTS / "average.py"), run_name="__main__")

    first = model("a.onnx", np.array([1.0, 2.0], np.float32))
    out = str(tmp_path / "out.onnx")
    mean(first, model("b.onnx", np.array([3.0, 6.0], np.float32)), "0.25", out)
    made = onnx.numpy_helper.to_array(onnx.load(out).graph.initializer[0])
    np.testing.assert_allclose(made, [1.5, 3.0])
    described = onnx.load(out)
    entry = described.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, ModelSpec("m", size=64).to_json()
    onnx.save(described, tmp_path / "b.onnx")
    mean(first, str(tmp_path / "b.onnx"), "0.5", out, "96")
    spec = ModelSpec.from_json(onnx.load(out).metadata_props[0].value)
    assert spec == ModelSpec("m", size=64, zoom_size=96, zoom_mirrored=True)
    with pytest.raises(SystemExit, match="not of one architecture"):
        mean(first, model("c.onnx", np.zeros(3, np.float32)), "0.5", out)


def one_coloured_set(folder: Path, stem: str, colour: tuple[int, int, int]) -> Path:
    """Twelve photos of an upright bar of this colour on grey, with masks."""
    rng = np.random.default_rng(0)
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for number in range(12):
        photo = rng.integers(90, 110, (120, 80, 3)).astype(np.uint8)
        photo[20:100, 30:50] = colour
        mask = np.zeros((120, 80), np.uint8)
        mask[20:100, 30:50] = 255
        Image.fromarray(photo).save(folder / "images" / f"{stem}{number}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{stem}{number}.png")
    return folder


def scenes(
    monkeypatch: pytest.MonkeyPatch, out: Path, *words: str | Path
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Eight scenes, each with its matte."""
    (out.parent / "empty").mkdir(exist_ok=True)
    Image.fromarray(np.full((90, 90, 3), 60, np.uint8)).save(out.parent / "empty" / "a.png")
    told = [out, 8, out.parent / "empty", *words]
    monkeypatch.setattr(sys, "argv", ["crowd_scenes.py", *map(str, told)])
    runpy.run_path(str(SCRIPTS / "crowd_scenes.py"), run_name="__main__")
    pairs = find_pairs(out)
    assert len(pairs) == 8
    return [load_pair(pair, reading=MaskReading("grey")) for pair in pairs]


def colourful(photo: np.ndarray, channel: int) -> np.ndarray:
    """Where this channel is far above the others."""
    others = np.delete(photo, channel, axis=2).max(axis=2)
    return np.asarray(photo[..., channel].astype(int) - others > 60)


def test_crowd_scenes_hold_no_passer_by_in_their_mask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every mask is of whole, large subjects, others are behind them; and the same words make the same scenes."""
    sets = [
        one_coloured_set(tmp_path / "fashion", "a", (250, 0, 0)),
        one_coloured_set(tmp_path / "cats", "b", (0, 250, 0)),
    ]
    made = scenes(monkeypatch, tmp_path / "one", *sets)
    again = scenes(monkeypatch, tmp_path / "two", *sets)
    behind = 0
    for (photo, matte), (same_photo, same_matte) in zip(made, again, strict=True):
        np.testing.assert_array_equal(photo, same_photo)
        np.testing.assert_array_equal(matte, same_matte)
        loud = colourful(photo, 0) | colourful(photo, 1)
        heights = cv2.connectedComponentsWithStats((matte >= 128).astype(np.uint8))[2][1:, cv2.CC_STAT_HEIGHT]
        assert heights.max() >= 0.45 * len(matte)
        assert loud[matte >= 250].mean() > 0.9
        behind += int(loud[matte == 0].sum())
    assert behind > 2000


def test_rows_of_street_photos_hold_all_their_people_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red are people; beside each stands a blue car in the very photo, and cars of strips without people come, too."""
    people = one_coloured_set(tmp_path / "fashion", "a", (250, 0, 0))
    for path in (people / "images").iterdir():
        with Image.open(path) as photo:
            pixels = np.asarray(photo).copy()
        pixels[60:100, 5:20] = (0, 0, 250)
        Image.fromarray(pixels).save(path)
    made = scenes(monkeypatch, tmp_path / "out", people, "--rows", 1)
    cars, several = 0, 0
    for photo, matte in made:
        assert photo.shape[0] == 480
        red = colourful(photo, 0)
        assert red[matte >= 250].mean() > 0.95 and (matte[red] >= 128).mean() > 0.9
        assert not colourful(photo, 2)[matte >= 128].any()
        cars += cv2.connectedComponents(colourful(photo, 2).astype(np.uint8))[0] - 1
        several += cv2.connectedComponents((matte >= 128).astype(np.uint8))[0] > 2
    assert several >= 2 and cars > len(made)


def test_photos_out_of_focus_keep_their_whole_subject(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --photos 1 every picture is a photo of the sets: one bar and its mask, blurred towards one side."""
    bars = one_coloured_set(tmp_path / "fashion", "a", (250, 0, 0))
    made = scenes(monkeypatch, tmp_path / "out", bars, "--photos", 1)
    lost = []
    for photo, matte in made:
        assert photo.shape == (480, 320, 3)
        bar = np.zeros((480, 320), bool)
        bar[80:400, 120:200] = True
        assert np.mean((matte >= 128) == bar) > 0.98
        assert matte[bar].mean() > 230
        lost.append(int(np.abs(np.diff(photo[240].astype(int), axis=0)).max()))
    assert min(lost) < 60 < max(lost), "some edges are out of focus, and others are not"
    with pytest.raises(SystemExit, match="--photos is a share"):
        scenes(monkeypatch, tmp_path / "out", bars, "--photos", "1.5")
    with pytest.raises(SystemExit, match="shares of one whole"):
        scenes(monkeypatch, tmp_path / "out", bars, "--photos", "0.7", "--rows", "0.7")


def test_people_before_things_are_the_subject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Red are people, blue are cars."""
    people = one_coloured_set(tmp_path / "fashion", "a", (250, 0, 0))
    things = one_coloured_set(tmp_path / "caltech101", "101_car_side_image_", (0, 0, 250))
    made = scenes(monkeypatch, tmp_path / "out", people, things, "--things")
    inside = np.concatenate([colourful(photo, 0)[matte >= 250] for photo, matte in made])
    assert inside.mean() > 0.9
    assert not any(colourful(photo, 2)[matte >= 250].any() for photo, matte in made)
    assert sum(int(colourful(photo, 2)[matte == 0].sum()) for photo, matte in made) > 20_000


def test_what_people_carry_is_in_the_mask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Red are people, green are cups in front of them, blue are cars behind."""
    people = one_coloured_set(tmp_path / "fashion", "a", (250, 0, 0))
    cars = one_coloured_set(tmp_path / "caltech101", "101_car_side_image_", (0, 0, 250))
    cups = one_coloured_set(tmp_path / "more" / "caltech101", "101_cup_image_", (0, 250, 0))
    made = scenes(monkeypatch, tmp_path / "out", people, cars, cups, "--things", "--carried", "1")
    none = scenes(monkeypatch, tmp_path / "none", people, cars, cups, "--things")
    carried = np.concatenate([matte[colourful(photo, 1)] for photo, matte in made])
    assert len(carried) > 5_000 and (carried >= 128).mean() > 0.95
    assert not any(colourful(photo, 2)[matte >= 250].any() for photo, matte in made)
    assert not any(colourful(photo, 1)[matte >= 250].any() for photo, matte in none)


def test_near_ones_stand_before_no_things_and_are_cut_off_below(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = one_coloured_set(tmp_path / "fashion", "a", (250, 0, 0))
    cars = one_coloured_set(tmp_path / "caltech101", "101_car_side_image_", (0, 0, 250))
    made = scenes(monkeypatch, tmp_path / "out", people, cars, "--things", "--close", "1")
    far = scenes(monkeypatch, tmp_path / "far", people, cars, "--things", "--close", "0")
    assert not any(colourful(photo, 2).any() for photo, _ in made)
    assert all(colourful(photo, 2).any() for photo, _ in far)
    assert all(matte[-1].max() >= 128 for _, matte in made)


def test_sharpness_falls_away_in_matte_and_picture_alike() -> None:
    """A black and white chequer, its matte the white squares: they stay the same picture, and one side stays sharp."""
    parts = runpy.run_path(str(SCRIPTS / "crowd_scenes.py"))
    squares = np.kron(np.indices((12, 12)).sum(axis=0) % 2, np.ones((20, 20))).astype(np.float32)
    picture, matte = np.repeat(squares[..., None], 3, axis=2), squares.copy()
    parts["_soften"](picture, matte, np.random.default_rng(3))
    np.testing.assert_allclose(picture, np.repeat(matte[..., None], 3, axis=2), atol=1e-5)
    assert 0.2 < float((matte == squares).mean()) < 0.8


def test_drawn_things_are_opaque_and_of_every_shape() -> None:
    """The drawn ones alone: boxes fill their frame, balls and polygons do not, and posts are narrow."""
    parts = runpy.run_path(str(SCRIPTS / "crowd_scenes.py"))
    photo = np.random.default_rng(1).integers(0, 255, (90, 90, 3)).astype(np.uint8)
    stock = parts["Stock"]({"fashion": [(photo, photo[..., 0])]}, [])
    drawn = [stock._drawn(np.random.default_rng(number)) for number in range(40)]
    assert all(colour.shape == (*matte.shape, 3) and matte.max() == 255 for colour, matte, _ in drawn)
    full = [bool((matte == 255).all()) for _, matte, _ in drawn]
    assert 8 < sum(full) < 32
    assert any(matte.shape[0] > 4 * matte.shape[1] for _, matte, _ in drawn)
    assert len({int(colour.mean()) for colour, _, _ in drawn}) > 20


def test_sets_that_lack_people_or_things_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people = one_coloured_set(tmp_path / "fashion", "a", (250, 0, 0))
    cats = one_coloured_set(tmp_path / "cats", "b", (0, 250, 0))
    with pytest.raises(SystemExit, match=r"'fashion'.*only: cats"):
        scenes(monkeypatch, tmp_path / "out", cats)
    with pytest.raises(SystemExit, match="--things needs"):
        scenes(monkeypatch, tmp_path / "out", people, cats, "--things")
    with pytest.raises(SystemExit, match=r"--carried needs one of .*clothing"):
        scenes(monkeypatch, tmp_path / "out", people, cats, "--carried", "0.5")
    with pytest.raises(SystemExit, match="share from 0 to 1"):
        scenes(monkeypatch, tmp_path / "out", people, cats, "--carried", "50")
    with pytest.raises(SystemExit, match="--close is a share"):
        scenes(monkeypatch, tmp_path / "out", people, cats, "--close", "-1")
