"""Which files become pairs, and how they are split."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutaway.data.pairs import Pair, find_pairs, scan, split_pairs
from cutaway.errors import DataError


def touch(root: Path, *names: str) -> Path:
    """Empty files: pairs are found by name, before anything is opened."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def ids(pairs: list[Pair]) -> list[str]:
    return [pair.id for pair in pairs]


def names(paths: tuple[Path, ...]) -> list[str]:
    return [path.name for path in paths]


def made_up(count: int) -> list[Pair]:
    return [Pair(f"p{n}", Path(f"i{n}"), Path(f"m{n}")) for n in range(count)]


@pytest.mark.parametrize(
    "suffix", [".jpg", ".JPG", ".jpeg", ".png", ".webp", ".tif", ".bmp", ".gif", ".avif"]
)
def test_files_of_one_stem_are_a_pair_whatever_their_suffixes(tmp_path: Path, suffix: str) -> None:
    touch(tmp_path, f"images/cat{suffix}", "masks/cat.png")
    assert find_pairs(tmp_path) == [
        Pair("cat", tmp_path / "images" / f"cat{suffix}", tmp_path / "masks" / "cat.png")
    ]


def test_a_stem_may_hold_dots_spaces_and_umlauts(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{d}/{n}" for d in ("images", "masks") for n in ("a.b.png", "a.c.png", "ü x.png")))
    assert ids(find_pairs(tmp_path)) == ["a.b", "a.c", "ü x"]


def test_sets_at_any_depth_are_found_and_named_by_their_path(tmp_path: Path) -> None:
    touch(tmp_path, "images/a.png", "masks/a.png", "cats/images/a.png", "cats/masks/a.png")
    touch(tmp_path, "more/dogs/images/a.png", "more/dogs/masks/a.png")
    assert ids(find_pairs(tmp_path)) == ["a", "cats/a", "more/dogs/a"]


def test_folders_inside_images_must_match_those_inside_masks(tmp_path: Path) -> None:
    touch(tmp_path, "images/x/a.png", "masks/x/a.png", "images/y/b.png", "masks/z/b.png")
    found = scan(tmp_path)
    assert ids(list(found.pairs)) == ["x/a"]
    assert (names(found.images_without_mask), names(found.masks_without_image)) == (["b.png"], ["b.png"])


def test_orphans_on_either_side(tmp_path: Path) -> None:
    touch(tmp_path, "images/a.png", "images/alone.png", "masks/a.png", "masks/lost.png")
    found = scan(tmp_path)
    assert ids(list(found.pairs)) == ["a"]
    assert names(found.images_without_mask) == ["alone.png"]
    assert names(found.masks_without_image) == ["lost.png"]


def test_files_that_share_a_stem_are_told_and_not_used(tmp_path: Path) -> None:
    touch(
        tmp_path, "images/a.jpg", "images/a.png", "masks/a.png", "images/b.jpg", "masks/b.gif", "masks/b.png"
    )
    touch(
        tmp_path, "images/c.jpg", "masks/c.png", "images/d.jpg", "images/d.png", "masks/e.gif", "masks/e.png"
    )
    found = scan(tmp_path)
    assert ids(list(found.pairs)) == ["c"]
    twice = sorted(names(t) for t in found.same_stem)
    assert twice == [
        [f"{n}.{s}", f"{n}.png"] for n, s in (("a", "jpg"), ("b", "gif"), ("d", "jpg"), ("e", "gif"))
    ]
    assert not found.images_without_mask
    assert not found.masks_without_image


def test_hidden_and_other_files_are_no_pictures(tmp_path: Path) -> None:
    touch(tmp_path, "images/a.png", "masks/a.png")
    for odd in (".hidden.png", "._a.png", "Thumbs.db", "notes.txt", ".thumbs/a.png"):
        touch(tmp_path, f"images/{odd}", f"masks/{odd}")
    (tmp_path / "images" / "folder.png").mkdir()
    found = scan(tmp_path)
    assert ids(list(found.pairs)) == ["a"]
    assert not found.images_without_mask
    assert not found.masks_without_image
    assert not found.same_stem


def test_sets_in_hidden_folders_are_not_found(tmp_path: Path) -> None:
    touch(tmp_path, "cats/images/a.png", "cats/masks/a.png", ".trash/images/b.png", ".trash/masks/b.png")
    assert ids(find_pairs(tmp_path)) == ["cats/a"]


def test_several_folders_keep_their_pairs_apart(tmp_path: Path) -> None:
    for name in ("cats", "dogs"):
        touch(tmp_path, f"{name}/images/a.png", f"{name}/masks/a.png")
    both = find_pairs([tmp_path / "cats", tmp_path / "dogs"])
    assert ids(both) == ["cats/a", "dogs/a"]
    assert ids(find_pairs([tmp_path / "cats"])) == ["a"]


def test_two_folders_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("one/cats", "two/cats"):
        touch(tmp_path, f"{name}/images/a.png", f"{name}/masks/a.png")
    with pytest.raises(DataError, match="'cats/a'"):
        find_pairs([tmp_path / "one/cats", tmp_path / "two/cats"])


@pytest.mark.parametrize("files", [(), ("images/a.png",), ("a.png", "b.png"), ("img/a.png", "mask/a.png")])
def test_a_folder_without_a_data_set_says_what_it_should_hold(tmp_path: Path, files: tuple[str, ...]) -> None:
    touch(tmp_path, *files)
    with pytest.raises(DataError, match="images/ and masks/"):
        find_pairs(tmp_path)


def test_no_folder_and_no_pair(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a folder"):
        find_pairs(tmp_path / "nowhere")
    touch(tmp_path, "images/a.png", "masks/b.png")
    with pytest.raises(DataError, match="same stem"):
        find_pairs(tmp_path)


def test_both_sides_of_a_split_make_up_the_whole(tmp_path: Path) -> None:
    pairs = made_up(300)
    for seed in range(5):
        training, held_out = split_pairs(pairs, validation=0.2, seed=seed)
        assert sorted(training + held_out) == sorted(pairs)
        assert 30 <= len(held_out) <= 95  # 60 expected, 7 standard deviation


def test_a_split_depends_on_its_seed_and_not_on_the_order() -> None:
    pairs = made_up(100)
    first = split_pairs(pairs, validation=0.2, seed=1)
    assert split_pairs(pairs[::-1], validation=0.2, seed=1) == first
    assert split_pairs(pairs, validation=0.2, seed=2) != first


def test_adding_pictures_moves_no_other_one() -> None:
    pairs = made_up(200)
    _, before = split_pairs(pairs[:120], validation=0.2, seed=0)
    _, after = split_pairs(pairs, validation=0.2, seed=0)
    assert set(after) & set(pairs[:120]) == set(before)


@pytest.mark.parametrize("validation", [0.01, 0.5, 0.99])
@pytest.mark.parametrize("count", [2, 3, 5])
def test_no_side_of_a_split_is_ever_empty(count: int, validation: float) -> None:
    for seed in range(20):
        training, held_out = split_pairs(made_up(count), validation=validation, seed=seed)
        assert training
        assert held_out
        assert len(training) + len(held_out) == count


def test_one_pair_cannot_be_split() -> None:
    with pytest.raises(DataError, match="at least 2"):
        split_pairs(made_up(1), validation=0.1, seed=0)
