"""Each fault that a check can name is drawn into a clean set, and is the only one that is found."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from data_drawing import draw_mask, draw_photo, draw_set, save
from PIL import Image

from cutaway.data.check import CheckReport, Finding, check
from cutaway.data.check_files import Looked, look_at
from cutaway.data.pairs import Pair, find_pairs, split_pairs
from cutaway.errors import DataError


def kinds(report: CheckReport) -> list[str]:
    return [finding.kind for finding in report.findings]


def only(report: CheckReport, kind: str) -> Finding:
    """The one finding of that kind, and there must be no other."""
    assert kinds(report) == [kind]
    return report.findings[0]


def one(report: CheckReport, kind: str) -> Finding:
    """The finding of that kind among others."""
    return next(f for f in report.findings if f.kind == kind)


def sides(folder: Path) -> tuple[list[Pair], list[Pair]]:
    return split_pairs(find_pairs(folder), validation=0.1, seed=0)


def redraw_masks(folder: Path, mask: np.ndarray) -> None:
    for path in (folder / "masks").iterdir():
        save(path, mask)


# -- what there is -----------------------------------------------------------------------------------------------


def test_a_clean_set_has_no_finding(clean_set: Path) -> None:
    report = check(clean_set)
    assert report.ok
    assert report.findings == ()
    assert report.usable == find_pairs(clean_set)
    assert str(report.reading) == "grey"
    assert report.pairs == 24
    assert report.photo_sizes == ((40, 60),) * 3
    assert report.subject_shares == pytest.approx([draw_mask().mean() / 255] * 3)
    assert report.require() == (report.usable, report.reading)


def test_a_check_splits_as_training_does(clean_set: Path) -> None:
    for seed in (0, 1):
        training, held_out = split_pairs(find_pairs(clean_set), validation=0.3, seed=seed)
        assert check(clean_set, validation=0.3, seed=seed).split == (len(training), len(held_out))


def test_pairs_are_counted_in_each_set(tmp_path: Path) -> None:
    draw_set(tmp_path / "cats", 13)
    draw_set(tmp_path / "deep" / "dogs", 12, first=50)
    assert check(tmp_path).sets == {"cats": 13, "deep/dogs": 12}
    assert check([tmp_path / "cats", tmp_path / "deep" / "dogs"]).sets == {"cats": 13, "dogs": 12}


def test_smallest_median_and_largest(tmp_path: Path) -> None:
    draw_set(tmp_path, 22)
    for name, height in (("small", 20), ("tall", 200)):
        save(tmp_path / "images" / f"{name}.png", draw_photo(height, height=height))
        save(tmp_path / "masks" / f"{name}.png", draw_mask(height))
    report = check(tmp_path)
    assert report.photo_sizes == ((20, 60), (40, 60), (200, 60))
    low, middle, high = report.subject_shares or pytest.fail("no shares")
    assert low == pytest.approx(np.mean(draw_mask(200) > 0))
    assert low < np.mean(draw_mask() > 0) == pytest.approx(middle)
    assert high >= middle


def test_progress_is_told_after_each_pair(clean_set: Path) -> None:
    told: list[tuple[int, int]] = []
    check(clean_set, progress=lambda done, total: told.append((done, total)))
    assert told == [(n, 24) for n in range(1, 25)]


def test_an_interrupt_leaves_the_rest_unopened(clean_set: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Pair] = []

    def slow(pair: Pair) -> Looked:
        opened.append(pair)
        time.sleep(0.01)
        return look_at(pair)

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cutaway.data.check_files.look_at", slow)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    with pytest.raises(KeyboardInterrupt):
        check(clean_set, progress=interrupt)
    assert len(opened) < 12


# -- files -------------------------------------------------------------------------------------------------------


def test_orphans(clean_set: Path) -> None:
    save(clean_set / "images" / "alone.png", draw_photo(99))
    finding = only(check(clean_set), "photos-without-mask")
    assert (finding.severity, finding.names) == ("warning", ("images/alone.png",))


def test_masks_without_a_photo(clean_set: Path) -> None:
    save(clean_set / "masks" / "lost.png", draw_mask())
    finding = only(check(clean_set), "masks-without-photo")
    assert (finding.severity, finding.names) == ("warning", ("masks/lost.png",))


def test_files_of_one_stem(clean_set: Path) -> None:
    save(clean_set / "images" / "p003.jpg", draw_photo(3))
    report = check(clean_set)
    assert only(report, "same-stem").names == ("images/p003.jpg and images/p003.png",)
    assert len(report.usable) == 23


@pytest.mark.parametrize("side", ["images", "masks"])
@pytest.mark.parametrize("content", [b"", b"this is text", b"\x89PNG\r\n\x1a\n123"])
def test_unreadable_files_are_named_with_the_reason(clean_set: Path, side: str, content: bytes) -> None:
    (clean_set / side / "p003.png").write_bytes(content)
    report = check(clean_set)
    finding = only(report, "unreadable")
    assert not report.ok
    assert (finding.severity, finding.stops) == ("error", False)
    assert str(clean_set / side / "p003.png") in finding.names[0]
    assert len(finding.names[0].rpartition("p003.png: ")[2]) > 10
    assert "p003" not in [pair.id for pair in report.usable]
    assert len(report.require()[0]) == 23


def test_both_files_of_a_pair_unreadable_are_both_named(clean_set: Path) -> None:
    for side in ("images", "masks"):
        (clean_set / side / "p003.png").write_bytes(b"x")
    assert len(only(check(clean_set), "unreadable").names) == 2


def test_a_coloured_mask_is_unreadable(clean_set: Path) -> None:
    save(clean_set / "masks" / "p003.png", draw_photo(3))
    assert "which colour is the subject" in only(check(clean_set), "unreadable").names[0]


@pytest.mark.parametrize(
    ("size", "says"),
    [
        ((30, 60), "the mask is 60×30, the photo 60×40"),
        ((20, 30), "same picture in another size"),
        ((13, 20), "same picture in another size"),
    ],
)
def test_masks_of_another_size(clean_set: Path, size: tuple[int, int], says: str) -> None:
    save(clean_set / "masks" / "p003.png", draw_mask(*size))
    report = check(clean_set)
    finding = only(report, "size")
    assert finding.severity == "error"
    assert finding.names[0].startswith("p003: ")
    assert says in finding.names[0]
    assert len(report.usable) == 23


def test_a_mask_drawn_before_the_photo_was_rotated(clean_set: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = Image.fromarray(np.rot90(draw_photo(3)))  # 40 wide, 60 high; upright it is 60 × 40
    stored.save(clean_set / "images" / "p003.png", exif=exif)
    save(clean_set / "masks" / "p003.png", draw_mask(60, 40))
    assert "before the photo's EXIF rotation" in only(check(clean_set), "size").names[0]
    Image.fromarray(draw_photo(3)).save(clean_set / "images" / "p003.png")
    assert "EXIF" not in only(check(clean_set), "size").names[0]


def test_photos_and_masks_that_share_no_name(tmp_path: Path) -> None:
    save(tmp_path / "images" / "a.png", draw_photo(1))
    save(tmp_path / "masks" / "a_mask.png", draw_mask())
    report = check(tmp_path)
    assert kinds(report) == ["no-pairs", "photos-without-mask", "masks-without-photo"]
    assert report.usable == []
    with pytest.raises(DataError, match=r"images/cat\.jpg needs masks/cat\.png"):
        report.require()


def test_pairs_of_one_name_in_two_folders(tmp_path: Path) -> None:
    folders = [draw_set(tmp_path / part / "cats", 12, first=n) for n, part in ((0, "a"), (20, "b"))]
    shutil.copytree(folders[0], tmp_path / "c" / "cats")
    report = check([*folders, tmp_path / "c" / "cats"])
    assert one(report, "same-name").names[0] == "cats/p000"
    with pytest.raises(DataError, match="different names"):
        report.require()


def test_not_one_pair_can_be_used(tmp_path: Path) -> None:
    draw_set(tmp_path, 3)
    for path in (tmp_path / "images").iterdir():
        path.write_bytes(b"")
    report = check(tmp_path)
    assert kinds(report)[:2] == ["no-usable-pair", "unreadable"]
    with pytest.raises(DataError, match="not one pair"):
        report.require()


@pytest.mark.parametrize("missing", ["nowhere", "."])
def test_no_data_set_is_an_error_not_a_report(tmp_path: Path, missing: str) -> None:
    with pytest.raises(DataError):
        check(tmp_path / missing)


# -- mask values -------------------------------------------------------------------------------------------------


def test_ambiguous_values_yield_the_question(clean_set: Path) -> None:
    trimap = draw_mask(subject=1, ground=2)
    trimap[:, :5] = 3
    redraw_masks(clean_set, trimap)
    report = check(clean_set)
    finding = only(report, "values-question")
    assert (report.reading, report.usable, report.subject_shares) == (None, [], None)
    with pytest.raises(DataError, match="--masks subject:1"):
        report.require()
    assert finding.stops
    answered = check(clean_set, masks="subject:1")
    assert answered.ok
    assert answered.subject_shares == pytest.approx([np.mean(draw_mask() > 0)] * 3)


def test_two_conventions_in_one_set(clean_set: Path) -> None:
    save(clean_set / "masks" / "p003.png", draw_mask(subject=1))
    save(clean_set / "masks" / "p004.png", np.zeros((40, 60), np.uint8))  # fits either
    report = check(clean_set)
    assert kinds(report) == ["values-question", "mixed-values"]
    assert one(report, "mixed-values").names == ("p003: 0/1",)
    assert "22 hold 0/255" in one(report, "mixed-values").text


def test_a_mask_that_would_come_out_black(clean_set: Path) -> None:
    """In a soft set every value occurs, so a 0/1 mask among them is no contradiction, only black."""
    y, x = np.mgrid[:40, :60]
    redraw_masks(clean_set, np.clip((14 - np.hypot(y - 19.5, x - 29.5)) * 40, 0, 255).astype(np.uint8))
    assert check(clean_set).findings == ()
    save(clean_set / "masks" / "p003.png", draw_mask(subject=1))
    report = check(clean_set)
    assert kinds(report) == ["nearly-black", "empty"]
    assert one(report, "nearly-black").names == ("p003",)


def test_a_threshold_that_keeps_small_values(clean_set: Path) -> None:
    save(clean_set / "masks" / "p003.png", draw_mask(subject=1))
    assert check(clean_set, masks="threshold:1").findings == ()
    assert kinds(check(clean_set, masks="threshold:2")) == ["nearly-black", "empty"]


def test_a_mask_of_other_values_than_the_rest(clean_set: Path) -> None:
    y, x = np.mgrid[:40, :60]
    redraw_masks(clean_set, np.clip((14 - np.hypot(y - 19.5, x - 29.5)) * 40, 0, 255).astype(np.uint8))
    trimap = draw_mask()
    trimap[:, :5] = 128
    save(clean_set / "masks" / "p003.png", trimap)
    assert only(check(clean_set), "odd-values").names == ("p003: values 0, 128, 255",)
    assert check(clean_set, masks="grey").findings == ()


def test_jpeg_masks_are_said_to_be_cut(tmp_path: Path) -> None:
    draw_set(tmp_path)
    for path in (tmp_path / "masks").iterdir():
        path.unlink()
        Image.fromarray(draw_mask()).save(path.with_suffix(".jpg"), quality=85)
    report = check(tmp_path)
    finding = only(report, "thresholded")
    assert finding.severity == "note"
    assert "cut at 128" in finding.text
    assert report.subject_shares == pytest.approx([np.mean(draw_mask() > 0)] * 3)


def test_a_reading_that_does_not_exist(clean_set: Path) -> None:
    with pytest.raises(DataError, match="choose one of"):
        check(clean_set, masks="white")


# -- mattes ------------------------------------------------------------------------------------------------------


def test_empty_and_full_masks(clean_set: Path) -> None:
    save(clean_set / "masks" / "p003.png", np.zeros((40, 60), np.uint8))
    save(clean_set / "masks" / "p004.png", np.full((40, 60), 255, np.uint8))
    report = check(clean_set)
    assert report.ok
    assert len(report.usable) == 24
    assert [(f.kind, f.severity, f.names) for f in report.findings] == [
        ("full", "warning", ("p004",)),
        ("empty", "note", ("p003",)),
    ]


@pytest.mark.parametrize(("masks", "kind"), [("subject:7", "all-empty"), ("subject:0,255", "all-full")])
def test_a_reading_that_leaves_nothing_to_learn(clean_set: Path, masks: str, kind: str) -> None:
    report = check(clean_set, masks=masks)
    assert only(report, kind).stops
    with pytest.raises(DataError, match="every mask is"):
        report.require()


def test_inverted_masks(clean_set: Path) -> None:
    redraw_masks(clean_set, draw_mask(subject=0, ground=255))
    finding = only(check(clean_set), "inverted")
    assert finding.severity == "note"
    assert check(clean_set, masks="subject:0").findings == ()


def test_subjects_along_most_of_the_border_look_inverted(clean_set: Path) -> None:
    for gap, found in ((20, ["inverted"]), (58, [])):  # of the 196 pixels of the border
        ring = np.zeros((40, 60), np.uint8)
        ring[0] = ring[-1] = ring[:, 0] = ring[:, -1] = 255
        ring[0, :gap] = 0
        redraw_masks(clean_set, ring)
        assert kinds(check(clean_set)) == found


def test_full_masks_do_not_count_as_inverted(clean_set: Path) -> None:
    for number in range(15):
        save(clean_set / "masks" / f"p{number:03}.png", np.full((40, 60), 255, np.uint8))
    assert len(only(check(clean_set), "full").names) == 15


def test_a_few_close_ups_are_not_inverted(clean_set: Path) -> None:
    for number in range(10):
        save(clean_set / "masks" / f"p{number:03}.png", draw_mask(subject=0, ground=255))
    assert check(clean_set).findings == ()


# -- look-alikes and numbers -------------------------------------------------------------------------------------


def test_the_same_photo_on_both_sides_of_the_split(clean_set: Path) -> None:
    training, held_out = sides(clean_set)
    shutil.copy(training[0].image, held_out[0].image)
    finding = only(check(clean_set), "near-duplicates")
    assert finding.severity == "warning"
    assert finding.names == (f"{held_out[0].id} is a copy of {training[0].id}",)


def test_copies_are_searched_in_the_split_that_was_asked_for(clean_set: Path) -> None:
    """Two photos that the default split has on one side, and another split on two."""
    usual = {pair.id for pair in sides(clean_set)[0]}
    parts = split_pairs(find_pairs(clean_set), validation=0.5, seed=1)
    one_side, other_side = (next(pair for pair in part if pair.id in usual) for part in parts)
    shutil.copy(one_side.image, other_side.image)
    assert kinds(check(clean_set)) == ["duplicates"]
    assert kinds(check(clean_set, validation=0.5, seed=1)) == ["near-duplicates"]


def test_nearly_the_same_photo_on_both_sides_of_the_split(clean_set: Path) -> None:
    training, held_out = sides(clean_set)
    photo = Image.open(training[0].image)
    held_out[0].image.unlink()
    photo.save(held_out[0].image.with_suffix(".jpg"), quality=80)
    finding = only(check(clean_set), "near-duplicates")
    assert finding.names == (f"{held_out[0].id} looks like {training[0].id}",)


def test_plain_photos_count_as_copies_only_if_they_are_equal(clean_set: Path) -> None:
    training, held_out = sides(clean_set)
    save(training[0].image, np.full((40, 60, 3), 90, np.uint8))
    save(held_out[0].image, np.full((40, 60, 3), 91, np.uint8))
    assert check(clean_set).findings == ()
    save(held_out[0].image, np.full((40, 60, 3), 90, np.uint8))
    assert only(check(clean_set), "near-duplicates").names


def test_copies_inside_one_side(clean_set: Path) -> None:
    training, _ = sides(clean_set)
    shutil.copy(training[0].image, training[1].image)
    finding = only(check(clean_set), "duplicates")
    assert finding.severity == "note"
    assert finding.names == (f"{training[1].id} is a copy of {training[0].id}",)


def test_copies_among_the_validation_photos(clean_set: Path) -> None:
    """With half the set for validation, to be sure that there are two."""
    _, held_out = split_pairs(find_pairs(clean_set), validation=0.5, seed=3)
    shutil.copy(held_out[0].image, held_out[1].image)
    report = check(clean_set, validation=0.5, seed=3)
    assert only(report, "duplicates").names == (f"{held_out[1].id} is a copy of {held_out[0].id}",)


@pytest.mark.parametrize(("pairs", "kind"), [(1, "too-few"), (2, "few-pairs"), (19, "few-pairs")])
def test_few_pairs_are_said_to_be_few(tmp_path: Path, pairs: int, kind: str) -> None:
    report = check(draw_set(tmp_path, pairs))
    assert only(report, kind).stops == (pairs == 1)
    assert report.ok == (pairs > 1)


def test_enough_pairs(tmp_path: Path) -> None:
    assert check(draw_set(tmp_path, 20)).findings == ()


# -- the report --------------------------------------------------------------------------------------------------


def test_the_text_of_a_clean_set(clean_set: Path) -> None:
    training, held_out = sides(clean_set)
    share = np.mean(draw_mask() > 0)
    assert check(clean_set).text().splitlines() == [
        "pairs     24",
        "photos    60×40 to 60×40, median 60×40 (width × height)",
        f"masks     0 ({1 - share:.1%}), 255 ({share:.1%}); read as grey (0 background to 255 subject)",
        f"subject   {share:.1%} to {share:.1%} of the frame, median {share:.1%}",
        f"split     {len(training)} for training, {len(held_out)} for validation",
        "",
        "All 24 pairs can be used.",
    ]


def test_the_text_lists_errors_first_and_five_names_of_each_kind(clean_set: Path) -> None:
    for number in range(8):
        save(clean_set / "images" / f"alone{number}.png", draw_photo(100 + number))
    (clean_set / "masks" / "p003.png").write_bytes(b"")
    lines = check(clean_set).text().splitlines()
    start = lines.index("error     1 file cannot be read")
    assert lines[start + 1].endswith("p003.png: the file is empty (0 bytes)")
    assert lines[start + 2] == "warning   8 photos without a mask"
    assert [line.strip() for line in lines[start + 3 : start + 9]] == [
        *(f"images/alone{number}.png" for number in range(5)),
        "... and 3 more",
    ]
    assert lines[-1] == "23 of 24 pairs can be used."


def test_the_text_asks_the_question(clean_set: Path) -> None:
    redraw_masks(clean_set, np.where(draw_mask() > 0, np.uint8(3), np.uint8(1)))
    text = check(clean_set).text()
    assert "not clear" in text
    assert "error     masks hold 1, 3: a trimap" in text
    assert text.endswith("This data set cannot be used as it is.")


def test_odd_names_cannot_spoil_the_text(clean_set: Path) -> None:
    name = "line\nbreak.png"
    try:
        save(clean_set / "images" / name, draw_photo(99))
    except OSError:
        pytest.skip("this file system allows no line break in a name")
    text = check(clean_set).text()
    assert "line\\nbreak.png" in text
    assert "\nbreak" not in text


def test_json_holds_everything(clean_set: Path) -> None:
    for number in range(8):
        save(clean_set / "images" / f"alone{number}.png", draw_photo(100 + number))
    report = check(clean_set)
    values = json.loads(json.dumps(report.to_json()))
    assert values["ok"] is True
    assert values["pairs"] == 24
    assert values["sets"] == {"": 24}
    assert values["masks"]["reading"] == "grey"
    assert values["usable"][:2] == ["p000", "p001"]
    assert values["photo_sizes"] == {"smallest": [40, 60], "median": [40, 60], "largest": [40, 60]}
    assert sum(values["split"].values()) == 24
    (finding,) = values["findings"]
    assert finding["kind"] == "photos-without-mask"
    assert len(finding["names"]) == 8


def test_json_of_a_set_that_cannot_be_used(tmp_path: Path) -> None:
    save(tmp_path / "images" / "a.png", draw_photo(1))
    (tmp_path / "masks").mkdir()
    values = json.loads(json.dumps(check(tmp_path).to_json()))
    assert (values["ok"], values["usable"], values["split"]) == (False, [], None)


def test_real_photos(test_data: Path) -> None:
    report = check(test_data / "test" / "horses")
    assert report.ok
    assert report.pairs == len(report.usable) == 60
    assert kinds(report) == []
