"""Broken requests by the hundred, made by hypothesis: each is answered in time, in our words, and never with a 500.

The long form (-m slow): 2000 of them.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest
from server_samples import Live

pytest.importorskip("hypothesis", reason="hypothesis, which makes the requests, is not installed")

from broken import Sent, broken_requests, same_each_time
from hypothesis import given

from cutaway.server.problems import TITLES

pytestmark = [
    pytest.mark.usefixtures("hypothesis_home"),
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),  # what Pillow says about damaged pictures
]
SECONDS = 10.0


def is_answer(answer: httpx.Response) -> bool:
    """Whether it is a success or a refusal in our shape; of our own troubles only "busy, come again" counts as one."""
    if answer.status_code < 400:
        return True
    is_later = answer.status_code == 503 and "retry-after" in answer.headers
    return (answer.status_code < 500 or is_later) and answer.json()["errors"][0]["code"] in TITLES


def forget(client: httpx.Client, answer: httpx.Response) -> None:
    """Wait for the end of a batch, whose pictures are looked at after the answer, and remove it."""
    end, place = time.monotonic() + SECONDS, answer.headers["location"]
    while client.get(place).json()["state"] != "finished":
        assert time.monotonic() < end, "a batch does not come to an end"
        time.sleep(0.01)
    assert client.delete(place).status_code == 204


@pytest.mark.parametrize("count", [100, pytest.param(2000, marks=pytest.mark.slow)])
def test_broken_requests_are_answered_and_never_with_500(
    live: type[Live], tmp_path: Path, caplog: pytest.LogCaptureFixture, count: int
) -> None:
    (tmp_path / "pairs").mkdir()
    server = live(max_body_mb=1.0, pairs=str(tmp_path / "pairs"))
    seen: Counter[int] = Counter()
    slowest = 0.0
    with httpx.Client(base_url=server.url, timeout=SECONDS) as client:

        @same_each_time(count)
        @given(sent=broken_requests())
        def ask(sent: Sent) -> None:
            nonlocal slowest
            answer = client.post(sent.path, content=sent.body, headers={"content-type": sent.kind})
            assert is_answer(answer), answer.text[:300]
            if answer.status_code == 202:
                forget(client, answer)
            slowest = max(slowest, answer.elapsed.total_seconds())
            seen[answer.status_code] += 1

        ask()
    print(f"{dict(seen)}, the slowest after {slowest:.2f} s")  # noqa: T201 - the figures of the long form: pytest -s
    assert slowest < SECONDS
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR] == []
    assert sum(seen.values()) >= count
    assert seen[400] > count / 4  # what is wrong does hit,
    assert seen[200] > count / 50  # and not always at the door
