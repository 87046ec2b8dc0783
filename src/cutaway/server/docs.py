"""`/docs`: one page made from the OpenAPI document, without scripts and without anything from elsewhere."""

from __future__ import annotations

from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from cutaway.server.openapi import Json, document
from cutaway.server.service import Service, route

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --soft: #5b6575; --line: #d9dee6; --paper: #fff; --mark: #0b6e4f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ebf0; --soft: #a3adbd; --line: #323a47; --paper: #14181f; --mark: #5fd3a5; }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  max-width: 62rem; padding: 2rem 1rem; }
h1 { font-size: 1.8rem; margin: 0; } h2 { font-size: 1.1rem; margin: 0; display: inline; font-weight: 600; }
p { color: var(--soft); } a { color: var(--mark); }
details { border: 1px solid var(--line); border-radius: .6rem; margin: .6rem 0; padding: .6rem 1rem; }
summary { cursor: pointer; } summary code { font-weight: 700; } .verb { color: var(--mark); font-weight: 700; }
.what { color: var(--soft); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; margin: .8rem 0; font-size: .93rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem .35rem 0; border-top: 1px solid var(--line); }
code { font-family: ui-monospace, monospace; font-size: .92em; }
"""


class Docs:
    """The document and the page."""

    def __init__(self, service: Service) -> None:
        self._document = document(service.settings)
        self._page = page(self._document)

    def routes(self) -> list[Route]:
        """Both."""
        return [route("/openapi.json", self.json), route("/docs", self.html), route("/api", self.html)]

    async def json(self, request: Request) -> Response:
        """The document."""
        return JSONResponse(self._document)

    async def html(self, request: Request) -> Response:
        """The page."""
        return HTMLResponse(self._page, headers={"Content-Security-Policy": _POLICY})


def page(found: Json) -> str:
    """The page as HTML.

    Args:
        found: an OpenAPI document.
    """
    parts = "".join(
        _operation(verb, path, operation)
        for path, operations in found["paths"].items()
        for verb, operation in operations.items()
        if verb != "parameters"
    )
    info = found["info"]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])} API</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head><body>'
        f"<main><h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info['description'])} "
        f'The same for programs: <a href="openapi.json">openapi.json</a>.</p>{parts}</main></body></html>'
    )


def _operation(verb: str, path: str, operation: Json) -> str:
    title = f'<span class="verb">{verb.upper()}</span> <code>{escape(path)}</code>'
    return (
        f"<details><summary><h2>{title}</h2> <span class=what>{escape(operation['summary'])}</span></summary>"
        f"{_fields(operation)}{_responses(operation['responses'])}</details>"
    )


def _fields(operation: Json) -> str:
    body = operation.get("requestBody", {}).get("content", {})
    form: Json = body.get("multipart/form-data", {}).get("schema", {}).get("properties", {})
    found = form or {one["name"]: {**one["schema"], **one} for one in operation.get("parameters", [])}
    if not found:
        return ""
    ways = f"<p>Sent as {', '.join(f'<code>{escape(kind)}</code>' for kind in body)}.</p>" if body else ""
    rows = "".join(_row(name, value) for name, value in found.items())
    head = "<tr><th scope=col>Field</th><th scope=col>Values</th><th scope=col>Meaning</th></tr>"
    return f"{ways}<div class=wide><table>{head}{rows}</table></div>"


def _row(name: str, value: Json) -> str:
    kind = (
        "file"
        if value.get("format") == "binary" or value.get("type") == "array"
        else str(value.get("type", ""))
    )
    values = ", ".join(escape(str(choice)) for choice in value.get("enum", [])) or kind
    default = f"<br>default <code>{escape(_text(value['default']))}</code>" if "default" in value else ""
    meaning = escape(value.get("description", ""))
    return f"<tr><td><code>{escape(name)}</code></td><td>{values}{default}</td><td>{meaning}</td></tr>"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _responses(responses: Json) -> str:
    rows = "".join(
        f"<tr><td><code>{code}</code></td><td>{escape(answer['description'])}</td>"
        f"<td>{escape(', '.join(answer.get('content', {})))}</td></tr>"
        for code, answer in responses.items()
    )
    head = "<tr><th scope=col>Status</th><th scope=col>Meaning</th><th scope=col>Type</th></tr>"
    return f"<div class=wide><table>{head}{rows}</table></div>"
