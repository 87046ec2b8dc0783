from __future__ import annotations

import pytest

timing = pytest.importorskip("timing", reason="the benchmarks folder is not here")


def test_rounds_take_turns() -> None:
    order: list[str] = []

    def job(name: str):  # type: ignore[no-untyped-def]
        return lambda: order.append(name) or float(len(order))

    samples = timing.interleave({"a": job("a"), "b": job("b")}, rounds=3)
    assert order == ["a", "b"] * 3
    assert samples == {"a": [1, 3, 5], "b": [2, 4, 6]}


def test_ratios_are_taken_round_by_round() -> None:
    # The machine was ten times slower in the second round: the ratios do not notice.
    spread = timing.ratios({"ours": [1.0, 10.0, 2.0], "theirs": [3.0, 30.0, 6.0]}, to="ours")
    assert spread == {"theirs": timing.Spread(3.0, 3.0, 3.0)}
    uneven = timing.ratios({"ours": [1.0, 1.0, 2.0], "theirs": [2.0, 8.0, 6.0]}, to="ours")["theirs"]
    assert (uneven.median, uneven.low, uneven.high) == (3.0, 2.0, 8.0)


def test_spread_is_median_and_ends() -> None:
    assert timing.Spread.of([5.0, 1.0, 2.0, 3.0]) == timing.Spread(2.5, 1.0, 5.0)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.01234, "0.012"), (0.5, "0.500"), (1.2345, "1.23"), (12.34, "12.3"), (1234.5, "1234")],
)
def test_numbers_are_plain(value: float, text: str) -> None:
    assert timing.plain(value, 3) == text


def test_table_and_json_hold_the_same() -> None:
    samples = {"ours": [0.5, 0.7], "theirs": [1.0, 2.8]}
    head, ours, theirs = timing.table(samples, to="ours", title="warm", unit="seconds")
    assert head == ["warm", "seconds", "times ours"]
    assert ours == ["ours", "0.600 (0.500 to 0.700)", "1"]
    assert theirs == ["theirs", "1.90 (1.00 to 2.80)", "3.0 (2.0 to 4.0)"]
    values = timing.summary(samples, to="ours")
    assert values["theirs"]["rounds"] == [1.0, 2.8]
    assert values["theirs"]["times_ours"]["median"] == pytest.approx(3.0)
    assert "times_ours" not in values["ours"]
