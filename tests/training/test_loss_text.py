"""How a loss is written: sums that are understood, and what is refused by name."""

from __future__ import annotations

import pytest

from cutaway.errors import OptionError
from cutaway.training.loss_text import DEFAULT_LOSS, LOSS_NAMES, parse_loss


def test_the_default() -> None:
    assert parse_loss(DEFAULT_LOSS) == ((1.0, "bce"), (1.0, "iou"), (2.0, "edge"))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("dice", ((1.0, "dice"),)),
        ("batch-dice", ((1.0, "batch-dice"),)),
        (" 0.5 * bce+.25*lovasz ", ((0.5, "bce"), (0.25, "lovasz"))),
        ("2.*ce", ((2.0, "ce"),)),
    ],
)
def test_sums(text: str, wanted: object) -> None:
    assert parse_loss(text) == wanted


def test_an_unknown_name_lists_all() -> None:
    with pytest.raises(OptionError, match="no loss 'jaccard'") as caught:
        parse_loss("bce + jaccard")
    assert all(name in str(caught.value) for name in LOSS_NAMES)


@pytest.mark.parametrize("text", ["", "bce +", "bce - iou", "2 bce", "bce*2", "-1*bce", "nan*bce", "bce iou"])
def test_what_is_no_sum(text: str) -> None:
    with pytest.raises(OptionError, match=r"is not a sum of names with weights|no loss"):
        parse_loss(text)


def test_twice_and_nothing() -> None:
    with pytest.raises(OptionError, match="names 'bce' twice"):
        parse_loss("bce + iou + bce")
    with pytest.raises(OptionError, match="gives 'iou' the weight 0"):
        parse_loss("bce + 0*iou")
