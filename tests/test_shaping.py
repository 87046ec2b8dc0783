"""What the clean-up options do to a result, in which order, and what they leave alone."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.engines.fake import FakeEngine
from cutaway.options import Options
from cutaway.remover import Remover


def photo() -> np.ndarray:
    """A bright ring and a bright spot: brightness is alpha for the fake engine."""
    y, x = np.mgrid[:128, :128]
    grey = np.zeros((128, 128), np.uint8)
    far = np.hypot(y - 60, x - 50)
    grey[(far < 40) & (far > 12)] = 255
    grey[np.hypot(y - 110, x - 110) < 10] = 255
    return np.dstack([grey] * 3)


def alpha(options: Options) -> np.ndarray:
    return Remover(engine=FakeEngine()).remove(photo(), options=options).cutout.alpha


def test_holes_and_stray_parts() -> None:
    plain = alpha(Options())
    assert plain[60, 50] < 0.1
    assert plain[110, 110] > 0.9
    filled = alpha(Options(fill_holes=True))
    assert filled[60, 50] == 1
    assert filled[110, 110] > 0.9
    kept = alpha(Options(keep_largest=True))
    assert kept[60, 50] < 0.1
    assert kept[100:, 100:].max() == 0
    assert alpha(Options(fill_holes=True, keep_largest=True))[60, 50] == 1


def test_the_other_side() -> None:
    np.testing.assert_allclose(alpha(Options(invert=True)), 1 - alpha(Options()), atol=1e-6)


def test_a_hard_edge_then_moved_then_soft_again() -> None:
    hard = alpha(Options(threshold=0.5))
    assert set(np.unique(hard)) == {0, 1}
    assert (
        alpha(Options(threshold=0.5, grow=3)).sum()
        > hard.sum()
        > alpha(Options(threshold=0.5, grow=-3)).sum()
    )
    soft = alpha(Options(threshold=0.5, feather=2))
    assert ((soft > 0.1) & (soft < 0.9)).any()


def test_see_through_regions_become_solid() -> None:
    grey = np.zeros((128, 128, 3), np.uint8)
    grey[30:100, 30:100] = 160
    grey[5:20, 5:20] = 90
    result = Remover(engine=FakeEngine()).remove(grey, options=Options(solid=True, zoom="off"))
    assert result.cutout.alpha[65, 65] == 1
    assert result.cutout.alpha[12, 12] == 0


def test_the_matte_by_hand_is_the_networks() -> None:
    """`matte` gives what was found, whatever is to be made of it."""
    remover = Remover(engine=FakeEngine(), options=Options(invert=True, grow=5, fill_holes=True))
    np.testing.assert_array_equal(
        remover.matte(photo()).alpha, Remover(engine=FakeEngine()).matte(photo()).alpha
    )


def test_a_filled_hole_keeps_the_photos_colour() -> None:
    picture = photo()
    picture[50:70, 40:60] = (9, 0, 0)
    found = (
        Remover(engine=FakeEngine()).remove(picture, options=Options(fill_holes=True, zoom="off")).to_numpy()
    )
    np.testing.assert_array_equal(found[56:64, 46:54], np.full((8, 8, 4), (9, 0, 0, 255)))


# --- edge and colour ----------------------------------------------------------------------------------------


def coloured() -> tuple[np.ndarray, np.ndarray]:
    """An orange disc on a blue wall, its edge soft by ten pixels, and its alpha."""
    y, x = np.mgrid[:200, :240]
    truth = np.clip((60 - np.hypot(y - 100, x - 120)) / 10 + 0.5, 0, 1).astype(np.float32)
    mixed = truth[..., None] * np.array([250, 200, 140]) + (1 - truth[..., None]) * np.array([0, 0, 90])
    return np.rint(mixed).astype(np.uint8), truth


@pytest.mark.parametrize("background", ["none", "white", "#00ff0080", "blur:5"])
def test_the_subjects_own_colour_is_used_wherever_it_is_laid(background: str) -> None:
    pixels, truth = coloured()

    def answer(tensor: np.ndarray) -> np.ndarray:
        return np.asarray(tensor[:, :1] / (250 / 255), np.float32).clip(0, 1)

    remover = Remover(engine=FakeEngine(answer))
    own, plain = (
        remover.remove(pixels, options=Options(background=background, zoom="off", foreground=on)).to_numpy()
        for on in (True, False)
    )
    halo = (truth > 0.1) & (truth < 0.9)
    assert own[halo][:, :3].mean() > plain[halo][:, :3].mean() + 3
    np.testing.assert_array_equal(own[100, 120], plain[100, 120])


def test_the_photos_own_background_is_the_photo_itself() -> None:
    pixels, _ = coloured()
    for feather in (0, 3):
        options = Options(background="original", feather=feather)
        found = Remover(engine=FakeEngine()).remove(pixels, options=options).to_numpy()
        np.testing.assert_array_equal(found, pixels)


def test_computed_backgrounds_lie_behind_the_subject() -> None:
    from cutaway.pixels.grounds import checker, gradient

    pixels, _ = coloured()
    empty = Remover(engine=FakeEngine(0.0))
    found = empty.remove(pixels, options=Options(background="checker")).to_numpy()
    np.testing.assert_array_equal(found, checker((200, 240), like=pixels))
    found = empty.remove(pixels, options=Options(background="gradient:red,rgb(0, 0, 255),90deg")).to_numpy()
    wanted = gradient((200, 240), start=(255, 0, 0), end=(0, 0, 255), angle=90, like=pixels)
    np.testing.assert_array_equal(found, wanted)
    full = Remover(engine=FakeEngine(1.0)).remove(pixels, options=Options(background="checker")).to_numpy()
    np.testing.assert_array_equal(full, pixels)


def test_mattes_and_effects_do_not_ask_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import cutaway.pixels.foreground as room

    monkeypatch.setattr(room, "foreground", lambda *_, **__: pytest.fail("was called"))
    pixels, _ = coloured()
    for options in Options(mask_only=True), Options(effect="blur-subject"), Options(foreground=False):
        Remover(engine=FakeEngine()).remove(pixels, options=options).to_numpy()


def test_refining_is_done_unless_declined() -> None:
    pixels, truth = coloured()
    pixels = np.repeat(np.repeat(pixels, 2, 0), 2, 1)
    fine, plain = (
        Remover(engine=FakeEngine(), options=Options(zoom=zoom, refine=on)).matte(pixels).alpha
        for on, zoom in ((True, "off"), (False, "off"))
    )
    assert (fine != plain).any()
    assert fine.shape == plain.shape == (400, 480)
    assert truth.shape == (200, 240)


def test_matting_changes_the_edge_alone_and_says_where_it_cannot() -> None:
    pixels, _ = coloured()
    remover = Remover(
        engine=FakeEngine(lambda tensor: np.clip((tensor[:, 1:2] - 0.1) * 2, 0, 1).astype(np.float32))
    )
    plain, matted = (
        remover.remove(pixels, options=Options(zoom="off", matting=name)) for name in ("none", "closed-form")
    )
    assert (plain.cutout.alpha != matted.cutout.alpha).any()
    assert matted.warnings == ()
    empty = Remover(engine=FakeEngine(0.0)).remove(pixels, options=Options(matting="closed-form"))
    assert not empty.cutout.alpha.any()
    assert ["no uncertain edge" in warning for warning in empty.warnings] == [True]
