"""Ctrl-C is heard after the step, once, and by whoever listened before."""

from __future__ import annotations

import signal
import threading

import pytest

from cutaway.training.interrupt import interrupt_held_back


def test_the_block_is_finished_first() -> None:
    before = signal.getsignal(signal.SIGINT)
    done = []
    with pytest.raises(KeyboardInterrupt), interrupt_held_back():
        signal.raise_signal(signal.SIGINT)
        done.append("all of it")
    assert done == ["all of it"]
    assert signal.getsignal(signal.SIGINT) is before


def test_whoever_listened_before_is_told() -> None:
    told: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: told.append(number))
    try:
        with interrupt_held_back():
            signal.raise_signal(signal.SIGINT)
            assert told == []
        assert told == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_error_in_the_block_passes() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError), interrupt_held_back():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is before


def test_in_another_thread_the_block_just_runs() -> None:
    ran = []

    def work() -> None:
        with interrupt_held_back():
            ran.append(True)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(60)
    assert ran == [True]
