from __future__ import annotations

import numpy as np
import pytest

from cutaway.evaluation.sheet import MISSED, TOO_MUCH, SheetRow, contact_sheet, difference


def row(height: int = 40, width: int = 60, caption: str = "IoU 0.500   some/picture") -> SheetRow:
    truth = np.zeros((height, width), np.float32)
    truth[:, : width // 2] = 1
    return SheetRow(np.full((height, width, 3), 100, np.uint8), truth, truth[:, ::-1].copy(), caption)


def test_difference_marks_missed_red_and_surplus_blue_and_leaves_agreement_grey() -> None:
    photo = np.full((1, 4, 3), (200, 100, 50), np.uint8)
    truth, matte = np.array([[1, 0, 1, 0]], np.float32), np.array([[0, 1, 1, 0]], np.float32)
    shown = difference(photo, truth, matte)
    assert shown.dtype == np.uint8 and shown.shape == photo.shape
    assert tuple(shown[0, 0]) == MISSED
    assert tuple(shown[0, 1]) == TOO_MUCH
    for agreed in shown[0, 2], shown[0, 3]:
        assert len(set(agreed.tolist())) == 1


def test_a_half_error_is_half_coloured() -> None:
    photo = np.zeros((1, 1, 3), np.uint8)
    shown = difference(photo, np.ones((1, 1), np.float32), np.full((1, 1), 0.5, np.float32))
    assert shown[0, 0, 0] == pytest.approx((60 + MISSED[0]) / 2, abs=1)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_any_number_of_rows_makes_a_sheet(count: int) -> None:
    sheet = contact_sheet([row()] * count, columns=2, cell_px=50)
    assert sheet.mode == "RGB"
    lines = -(-count // 2)
    empty = contact_sheet([], cell_px=50).height
    assert sheet.height == empty + lines * (contact_sheet([row()], cell_px=50).height - empty)


def test_tiny_and_extreme_pictures_fit_their_cells() -> None:
    sheet = contact_sheet([row(2, 2), row(2, 900), row(900, 2)], cell_px=80)
    assert np.asarray(sheet).std() > 0
    assert row(2, 900).shrunk(80).photo.shape == (1, 80, 3)
    assert row(900, 2).shrunk(80).matte.shape == (80, 1)


def test_masks_of_another_size_than_the_photo_are_brought_to_it() -> None:
    small = row(20, 30)
    mixed = SheetRow(row(40, 60).photo, small.truth, small.matte)
    shrunk = mixed.shrunk(30)
    assert shrunk.photo.shape[:2] == shrunk.truth.shape == shrunk.matte.shape == (20, 30)


def test_a_long_caption_stays_within_its_group() -> None:
    long = contact_sheet([row(caption="IoU 0.1 " + "a long name/" * 60)], cell_px=60)
    plain = contact_sheet([row(caption="")], cell_px=60)
    changed = np.any(np.asarray(long) != np.asarray(plain), axis=2)
    assert changed.any()
    columns = np.flatnonzero(changed.any(axis=0))
    assert columns.min() >= 20 and columns.max() < 20 + 4 * 64
