"""COCO, Supervisely, labelme and VOC: annotations become masks."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_drawing import draw_photo
from prepare_sets import HEIGHT, WIDTH, encoded, mask_of, palette_png, photo, put, stems

from cutaway.data.prepare import Prepared, Wishes, prepare
from cutaway.errors import DataError
from cutaway.media.images import read_image

SIZE = {"height": HEIGHT, "width": WIDTH}
SQUARE = [2, 3, 7, 3, 7, 8, 2, 8]
"""25 pixels: columns 2 to 6, rows 3 to 7."""


def square() -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[3:8, 2:7] = True
    return mask


def found(made: Prepared) -> dict[str, tuple[str, ...]]:
    return {finding.kind: finding.names for finding in made.findings}


def made_of(name: str, src: Path, **wishes: Any) -> Prepared:
    return prepare(name, src, dst=src.parent / "out", wishes=Wishes(**wishes), check=False)


def mask_in(src: Path, stem: str) -> np.ndarray:
    return mask_of(src.parent / "out" / "masks" / f"{stem}.png")


@pytest.fixture
def src(tmp_path: Path) -> Path:
    return tmp_path / "src"


# -- COCO --------------------------------------------------------------------------------------------------------


def coco_json(*annotations: dict[str, Any], images: int = 1) -> dict[str, Any]:
    """Instances of photos 0.jpg, 1.jpg, ... in which 1 is a person and 2 is a dog."""
    return {
        "info": {},
        "images": [{"id": n, "file_name": f"{n}.jpg", **SIZE} for n in range(images)],
        "categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "dog"}],
        "annotations": [{"image_id": 0, "category_id": 1, "iscrowd": 0, **a} for a in annotations],
    }


def coco(src: Path, *annotations: dict[str, Any], images: int = 1) -> Path:
    """The official layout: annotations/instances_val.json, and the photos in val/."""
    put(src / "annotations/instances_val.json", coco_json(*annotations, images=images))
    put(src / "annotations/captions_val.json", {"images": [], "annotations": [{"caption": "a dog"}]})
    for number in range(images):
        photo(src / f"val/{number}.jpg", seed=number)
    return src


def test_coco_polygons_of_all_categories_are_joined(src: Path) -> None:
    other = {
        "category_id": 2,
        "segmentation": [[20, 20, 25, 20, 25, 25, 20, 25], [30, 0, 40, 0, 40, 2, 30, 2]],
    }
    made = made_of("coco", coco(src, {"segmentation": [SQUARE]}, other))
    assert made.sets == {"": 1}
    mask = mask_in(src, "0")
    assert (np.count_nonzero(mask == 255), np.count_nonzero(mask)) == (25 + 25 + 20, 70)
    assert (mask[3:8, 2:7] == 255).all()


def test_coco_chosen_categories_alone(src: Path) -> None:
    other = {"category_id": 2, "segmentation": [[20, 20, 25, 20, 25, 25, 20, 25]]}
    third = {"image_id": 1, "category_id": 2, "segmentation": [SQUARE]}
    made = made_of("coco", coco(src, {"segmentation": [SQUARE]}, other, third, images=3), names=("person",))
    assert np.array_equal(mask_in(src, "0"), square() * np.uint8(255))
    assert found(made) == {"empty": ("1", "2")}
    assert "COCO instances: person" in (src.parent / "out/dataset.toml").read_text("utf-8")


def test_coco_photos_without_any_object_on_demand(src: Path) -> None:
    made = made_of("coco", coco(src, {"segmentation": [SQUARE]}, images=2), names=("person",), empty=True)
    assert made.sets == {"": 2}
    assert not mask_in(src, "1").any()


@pytest.mark.parametrize("compressed", [False, True])
def test_coco_run_lengths_in_both_forms(src: Path, compressed: bool) -> None:
    runs = [2 * HEIGHT + 3, *[5, HEIGHT - 5] * 4, 5, 33 * HEIGHT + 22]
    # 63, 5, 25, 5 - 5 = 0, 0, 0, 0, 0, 0, 0 and 1012 - 25 = 987, five bits at a time (drawing.unpack_counts)
    counts: Any = "o15i0000000" + "0kn0" if compressed else runs
    made_of("coco", coco(src, {"segmentation": {"size": [HEIGHT, WIDTH], "counts": counts}}))
    assert np.array_equal(mask_in(src, "0") > 0, square())


def test_coco_crowds_are_unknown_and_objects_lie_on_them(src: Path) -> None:
    crowd = {"iscrowd": 1, "segmentation": {"size": [HEIGHT, WIDTH], "counts": [0, 10 * HEIGHT, 30 * HEIGHT]}}
    made = made_of("coco", coco(src, {"segmentation": [SQUARE]}, crowd))
    mask = mask_in(src, "0")
    assert np.array_equal(mask == 255, square())
    assert np.array_equal(mask[:, :10] == 128, ~square()[:, :10])
    assert not mask[:, 10:].any()
    assert found(made) == {"crowd": ("0.jpg",)}
    assert 'reading = "matting-trimap"' in (src.parent / "out/dataset.toml").read_text("utf-8")


@pytest.mark.parametrize("orientation", [1, 3, 5, 6, 8])
def test_coco_outlines_refer_to_the_stored_pixels(src: Path, orientation: int) -> None:
    coco(src, {"segmentation": [SQUARE]})
    stored = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    stored[3:8, 2:7] = 255
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = orientation
    put(src / "val/0.jpg", encoded(stored, "JPEG", exif=exif, quality=100, subsampling=0))
    made_of("coco", src)
    upright = read_image(src.parent / "out/images/0.jpg").pixels[..., 1] > 128
    assert np.array_equal(mask_in(src, "0") > 0, upright)


def test_coco_files_of_several_parts_become_several_sets(src: Path) -> None:
    coco(src, {"segmentation": [SQUARE]})
    put(src / "annotations/instances_train2017.json", coco_json({"segmentation": [SQUARE]}))
    photo(src / "images/train2017/0.jpg", seed=3)
    made = made_of("coco", src)
    assert made.sets == {"train2017": 1, "val": 1}
    assert "train2017 -o" in made.next_steps()[0]
    assert "val --model" in made.next_steps()[1]


def test_coco_a_json_beside_its_photos(src: Path) -> None:
    put(src / "_annotations.coco.json", coco_json({"segmentation": [SQUARE]}))
    photo(src / "0.jpg")
    assert made_of("coco", src).sets == {"": 1}


def test_coco_the_json_itself_as_source(src: Path) -> None:
    coco(src, {"segmentation": [SQUARE]})
    json = src / "annotations/instances_val.json"
    assert prepare("coco", json, dst=src.parent / "out", check=False).sets == {"": 1}


@pytest.mark.parametrize(
    ("segmentation", "reason"),
    [
        ([["x", "y"]], "outline"),
        ({"size": [3, 4], "counts": [12]}, "run lengths for"),
        ({"size": [HEIGHT, WIDTH], "counts": [5]}, "do not fill"),
        ({"size": [HEIGHT, WIDTH], "counts": None}, "neither numbers nor a text"),
        ({"size": [HEIGHT, WIDTH], "counts": "!"}, "damaged"),
    ],
)
def test_coco_damaged_annotations_are_left_out_by_name(src: Path, segmentation: object, reason: str) -> None:
    good = {"image_id": 1, "segmentation": [SQUARE]}
    made = made_of("coco", coco(src, {"segmentation": segmentation}, good, images=2))
    assert made.sets == {"": 1}
    assert reason in found(made)["bad-mask"][0]


def test_coco_photos_that_are_missing_elsewhere_or_of_another_size(src: Path, tmp_path: Path) -> None:
    coco(src, *({"image_id": n, "segmentation": [SQUARE]} for n in range(5)), images=5)
    data = coco_json(*({"image_id": n, "segmentation": [SQUARE]} for n in range(5)), images=5)
    data["images"][1]["file_name"] = "../../secret.jpg"
    data["images"][2]["width"] = 10**9
    data["images"][3]["file_name"] = "x" * 5000
    data["images"][4]["file_name"] = "../val/4.jpg"
    photo(tmp_path / "secret.jpg")
    put(src / "annotations/instances_val.json", data)
    made = made_of("coco", src)
    assert stems(src.parent / "out/images") == ["0.jpg"]
    assert found(made)["masks-without-photo"] == ("../../secret.jpg", "../val/4.jpg", "x" * 5000)
    assert found(made)["size"] == (f"2: the mask is 1000000000×{HEIGHT}, the photo {WIDTH}×{HEIGHT}",)


def test_coco_boxes_without_outline_are_told(src: Path) -> None:
    made = made_of("coco", coco(src, {"segmentation": [SQUARE]}, {"segmentation": [], "bbox": [1, 2, 3, 4]}))
    assert found(made) == {"no-outline": ("0.jpg",)}


def test_coco_an_unknown_category_names_those_there_are(src: Path) -> None:
    with pytest.raises(DataError, match=r"no class 'dgo'. Did you mean 'dog'\? Known: dog, person"):
        made_of("coco", coco(src, {"segmentation": [SQUARE]}), names=("dgo",))


def test_coco_wrong_sources(src: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found no such folder"):
        made_of("coco", src)
    put(src / "a.json", {"shapes": []})
    with pytest.raises(DataError, match=r"looked for a JSON with images, .*found a.json"):
        made_of("coco", src)
    put(src / "a.json", coco_json({"segmentation": [SQUARE]}))
    with pytest.raises(DataError, match="looked for the photos that the JSON names"):
        made_of("coco", src)
    put(src / "a.json", "{")
    with pytest.raises(DataError, match="cannot be read as JSON"):
        made_of("coco", src)
    assert not (tmp_path / "out").exists()


# -- Supervisely -------------------------------------------------------------------------------------------------


def bitmap_object(title: str, patch: np.ndarray, *, left: int, top: int) -> dict[str, Any]:
    """An object as Supervisely exports it: a PNG with alpha, deflated, in base64."""
    rgba = np.dstack([patch, patch, patch, patch]).astype(np.uint8)
    data = base64.b64encode(zlib.compress(encoded(rgba, "PNG"))).decode()
    bitmap = {"data": data, "origin": [left, top]}
    return {"classTitle": title, "geometryType": "bitmap", "bitmap": bitmap}


def polygon_object(title: str, exterior: list[list[int]], *holes: list[list[int]]) -> dict[str, Any]:
    points = {"exterior": exterior, "interior": list(holes)}
    return {"classTitle": title, "geometryType": "polygon", "points": points}


PIXELS = [[2, 3], [6, 3], [6, 7], [2, 7]]
"""The corner pixels of `square`."""


def supervisely(src: Path, *objects: dict[str, Any], dataset: str = "ds1", name: str = "a.jpg.json") -> Path:
    put(
        src / "meta.json",
        {"classes": [{"title": "person", "shape": "bitmap"}, {"title": "dog", "shape": "polygon"}]},
    )
    photo(src / dataset / "img" / "a.jpg")
    put(src / dataset / "ann" / name, {"size": SIZE, "tags": [], "objects": list(objects)})
    return src


def test_supervisely_bitmaps_and_polygons_are_joined(src: Path) -> None:
    bitmap = bitmap_object("person", np.full((3, 4), 255), left=20, top=10)
    supervisely(src, bitmap, polygon_object("dog", PIXELS))
    assert made_of("supervisely", src).sets == {"": 1}
    wanted = square()
    wanted[10:13, 20:24] = True
    assert np.array_equal(mask_in(src, "a") > 0, wanted)


def test_supervisely_chosen_classes_alone(src: Path) -> None:
    bitmap = bitmap_object("person", np.full((3, 4), 255), left=20, top=10)
    supervisely(src, bitmap, polygon_object("dog", PIXELS))
    made_of("supervisely", src, names=("dog",))
    assert np.array_equal(mask_in(src, "a") > 0, square())


def test_supervisely_holes_older_polygons_and_boxes(src: Path) -> None:
    old = {
        "classTitle": "dog",
        "polygon": {"points": {"exterior": PIXELS, "interior": [[[4, 5], [4, 5], [4, 5]]]}},
    }
    box = {
        "classTitle": "dog",
        "geometryType": "rectangle",
        "points": {"exterior": [[20, 10], [23, 12]], "interior": []},
    }
    line = {
        "classTitle": "dog",
        "geometryType": "line",
        "points": {"exterior": [[0, 0], [9, 9]], "interior": []},
    }
    made = made_of("supervisely", supervisely(src, old, box, line))
    wanted = square()
    wanted[5, 4] = False
    wanted[10:13, 20:24] = True
    assert np.array_equal(mask_in(src, "a") > 0, wanted)
    assert found(made) == {"no-outline": ("a",)}


def test_supervisely_several_datasets_and_older_names(src: Path) -> None:
    supervisely(src, polygon_object("dog", PIXELS))
    supervisely(src, polygon_object("dog", PIXELS), dataset="ds2", name="a.json")
    photo(src / "ds2/img/v1.2.jpg")
    put(src / "ds2/ann/v1.2.json", {"size": SIZE, "objects": [polygon_object("dog", PIXELS)]})
    photo(src / "ds2/img/without.jpg")
    put(src / "ds2/ann/lost.jpg.json", {"objects": []})
    made = made_of("supervisely", src)
    assert made.sets == {"ds1": 1, "ds2": 2}
    assert found(made) == {"photos-without-mask": ("without.jpg",), "masks-without-photo": ("lost.jpg.json",)}


def test_supervisely_without_meta_and_dataset(src: Path) -> None:
    supervisely(src, polygon_object("cat", PIXELS), dataset=".")
    (src / "meta.json").unlink()
    assert made_of("supervisely", src, names=("cat",)).sets == {"": 1}


def test_supervisely_damaged_annotations_are_left_out_by_name(src: Path) -> None:
    supervisely(src, polygon_object("dog", PIXELS))
    bad = bitmap_object("dog", np.full((3, 4), 255), left=0, top=0)
    bad["bitmap"]["data"] = bad["bitmap"]["data"][:40]
    objects: list[Any] = [
        bad,
        {"classTitle": "dog", "bitmap": {"data": ""}},
        polygon_object("dog", [["x", 1]]),
    ]  # type: ignore[list-item]
    for number, one in enumerate(objects):
        photo(src / f"ds1/img/{number}.jpg", seed=number)
        put(src / f"ds1/ann/{number}.jpg.json", {"size": SIZE, "objects": [one]})
    photo(src / "ds1/img/3.jpg")
    put(src / "ds1/ann/3.jpg.json", {"size": SIZE})
    photo(src / "ds1/img/4.jpg")
    put(src / "ds1/ann/4.jpg.json", "{")
    made = made_of("supervisely", src)
    assert made.sets == {"": 1}
    names = " | ".join(found(made)["bad-mask"])
    for reason in ("cut off", "no origin", "outline", "no objects", "as JSON"):
        assert reason in names


def test_supervisely_wrong_sources(src: Path) -> None:
    put(src / "img/a.jpg", b"")
    with pytest.raises(DataError, match=r"looked for meta.json and DATASET/img/ .*; found img/$"):
        made_of("supervisely", src)
    with pytest.raises(DataError, match=r"no class 'cat'.*Known: dog, person"):
        made_of("supervisely", supervisely(src, polygon_object("dog", PIXELS)), names=("cat",))


# -- labelme -----------------------------------------------------------------------------------------------------


def shape(label: str, kind: str, points: list[list[float]], **more: Any) -> dict[str, Any]:
    return {"label": label, "shape_type": kind, "points": points, "group_id": None, "flags": {}, **more}


DRAWN = shape("cat", "polygon", [[2, 3], [7, 3], [7, 8], [2, 8]])


def labelme(src: Path, *shapes: dict[str, Any], name: str = "a", **more: Any) -> Path:
    content = {"version": "5.5.0", "shapes": list(shapes), "imagePath": f"{name}.jpg", "imageData": None}
    size = {"imageHeight": HEIGHT, "imageWidth": WIDTH}
    put(src / f"{name}.json", content | size | more)
    photo(src / f"{name}.jpg")
    return src


def test_labelme_all_shapes_are_joined(src: Path) -> None:
    patch = np.full((3, 4), 255, np.uint8)
    stored = base64.b64encode(encoded(patch, "PNG")).decode()
    box, disc = shape("cat", "rectangle", [[39, 1], [30, 3]]), shape("dog", "circle", [[20, 20], [20, 25]])
    laid = shape("dog", "mask", [[10, 10], [13, 12]], mask=stored)
    made = made_of("labelme", labelme(src, DRAWN, box, disc, laid, shape("cat", "point", [[1, 1]])))
    mask = mask_in(src, "a") > 0
    assert (mask[3:8, 2:7].sum(), mask[1:3, 30:39].sum(), mask[10:13, 10:14].sum()) == (25, 18, 12)
    assert mask[15:25, 15:25].sum() == pytest.approx(np.pi * 25, abs=4)
    assert mask.sum() == 25 + 18 + 12 + mask[15:25, 15:25].sum()
    assert found(made) == {"no-outline": ("a",)}


def test_labelme_labels_and_holes(src: Path) -> None:
    hole = shape("hole", "rectangle", [[3, 4], [5, 6]])
    dog = shape("dog", "rectangle", [[20, 20], [30, 30]])
    made_of("labelme", labelme(src, hole, DRAWN, dog), names=("cat",), holes=("hole",))
    wanted = square()
    wanted[4:6, 3:5] = False
    assert np.array_equal(mask_in(src, "a") > 0, wanted)


def test_labelme_ground_and_holes_are_no_subject_unless_named(src: Path) -> None:
    hole, ground = (
        shape("hole", "rectangle", [[20, 20], [25, 25]]),
        shape("_background_", "rectangle", [[0, 0], [9, 9]]),
    )
    made_of("labelme", labelme(src, hole, ground, DRAWN), holes=("hole",))
    assert np.array_equal(mask_in(src, "a") > 0, square())


def test_labelme_the_photo_inside_the_json(src: Path) -> None:
    data = encoded(draw_photo(4, height=HEIGHT, width=WIDTH), "PNG")
    labelme(src, DRAWN, imageData=base64.b64encode(data).decode(), imagePath="/elsewhere/a.bmp")
    (src / "a.jpg").unlink()
    made_of("labelme", src)
    assert (src.parent / "out/images/a.png").read_bytes() == data


def test_labelme_a_photo_in_another_folder_of_the_set(src: Path) -> None:
    labelme(src / "labels", DRAWN, imagePath="..\\photos\\a.jpg")
    (src / "labels/a.jpg").unlink()
    photo(src / "photos/a.jpg")
    assert made_of("labelme", src).sets == {"": 1}
    assert stems(src.parent / "out/images") == ["labels/a.jpg"]


def test_labelme_a_photo_outside_the_set_is_not_taken(src: Path, tmp_path: Path) -> None:
    labelme(src, DRAWN, name="good")
    labelme(src, DRAWN, imagePath="../secret.jpg")
    (src / "a.jpg").unlink()
    photo(tmp_path / "secret.jpg")
    assert found(made_of("labelme", src)) == {"masks-without-photo": ("a.json",)}


@pytest.mark.parametrize("stored", [False, True])
def test_labelme_outlines_refer_to_the_photo_of_their_size(src: Path, stored: bool) -> None:
    """labelme shows photos upright; files whose size is that of the stored pixels were drawn by something else."""
    size = (HEIGHT, WIDTH) if stored else (WIDTH, HEIGHT)
    labelme(src, DRAWN, imageHeight=size[0], imageWidth=size[1])
    photo(src / "a.jpg", orientation=6)
    made_of("labelme", src)
    mask = mask_in(src, "a") > 0
    assert mask.shape == (WIDTH, HEIGHT)
    place = (slice(2, 7), slice(HEIGHT - 8, HEIGHT - 3)) if stored else (slice(3, 8), slice(2, 7))
    assert mask[place].all()
    assert mask.sum() == 25


def test_labelme_damaged_files_are_left_out_by_name(src: Path) -> None:
    labelme(src, DRAWN)
    labelme(src, shape("cat", "polygon", [[1, 1], [2, 2]]), name="few")
    labelme(src, shape("cat", "mask", [[1, 1]], mask="AAAA"), name="mask")
    labelme(src, DRAWN, name="data", imageData="é", imagePath="")
    (src / "data.jpg").unlink()
    put(src / "json.json", "{")
    put(src / "other.json", {"shapes": 3})
    made = made_of("labelme", src)
    assert made.sets == {"": 1}
    reasons = " | ".join(found(made)["bad-mask"])
    assert "few: a polygon 'cat' has too few points" in reasons
    assert "mask: the picture" in reasons
    assert "json.json: cannot be read as JSON" in reasons
    assert found(made)["unreadable"] == ("data.json: an embedded picture is no base64",)


def test_labelme_wrong_sources(src: Path) -> None:
    put(src / "a.json", [])
    with pytest.raises(DataError, match=r"looked for \*.json with shapes.*found a.json"):
        made_of("labelme", src)
    with pytest.raises(DataError, match="no class 'hoel'"):
        made_of("labelme", labelme(src, DRAWN), holes=("hoel",))
    with pytest.raises(DataError, match=r"no class 'dog'.*Known: cat"):
        made_of("labelme", src, names=("dog",))


# -- VOC ---------------------------------------------------------------------------------------------------------


def voc(root: Path) -> Path:
    """VOC2012: person (15) and dog (12) with a void outline in a and b; only a cat (8) in c."""
    for number, name in enumerate("abc"):
        photo(root / f"JPEGImages/{name}.jpg", seed=number)
        values = np.zeros((HEIGHT, WIDTH), np.uint8)
        values[2:9, 1:8] = 255
        values[3:8, 2:7] = 8 if name == "c" else 15
        values[20:25, 20:30] = 0 if name == "c" else 12
        palette_png(root / f"SegmentationClass/{name}.png", values)
        palette_png(root / f"SegmentationObject/{name}.png", values)
    photo(root / "JPEGImages/no mask.jpg")  # most of VOC's photos have none, which is nothing to tell
    put(root / "ImageSets/Segmentation/train.txt", "a\nc\n")
    put(root / "ImageSets/Segmentation/val.txt", "b\n")
    put(root / "ImageSets/Segmentation/trainval.txt", "a\nb\nc\n")
    return root


@pytest.mark.parametrize("home", ["", "VOC2012", "VOCdevkit/VOC2012"])
def test_voc_its_sets_at_any_of_their_places(src: Path, home: str) -> None:
    voc(src / home)
    made = made_of("voc", src)
    assert made.sets == {"train": 2, "val": 1}
    assert made.findings == ()
    mask = mask_of(src.parent / "out/val/masks/b.png")
    assert np.array_equal(mask[:10, :10] == 255, square()[:10, :10])
    assert np.count_nonzero(mask == 255) == 25 + 50
    assert np.count_nonzero(mask == 128) == 49 - 25


def test_voc_chosen_classes_alone(src: Path) -> None:
    made = made_of("voc", voc(src), names=("dog",))
    assert found(made) == {"empty": ("c",)}
    mask = mask_of(src.parent / "out/train/masks/a.png")
    assert (np.count_nonzero(mask == 255), np.count_nonzero(mask)) == (
        50,
        50,
    )  # the person's outline is ground


def test_voc_an_outline_stays_with_what_it_outlines(src: Path) -> None:
    made_of("voc", voc(src), names=("Person", "cat"))
    mask = mask_of(src.parent / "out/train/masks/a.png")
    assert (np.count_nonzero(mask == 255), np.count_nonzero(mask == 128)) == (25, 24)


def test_voc_an_unknown_class_names_those_there_are(src: Path) -> None:
    voc(src)
    with pytest.raises(DataError, match=r"no class 'dgo'.*dog"):
        prepare("voc", src, dst=src.parent / "other", wishes=Wishes(names=("dgo",)))


def test_voc_listed_names_without_files(src: Path) -> None:
    voc(src)
    put(src / "ImageSets/Segmentation/val.txt", "b\nx\ny\nz\n")
    photo(src / "JPEGImages/y.jpg")
    palette_png(src / "SegmentationClass/z.png", np.zeros((HEIGHT, WIDTH), np.uint8))
    made = made_of("voc", src)
    assert found(made) == {"missing": ("x",), "photos-without-mask": ("y",), "masks-without-photo": ("z",)}


def test_voc_several_years(src: Path) -> None:
    voc(src / "VOC2007")
    voc(src / "VOC2012")
    made = made_of("voc", src)
    assert made.sets == {"VOC2007/train": 2, "VOC2007/val": 1, "VOC2012/train": 2, "VOC2012/val": 1}


def test_voc_wrong_sources(src: Path) -> None:
    put(src / "SegmentationClass/a.txt", "")
    with pytest.raises(DataError, match=r"looked for JPEGImages/, .*; found SegmentationClass/$"):
        made_of("voc", src)
