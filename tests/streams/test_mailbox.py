"""The newest wins, or nothing is lost; and nobody waits for ever."""

from __future__ import annotations

import threading

from cutaway.streams.mailbox import Mailbox


def test_the_newest_wins() -> None:
    box: Mailbox[int] = Mailbox()
    assert [box.put(i) for i in range(5)] == [True] * 5
    assert (box.dropped, box.poll(), box.poll()) == (4, 4, None)


def test_patience_loses_nothing() -> None:
    box: Mailbox[int] = Mailbox(patient=True)
    got: list[int] = []
    reader = threading.Thread(target=lambda: got.extend(box), daemon=True)
    reader.start()
    for i in range(200):
        assert box.put(i)
    box.close()
    reader.join(10)
    assert not reader.is_alive() and got == list(range(200)) and box.dropped == 0


def test_closing_wakes_everybody_and_leaves_the_last_one() -> None:
    box: Mailbox[int] = Mailbox(patient=True)
    box.put(1)
    refused: list[bool] = []
    writer = threading.Thread(target=lambda: refused.append(box.put(2)), daemon=True)
    writer.start()
    box.close()
    writer.join(10)
    assert refused == [False] and list(box) == [1] and not box.put(3)
    box.close(empty=True)
    assert list(box) == []
