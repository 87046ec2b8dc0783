"""What is said in text over the WebSocket of `/camera`: wishes one way, problems the other."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, cast, get_args

from cutaway.errors import unknown_name
from cutaway.server.problems import Problem

Steady = Literal["off", "normal", "strong"]


@dataclass(frozen=True)
class Wish:
    """What a client may say at any time, as a JSON object of the names it wants to change.

    Attributes:
        key: the API key, where the server has some; a browser cannot send it in a header here.
        steady: how strongly the matte is smoothed over time.
        model: one of `GET /models`; None is the served one.
    """

    key: str = field(default="", repr=False)
    steady: Steady = "normal"
    model: str | None = None


def read_wish(text: str, before: Wish) -> Wish:
    """The wishes after a message.

    Raises:
        Problem: it is no such object, or a name or value in it is none that there is.
    """
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise Problem(400, "invalid_body", "a text message must be a JSON object")
    known = [f.name for f in fields(Wish)]
    for name, value in told.items():
        if name not in known:
            raise Problem(400, "unknown_field", unknown_name("field", str(name)[:40], known))
        if not isinstance(value, str) and not (name == "model" and value is None):
            raise Problem(400, "invalid_option", f"{name} must be a text")
    wish = replace(before, **cast(dict[str, Any], told))
    if wish.steady not in get_args(Steady):
        raise Problem(400, "invalid_option", f"steady must be one of {', '.join(get_args(Steady))}")
    return wish


def problem_text(problem: Problem, *, frame: int | None = None) -> str:
    """A problem in the shape of all our errors, with the number of the frame that it is about."""
    told = problem.body()
    if "Retry-After" in problem.headers:
        told["retry_after"] = int(problem.headers["Retry-After"])
    return json.dumps(told if frame is None else {**told, "frame": frame})
