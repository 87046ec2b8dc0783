"""One folder a picture, several masks each, and folders of other names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from data_drawing import draw_mask, draw_photo, save

from cutaway.data.check import check
from cutaway.data.pairs import Pair, find_pairs, scan
from cutaway.data.samples import load_pair
from cutaway.errors import DataError


def touch(root: Path, *names: str) -> Path:
    """Empty files: pairs are found by name, before anything is opened."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def found(folder: Path) -> dict[str, tuple[str, list[str]]]:
    """Each pair's image and masks, relative to the folder."""
    return {
        pair.id: (
            pair.image.relative_to(folder).as_posix(),
            [m.relative_to(folder).as_posix() for m in pair.masks],
        )
        for pair in find_pairs(folder)
    }


def test_the_masks_of_a_pair_begin_with_its_first() -> None:
    pair = Pair("set/p", Path("i"), Path("m"), (Path("n"),))
    assert (pair.masks, pair.set) == ((Path("m"), Path("n")), "set")
    assert Pair("p", Path("i"), Path("m")).masks == (Path("m"),)


def test_one_folder_a_picture_with_a_mask_an_object(tmp_path: Path) -> None:
    """The layout of the 2018 Data Science Bowl."""
    touch(
        tmp_path,
        "ab1/images/ab1.png",
        "ab1/masks/x.png",
        "ab1/masks/y.png",
        "cd2/images/cd2.png",
        "cd2/masks/z.png",
    )
    assert found(tmp_path) == {
        "ab1": ("ab1/images/ab1.png", ["ab1/masks/x.png", "ab1/masks/y.png"]),
        "cd2": ("cd2/images/cd2.png", ["cd2/masks/z.png"]),
    }
    deeper = touch(tmp_path / "all", "train/e/images/e.png", "train/e/masks/e.png")
    assert found(deeper) == {"train/e": ("train/e/images/e.png", ["train/e/masks/e.png"])}


def test_image_and_masks_side_by_side_in_a_folder(tmp_path: Path) -> None:
    touch(tmp_path, "a/image.jpg", "a/mask.png", "b/image.png", "b/mask_1.png", "b/Mask-2.png", "b/notes.txt")
    touch(tmp_path, ".c/image.png", ".c/mask.png", "image.png", "mask.png")
    assert found(tmp_path) == {
        "a": ("a/image.jpg", ["a/mask.png"]),
        "b": ("b/image.png", ["b/Mask-2.png", "b/mask_1.png"]),
    }


def test_pictures_without_masks_beside_others_are_orphans(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "a/images/a.png",
        "a/masks/1.png",
        "b/images/b.png",
        "c/images/c.png",
        "d/image.png",
        "d/mask.png",
    )
    touch(tmp_path, "e/image.png", ".f/images/f.png")
    (tmp_path / "c" / "masks").mkdir()
    orphans = [p.relative_to(tmp_path).as_posix() for p in scan(tmp_path).images_without_mask]
    assert sorted(orphans) == ["b/images/b.png", "c/images/c.png", "e/image.png"]
    assert list(found(tmp_path)) == ["a", "d"]


def test_two_images_in_one_folder_are_told(tmp_path: Path) -> None:
    touch(tmp_path, "a/image.png", "a/mask.png", "b/image.png", "b/image.jpg", "b/mask.png")
    assert list(found(tmp_path)) == ["a"]
    assert [[p.name for p in paths] for paths in scan(tmp_path).same_stem] == [["image.jpg", "image.png"]]


def test_pictures_that_happen_to_be_called_image_are_no_set(tmp_path: Path) -> None:
    touch(
        tmp_path, "images/a.png", "masks/a.png", "images/x/image.png", "masks/x/image.png", "other/image.png"
    )
    assert list(found(tmp_path)) == ["a", "x/image"]
    assert scan(tmp_path).images_without_mask == ()


