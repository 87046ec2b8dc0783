"""A model labels photos: the masks, the confidence, what is set apart, and going on after anything."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from data_drawing import save
from PIL import Image

from cutaway.data.check import check
from cutaway.data.described import read_dataset_toml
from cutaway.data.label import Wishes, label, mask_values
from cutaway.data.label_views import MOST_VIEWS, Seen, look
from cutaway.data.pairs import find_pairs
from cutaway.engines.fake import FAKE_SPEC, FakeEngine, luminance
from cutaway.errors import DataError, OptionError, OutputExistsError
from cutaway.options import Options
from cutaway.remover import Remover
from cutaway.types import Floats, Frame
from cutaway.weights.spec import ModelSpec

SURE, UNSURE = 255, 150


def disc(value: int, *, height: int = 48, width: int = 64) -> np.ndarray:
    """A disc of this grey on black: the fake model takes its grey for the alpha."""
    y, x = np.mgrid[:height, :width]
    inside = np.hypot(y - height / 2, x - width / 2) < 15
    return np.where(inside[..., None], np.uint8(value), np.uint8(0)).repeat(3, axis=2)


def remover(engine: FakeEngine | None = None) -> Remover:
    return Remover(options=Options(zoom="off", refine=False), engine=engine or FakeEngine())


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two photos that the model is sure of, one of them deeper down, and one that it is not sure of."""
    folder = tmp_path / "photos"
    save(folder / "a.png", disc(SURE))
    save(folder / "deep" / "b.png", disc(SURE))
    save(folder / "c.png", disc(UNSURE))
    return folder


def table(dst: Path) -> dict[str, dict[str, str]]:
    with (dst / "confidence.csv").open(newline="", encoding="utf-8") as file:
        return {row["photo"]: row for row in csv.DictReader(file)}


