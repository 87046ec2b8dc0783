"""How much one client may have worked on: a bucket of megapixels that fills up again within a minute."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from cutaway.server.problems import Problem

_MANY = 10_000


@dataclass
class _Bucket:
    left: float
    seen: float


class RateLimit:
    """Counts megapixels by client.

    A picture is charged when it has been looked at, so a large one may take a client below zero: it then waits until
    that is made up for.

    Args:
        per_minute: megapixels; 0 is no limit.
        clock: seconds that only grow.
    """

    def __init__(self, per_minute: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._full, self._clock = per_minute, clock
        self._lock = threading.Lock()
        self._buckets: dict[str, _Bucket] = {}

    def take(self, client: str) -> None:
        """Charge one megapixel for a request that begins.

        Raises:
            Problem: nothing is left (429, with `Retry-After`).
        """
        if not self._full:
            return
        with self._lock:
            bucket = self._bucket(client)
            if bucket.left >= 1 or bucket.left >= self._full:
                bucket.left -= 1
                return
            wait = math.ceil((min(1.0, self._full) - bucket.left) * 60 / self._full)
            headers = self._headers(bucket)
        detail = f"{self._full:g} megapixels a minute are allowed"
        raise Problem(
            429, "rate_limit_exceeded", detail, headers={"Retry-After": str(max(1, wait)), **headers}
        )

    def charge(self, client: str, pixels: int) -> None:
        """Charge what a picture has beyond its first megapixel."""
        if self._full:
            with self._lock:
                self._bucket(client).left -= max(0.0, pixels / 1e6 - 1)

    def headers(self, client: str) -> dict[str, str]:
        """`X-RateLimit-Limit`, `-Remaining` (megapixels) and `-Reset` (Unix time); none without a limit."""
        if not self._full:
            return {}
        with self._lock:
            return self._headers(self._bucket(client))

    def _headers(self, bucket: _Bucket) -> dict[str, str]:
        full_in_s = (self._full - bucket.left) * 60 / self._full
        return {
            "X-RateLimit-Limit": f"{self._full:.0f}",
            "X-RateLimit-Remaining": f"{max(0, math.floor(bucket.left))}",
            "X-RateLimit-Reset": f"{time.time() + full_in_s:.0f}",
        }

    def _bucket(self, client: str) -> _Bucket:
        now = self._clock()
        if len(self._buckets) > _MANY:  # those that are full again say nothing
            self._buckets = {c: b for c, b in self._buckets.items() if self._filled(b, now) < self._full}
        bucket = self._buckets.setdefault(client, _Bucket(self._full, now))
        bucket.left, bucket.seen = self._filled(bucket, now), now
        return bucket

    def _filled(self, bucket: _Bucket, now: float) -> float:
        return min(self._full, bucket.left + (now - bucket.seen) * self._full / 60)