def test_layouts_may_lie_side_by_side(tmp_path: Path) -> None:
    touch(tmp_path, "plain/images/a.png", "plain/images/b.png", "plain/masks/a.png", "plain/masks/b.png")
    touch(tmp_path, "cells/c1/images/c1.png", "cells/c1/masks/1.png", "more/d/image.png", "more/d/mask.png")
    assert [pair.id for pair in find_pairs(tmp_path)] == ["cells/c1", "more/d", "plain/a", "plain/b"]
    assert [pair.id for pair in find_pairs([tmp_path / "cells", tmp_path / "more"])] == ["cells/c1", "more/d"]


@pytest.mark.parametrize("subdirs", [("JPEGImages", "SegmentationClass"), ("a/photos", "b/[x]")])
def test_folders_of_other_names(tmp_path: Path, subdirs: tuple[str, str]) -> None:
    touch(
        tmp_path,
        f"{subdirs[0]}/a.jpg",
        f"{subdirs[1]}/a.png",
        f"s/{subdirs[0]}/b.jpg",
        f"s/{subdirs[1]}/b.png",
    )
    assert [pair.id for pair in find_pairs(tmp_path, subdirs=subdirs)] == ["a", "s/b"]
    with pytest.raises(DataError, match="--subdirs IMAGES MASKS"):
        find_pairs(tmp_path)


@pytest.mark.parametrize(
    "subdirs", [("images",), ("", "masks"), ("../a", "masks"), ("images", "/masks"), ("a//b", "m")]
)
def test_impossible_names_of_folders(tmp_path: Path, subdirs: tuple[str, ...]) -> None:
    with pytest.raises(DataError, match="subdirs must"):
        find_pairs(tmp_path, subdirs=subdirs)


def test_a_folder_that_fits_no_layout_is_shown_all_three(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        find_pairs(touch(tmp_path, "photos/a.jpg", "cut/a.png"))
    for part in (
        "images/cat.jpg, masks/cat.png",
        "cat/image.jpg with cat/mask*.png",
        ".csv or .tsv",
        "--subdirs",
    ):
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


# -- merged ------------------------------------------------------------------------------------------------------


def cells(root: Path, *, pictures: int = 20) -> Path:
    """Pictures with two objects each, left and right, overlapping in the middle."""
    for n in range(pictures):
        left, right = np.zeros((40, 60), np.uint8), np.zeros((40, 60), np.uint8)
        left[10:30, 5:32], right[10:30, 28:50] = 255, 255
        save(root / f"c{n:02}" / "images" / f"c{n:02}.png", draw_photo(n))
        save(root / f"c{n:02}" / "masks" / "1.png", left)
        save(root / f"c{n:02}" / "masks" / "2.png", right)
    return root


def test_several_masks_become_one_matte(tmp_path: Path) -> None:
    report = check(cells(tmp_path))
    assert report.ok
    assert report.sets == {"": 20}
    assert [(f.kind, f.severity) for f in report.findings] == [("merged-masks", "note")]
    assert "20 photos with several masks, up to 2" in report.findings[0].text
    assert report.subject_shares == pytest.approx([20 * 45 / 2400] * 3)
    _, matte = load_pair(report.usable[0], reading=report.require()[1])
    assert np.mean(matte == 255) == pytest.approx(20 * 45 / 2400)


def test_shares_are_those_of_the_merged_mattes(tmp_path: Path) -> None:
    """Where 0 is the subject, the largest value is not what is most of it."""
    report = check(cells(tmp_path), masks="subject:0")
    assert report.subject_shares == pytest.approx([1 - 20 * 4 / 2400] * 3)


def test_masks_of_different_sizes_are_named(tmp_path: Path) -> None:
    save(cells(tmp_path) / "c03" / "masks" / "2.png", draw_mask(20, 20))
    report = check(tmp_path)
    finding = next(f for f in report.findings if f.kind == "unreadable")
    assert finding.names == ("c03: the masks 1.png and 2.png are of different sizes",)
    assert len(report.usable) == 19