def names(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_a_folder_becomes_a_training_set(photos: Path, tmp_path: Path) -> None:
    dst = tmp_path / "set"
    made = label(photos, dst, remover=remover())
    assert (len(made.rows), made.sure, made.new, made.failed) == (3, 3, 3, [])
    assert (dst / "images" / "deep" / "b.png").read_bytes() == (photos / "deep" / "b.png").read_bytes()
    mask = np.asarray(Image.open(dst / "masks" / "a.png"))
    assert (mask.dtype, mask.shape, mask[24, 32], mask[2, 2]) == (np.uint8, (48, 64), 255, 0)
    assert np.asarray(Image.open(dst / "masks" / "c.png"))[24, 32] == pytest.approx(UNSURE, abs=1)
    told = read_dataset_toml(dst)
    assert told is not None and told.reading == "grey" and "'fake'" in told.source
    assert [pair.id for pair in find_pairs(dst)] == ["a", "c", "deep/b"]
    assert not [finding for finding in check([dst]).findings if finding.kind == "size"]


def test_the_table_and_the_sheet_begin_with_the_least_confident(photos: Path, tmp_path: Path) -> None:
    made = label(photos, tmp_path / "set", remover=remover())
    rows = table(tmp_path / "set")
    assert next(iter(rows)) == made.rows[0].photo == "c.png"
    assert float(rows["a.png"]["confidence"]) > 0.95 > 0.7 > float(rows["c.png"]["confidence"])
    assert float(rows["a.png"]["subject"]) == pytest.approx(np.pi * 15**2 / (48 * 64), rel=0.05)
    assert made.review == [tmp_path / "set" / "review.png"]
    assert Image.open(made.review[0]).width > 1000


def test_doubtful_photos_are_set_apart_and_not_trained_on(photos: Path, tmp_path: Path) -> None:
    dst = tmp_path / "set"
    made = label(photos, dst, remover=remover(), wishes=Wishes(min_confidence=0.8))
    assert made.sure == 2
    assert {"doubtful/photos/c.png", "doubtful/mattes/c.png"} <= names(dst)
    assert [pair.id for pair in find_pairs(dst)] == ["a", "deep/b"]
    assert "2 to train on, 1 doubtful, 0 failed" in made.text()


def test_other_limits_only_move_files(photos: Path, tmp_path: Path) -> None:
    dst = tmp_path / "set"
    label(photos, dst, remover=remover())
    before = names(dst)
    silent = remover(FakeEngine(refuse))
    made = label(photos, dst, remover=silent, wishes=Wishes(min_confidence=0.8))
    assert (made.new, made.sure) == (0, 2)
    assert "images/c.png" not in names(dst)
    made = label(photos, dst, remover=silent, wishes=Wishes(subject=(0.5, 1)))
    assert (made.new, made.sure) == (0, 0)
    made = label(photos, dst, remover=silent)
    assert (made.new, made.sure, names(dst)) == (0, 3, before)


def refuse(tensor: Floats) -> Floats:
    raise AssertionError("the model was asked again")


@pytest.mark.parametrize("after", [1, 2, 3, 4, 5])
def test_an_interrupted_run_goes_on(photos: Path, tmp_path: Path, after: int) -> None:
    """Stopped in the middle of any look, the next run does what is missing and comes to the same files."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    label(photos, whole, remover=remover())
    asked = 0

    def stop(tensor: Floats) -> Floats:
        nonlocal asked
        asked += 1
        if asked > after:
            raise KeyboardInterrupt
        return luminance(tensor)

    with pytest.raises(KeyboardInterrupt):
        label(photos, broken, remover=remover(FakeEngine(stop)))
    made = label(photos, broken, remover=remover())
    assert made.new == 3 - after // 2  # two looks a photo
    assert {n: (broken / n).read_bytes() for n in names(broken)} == {
        n: (whole / n).read_bytes() for n in names(whole)
    }


def test_a_line_that_a_killed_run_left_half_written_is_done_again(photos: Path, tmp_path: Path) -> None:
    dst = tmp_path / "set"
    label(photos, dst, remover=remover())
    whole = (dst / "confidence.csv").read_bytes()
    (dst / "confidence.csv").write_bytes(whole[:-9])
    made = label(photos, dst, remover=remover())
    assert (made.new, (dst / "confidence.csv").read_bytes()) == (1, whole)
    (dst / "masks" / "a.png").unlink()
    assert label(photos, dst, remover=remover()).new == 1


def test_bad_files_are_told_and_the_rest_goes_on(photos: Path, tmp_path: Path) -> None:
    (photos / "bad.jpg").write_bytes(b"no picture")
    (photos / "empty.png").write_bytes(b"")
    save(photos / "A.bmp", disc(SURE))
    made = label(photos, tmp_path / "set", remover=remover())
    assert len(made.rows) == 3
    assert sorted(line.split(":")[0] for line in made.failed) == ["a.png", "bad.jpg", "empty.png"]
    assert "same stem" in "".join(made.failed)
    assert not {n for n in names(tmp_path / "set") if "bad" in n or "empty" in n}


def test_a_set_inside_the_folder_of_photos_is_not_labelled_again(photos: Path) -> None:
    for _ in range(2):
        assert len(label(photos, photos / "set", remover=remover()).rows) == 3


def test_other_settings_need_another_folder(photos: Path, tmp_path: Path) -> None:
    dst = tmp_path / "set"
    label(photos, dst, remover=remover())
    with pytest.raises(DataError, match=r"views was 2, now 3\).*new folder"):
        label(photos, dst, remover=remover(), wishes=Wishes(views=3))
    other = FakeEngine(spec=ModelSpec("other", size=64, stride=8))
    with pytest.raises(DataError, match="model was 'fake', now 'other'"):
        label(photos, dst, remover=remover(other))
    (dst / "label.json").write_text("{")
    with pytest.raises(DataError, match=r"label\.json cannot be read"):
        label(photos, dst, remover=remover())


def test_folders_that_cannot_be_used(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a folder"):
        label(photos / "none", tmp_path / "set", remover=remover())
    (tmp_path / "nothing").mkdir()
    with pytest.raises(DataError, match="holds no photos"):
        label(tmp_path / "nothing", tmp_path / "set", remover=remover())
    for above in (photos, tmp_path):
        with pytest.raises(DataError, match="holds the photos themselves"):
            label(photos, above, remover=remover())
    save(tmp_path / "taken" / "mine.png", disc(SURE))
    with pytest.raises(OutputExistsError, match=r"holds 'mine\.png' and was not made by 'cutaway label'"):
        label(photos, tmp_path / "taken", remover=remover())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"views": 0}, "views must be between 1 and 6"),
        ({"views": 7}, "views must be between 1 and 6"),
        ({"views": 1, "unknown": True}, "2 views or more"),
        ({"min_confidence": 1.5}, "between 0 and 1"),
        ({"min_confidence": float("nan")}, "between 0 and 1"),
        ({"subject": (0.9, 0.1)}, "the smaller first"),
    ],
    ids=str,
)
def test_impossible_wishes_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Wishes(**values)  # type: ignore[arg-type]


# -- views and confidence ----------------------------------------------------------------------------------------


def test_every_view_comes_back_to_where_it_was_seen() -> None:
    """A model that answers each pixel's own red must give back the photo's red, whichever way it is shown."""
    pixels = np.random.default_rng(3).integers(0, 256, (30, 41, 3), np.uint8)
    shapes: list[tuple[int, ...]] = []

    def red(frame: Frame) -> Floats:
        shapes.append(frame.size)
        return np.asarray(frame.pixels[..., 0] / 255, np.float32)

    seen = look(Frame(pixels), matte_of=red, views=MOST_VIEWS)
    np.testing.assert_allclose(seen.matte, pixels[..., 0] / 255, atol=1e-6)
    assert seen.agreement == pytest.approx(1)
    assert shapes[:2] == [(30, 41)] * 2
    assert shapes[2] == shapes[3] == (40, 55)
    assert shapes[4] == shapes[5] == (34, 47)


@pytest.mark.parametrize("views", range(1, MOST_VIEWS + 1))
def test_the_model_is_asked_once_a_view(views: int) -> None:
    asked = []

    def model(frame: Frame) -> Floats:
        asked.append(frame)
        return np.zeros(frame.size, np.float32)

    look(Frame(disc(SURE)), matte_of=model, views=views)
    assert len(asked) == views


def seen(*mattes: list[float]) -> Seen:
    stack = np.array(mattes, np.float32)[:, None]
    return Seen(stack.mean(axis=0), stack.min(axis=0), stack.max(axis=0))


def test_confidence_by_hand() -> None:
    assert seen([1, 1, 0, 0]).confidence == 1
    assert seen([0, 0, 0, 0]).confidence == 0
    assert seen([0.8, 0.6, 0.2, 0]).certainty == pytest.approx(1.4 / 2.2)
    assert seen([1, 1, 0, 0], [1, 0, 0, 0]).agreement == pytest.approx(1 / 2)
    assert seen([1, 0], [0, 1]).agreement == 0
    assert seen([1, 1, 0, 0], [1, 1, 0.5, 0]).agreement == pytest.approx(2 / 2.5)
    assert seen([1, 1, 0, 0]).subject == 0.5


def test_confidence_falls_with_doubt_and_with_disagreement() -> None:
    sure, soft, softer = seen([1, 1, 0, 0]), seen([0.9, 0.9, 0.1, 0]), seen([0.6, 0.6, 0.4, 0])
    assert sure.confidence > soft.confidence > softer.confidence
    assert soft.confidence > seen([0.9, 0.9, 0.1, 0], [0.9, 0.2, 0.1, 0]).confidence


def test_what_is_written_for_a_mask() -> None:
    two = seen([1, 0.9, 0.4, 0], [1, 0.2, 0.2, 0])
    wanted: Callable[..., list[int]] = lambda **kind: mask_values(two, **kind)[0].tolist()  # noqa: E731
    assert wanted(binary=False, unknown=False) == [255, 140, 76, 0]
    assert wanted(binary=True, unknown=False) == [255, 255, 0, 0]
    assert wanted(binary=False, unknown=True) == [255, 128, 76, 0]
    assert wanted(binary=True, unknown=True) == [255, 128, 0, 0]


def test_a_model_that_prefers_the_left_is_caught(tmp_path: Path) -> None:
    """It sees only the left one of two subjects, and in the mirror the other: both become unknown."""
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[10:30, 8:24] = pixels[10:30, 56:72] = 255
    save(tmp_path / "photos" / "two.png", pixels)

    def left(tensor: Floats) -> Floats:
        answer = luminance(tensor).copy()
        answer[..., answer.shape[3] // 2 :] = 0
        return answer

    dst = tmp_path / "set"
    label(
        tmp_path / "photos", dst, remover=remover(FakeEngine(left)), wishes=Wishes(unknown=True, binary=True)
    )
    mask = np.asarray(Image.open(dst / "masks" / "two.png"))
    assert mask[20, 16] == mask[20, 64] == 128
    assert set(np.unique(mask)) == {0, 128}
    assert float(table(dst)["two.png"]["confidence"]) < 0.1
    told = read_dataset_toml(dst)
    assert told is not None and told.reading == "matting-trimap"


def test_settings_are_kept_for_people(photos: Path, tmp_path: Path) -> None:
    label(photos, tmp_path / "set", remover=remover())
    kept = json.loads((tmp_path / "set" / "label.json").read_text("utf-8"))
    assert (kept["views"], kept["zoom"], kept["model"]["name"]) == (2, "off", FAKE_SPEC.name)
