"""What a server counts, as text for Prometheus (exposition format 0.0.4)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator

BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Counters of requests and of their time; gauges are asked when somebody looks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._within: Counter[tuple[str, float]] = Counter()
        self._seconds: Counter[str] = Counter()
        self._count: Counter[str] = Counter()
        self._gauges: dict[str, tuple[str, Callable[[], float]]] = {}

    def gauge(self, name: str, help: str, read: Callable[[], float]) -> None:
        """Add a number that is read whenever the metrics are."""
        self._gauges[name] = help, read

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Note a finished request; `route` is the pattern of the path, never the path itself."""
        with self._lock:
            self._requests[route, method, status] += 1
            self._count[route] += 1
            self._seconds[route] += seconds  # type: ignore[assignment]  # a Counter of floats
            for bucket in BUCKETS_S:
                if seconds <= bucket:
                    self._within[route, bucket] += 1

    def text(self) -> str:
        """All of it, in Prometheus's text format."""
        with self._lock:
            return "\n".join([*self._request_lines(), *self._time_lines(), *self._gauge_lines(), ""])

    def _request_lines(self) -> Iterator[str]:
        yield "# HELP cutaway_requests_total Requests answered."
        yield "# TYPE cutaway_requests_total counter"
        for (route, method, status), count in sorted(self._requests.items()):
            yield f'cutaway_requests_total{{route="{route}",method="{method}",status="{status}"}} {count}'

    def _time_lines(self) -> Iterator[str]:
        yield "# HELP cutaway_request_seconds Time from a request's first byte to its answer."
        yield "# TYPE cutaway_request_seconds histogram"
        for route in sorted(self._count):
            for bucket in BUCKETS_S:
                yield f'cutaway_request_seconds_bucket{{route="{route}",le="{bucket:g}"}} {self._within[route, bucket]}'
            yield f'cutaway_request_seconds_bucket{{route="{route}",le="+Inf"}} {self._count[route]}'
            yield f'cutaway_request_seconds_sum{{route="{route}"}} {self._seconds[route]:.6f}'
            yield f'cutaway_request_seconds_count{{route="{route}"}} {self._count[route]}'

    def _gauge_lines(self) -> Iterator[str]:
        for name, (help, read) in self._gauges.items():
            yield f"# HELP {name} {help}"
            yield f"# TYPE {name} gauge"
            yield f"{name} {read():g}"
