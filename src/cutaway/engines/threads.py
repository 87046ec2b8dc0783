"""How many processors there are to be used, and how many of them a network may use by default."""

from __future__ import annotations

import os
from pathlib import Path

_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def restricted_threads() -> int:
    """The number of processors this process may use if it may not use all of them; 0 if it may.

    An engine that looks at the machine starts a thread for each of its cores, also inside a container that
    was given two of them, where they then stand in each other's way. Looks at the scheduler's affinity and at
    the quota of a Linux control group (cgroup v2), where there are any.
    """
    everything = os.cpu_count() or 1
    allowed = min(_affinity(everything), _quota(everything))
    return allowed if allowed < everything else 0


def usable_threads() -> int:
    """The number of processors this process may use, at least 1."""
    return restricted_threads() or os.cpu_count() or 1


def _affinity(everything: int) -> int:
    if hasattr(os, "process_cpu_count"):  # Python 3.13; also knows PYTHON_CPU_COUNT
        return os.process_cpu_count() or everything
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return everything


def _quota(everything: int) -> int:
    """Whole processors in a `docker --cpus` limit, rounded up."""
    try:
        quota, period = _CGROUP_QUOTA.read_text("ascii").split()
        return max(1, -(-int(quota) // int(period)))
    except (OSError, ValueError):  # no Linux, no control group, or "max": no limit
        return everything
