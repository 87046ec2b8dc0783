"""Building blocks of reports: HTML that is escaped once and everywhere, and pages that need nothing but themselves.

A plain string is text and is escaped wherever it is put; an `Html` is finished markup and goes in as it is. What joins
or formats an `Html` by hand gets a plain string back, so a mistake shows as visible markup and never as an open door.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape

from cutaway.evaluation.html_style import STYLE

_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What a document may not hold even escaped (WHATWG HTML, "preprocessing the input stream"), and lone surrogates."""
_VOID = frozenset({"img", "link", "meta"})
_NOTHING_FROM_OUTSIDE = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Content security policy: the browser itself refuses every request that a report could make."""


class Html(str):
    """Markup that is finished and never escaped again."""

    __slots__ = ()


def text(value: object) -> Html:
    """Any value as text for a page: <, >, & and quotes escaped, what HTML forbids replaced by U+FFFD."""
    return Html(escape(_FORBIDDEN.sub("\ufffd", str(value))))


def together(*children: str) -> Html:
    """Several pieces one after the other; plain strings among them are escaped."""
    return Html("".join(child if isinstance(child, Html) else text(child) for child in children))


def element(name: str, *children: str, attributes: Mapping[str, object] | None = None) -> Html:
    """One element with what is in it.

    Args:
        name: the tag's name, "p".
        children: finished markup, or text, which is escaped.
        attributes: names and values; values are escaped.
    """
    shown = "".join(f' {key}="{text(value)}"' for key, value in (attributes or {}).items())
    if name in _VOID:
        return Html(f"<{name}{shown}>")
    return Html(f"<{name}{shown}>{together(*children)}</{name}>")


def classed(name: str, classes: str, *children: str) -> Html:
    """An element with nothing but classes."""
    return element(name, *children, attributes={"class": classes})


def section(heading: str, *children: str, anchor: str) -> Html:
    """A part of the page with a heading that links can lead to."""
    return element("section", element("h2", heading), *children, attributes={"id": anchor})


def contents(anchors: Mapping[str, str]) -> Html:
    """Links to the page's sections: what to call them, by anchor."""
    links = (element("a", name, attributes={"href": f"#{anchor}"}) for anchor, name in anchors.items())
    return element("nav", *links)


def table(
    lines: Sequence[Sequence[str]], *, numbers: bool = True, marked: frozenset[int] = frozenset()
) -> Html:
    """Lines of cells as a table, the first line its heading.

    Args:
        lines: all of one length; cells are text or `Html`.
        numbers: set all columns but the first flush right, for comparing.
        marked: which lines stand out; 1 is the first below the heading.
    """
    head, *body = [_line(line, number, numbers=numbers, marked=marked) for number, line in enumerate(lines)]
    return classed("div", "scroll", element("table", element("thead", head), element("tbody", *body)))


def _line(cells: Sequence[str], number: int, *, numbers: bool, marked: frozenset[int]) -> Html:
    kind = "td" if number else "th"
    shown = [
        element(kind, cell, attributes={"class": "number"} if numbers and column else {})
        for column, cell in enumerate(cells)
    ]
    return element("tr", *shown, attributes={"class": "marked"} if number in marked else {})


def fact_table(values: Mapping[str, str]) -> Html:
    """Names and values, one line each."""
    rows = (element("tr", element("th", name), element("td", value)) for name, value in values.items())
    return classed("div", "scroll", element("table", element("tbody", *rows)))


def tile(name: str, figure: str, *notes: str) -> Html:
    """A headline figure with its name above and remarks below."""
    below = (classed("span", "faint", note) for note in notes)
    return classed("div", "tile", element("span", name), element("strong", figure), *below)


def page(title: str, *children: str, refresh_s: int = 0) -> bytes:
    """A whole document in UTF-8 that asks the network for nothing, and is not allowed to.

    Args:
        title: for the browser's tab.
        children: the body.
        refresh_s: seconds after which an open page loads itself again; 0 for never.
    """
    again = element("meta", attributes={"http-equiv": "refresh", "content": refresh_s})
    head = element(
        "head",
        element("meta", attributes={"charset": "utf-8"}),
        element(
            "meta", attributes={"http-equiv": "Content-Security-Policy", "content": _NOTHING_FROM_OUTSIDE}
        ),
        element("meta", attributes={"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        again if refresh_s else "",
        element("title", title),
        element("link", attributes={"rel": "icon", "href": "data:,"}),  # or browsers ask the server for one
        element("style", Html(STYLE)),
    )
    whole = element("html", head, element("body", *children), attributes={"lang": "en"})
    return f"<!DOCTYPE html>\n{whole}\n".encode()


def footer() -> Html:
    """When the page was written, and by what."""
    now = datetime.now(UTC).isoformat(sep=" ", timespec="seconds").removesuffix("+00:00")
    return element("footer", f"Written by Cutaway, {now} UTC.")
