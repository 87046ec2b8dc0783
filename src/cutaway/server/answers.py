"""What comes back, for the OpenAPI document: JSON schemas of all answers that are no picture, and their headers."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

from cutaway.server.jobs.store import Progress
from cutaway.server.problems import TITLES

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
SWITCH: Json = {"type": "boolean"}
COUNT: Json = {"type": "integer", "minimum": 0}


def complete(**properties: Json) -> Json:
    """An object that has all of these properties."""
    return {"type": "object", "required": list(properties), "properties": properties}


def listed(items: Json) -> Json:
    """A list of such things."""
    return {"type": "array", "items": items}


PROBLEM: Json = complete(
    errors=listed(
        {
            "type": "object",
            "required": ["title", "code"],
            "properties": {"title": TEXT, "code": {**TEXT, "enum": sorted(TITLES)}, "detail": TEXT},
        }
    )
)
_PARTS: Json = get_type_hints(Progress)
_STATE: Json = {**TEXT, "enum": list(get_args(_PARTS["state"]))}
PROGRESS = complete(
    id=TEXT,
    state=_STATE,
    total=COUNT,
    done=COUNT,
    failed=COUNT,
    unit={**TEXT, "enum": list(get_args(_PARTS["unit"]))},
    links=complete(self=TEXT, events=TEXT, result=TEXT),
)
EVENT = complete(
    event=_STATE, data={**TEXT, "contentMediaType": "application/json", "contentSchema": PROGRESS}
)
"""One of the stream's events."""

PAIR = complete(name=TEXT)
HEALTH = complete(status={**TEXT, "enum": ["ready", "loading", "failed"]}, version=TEXT)
MODELS = complete(
    models=listed(complete(name=TEXT, size_bytes=COUNT, licence=TEXT, commercial=TEXT, is_here=SWITCH)),
    served=TEXT,
)
OPTIONS = complete(
    options=listed(complete(name=TEXT, type=TEXT, default={}, choices={}, help=TEXT, settled=SWITCH)),
    uploads=listed(TEXT),
    compose=listed(TEXT),
    limits=complete(body_bytes=COUNT, pixels=COUNT),
    pairs=SWITCH,
)
ACCOUNT = complete(
    data=complete(
        attributes=complete(
            credits=complete(total=COUNT, subscription=COUNT, payg=COUNT, enterprise=COUNT),
            api=complete(free_calls=COUNT, sizes=TEXT),
        )
    )
)
REMOVEBG = complete(
    data=complete(
        result_b64=TEXT,
        foreground_top=COUNT,
        foreground_left=COUNT,
        foreground_width=COUNT,
        foreground_height=COUNT,
    )
)


def header(description: str, schema: Json, *, required: bool = True) -> Json:
    """A header of an answer."""
    return {"description": description, "required": required, "schema": schema}


RETRY_AFTER = {"Retry-After": header("Seconds to wait.", {"type": "integer", "minimum": 1})}
LOCATION = {"Location": header("Where to look how far it is.", TEXT)}
PICTURE_HEADERS = {
    "X-Width": header("Pixels across.", {"type": "integer", "minimum": 1}),
    "X-Height": header("Pixels down.", {"type": "integer", "minimum": 1}),
    "X-Cutaway-Notes": header("What a person should know about the result.", TEXT, required=False),
}
OWN_HEADERS = {
    **PICTURE_HEADERS,
    "X-Cutaway-Confidence": header(
        "How sure the model is, 0 to 1.", {"type": "number", "minimum": 0, "maximum": 1}, required=False
    ),
}
REMOVEBG_HEADERS = {
    **PICTURE_HEADERS,
    "X-Credits-Charged": header("Always 0.", {"type": "integer", "const": 0}),
    "X-Type": header("What the subject is said to be.", TEXT, required=False),
    "X-Foreground-Top": header("First row of the subject in the photo.", COUNT),
    "X-Foreground-Left": header("First column of the subject in the photo.", COUNT),
    "X-Foreground-Width": header("Columns of the subject.", COUNT),
    "X-Foreground-Height": header("Rows of the subject.", COUNT),
}
