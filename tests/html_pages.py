"""What a test of a report needs: a reader that refuses what is not balanced, and the page's words."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"img", "link", "meta"}


class Page(HTMLParser):
    """A page taken apart; AssertionError if a tag is not closed, or closed by another.

    Attributes:
        tags: (name, attributes) of every element, in order.
        words: all text outside of the style sheet.
        sources: values of all attributes that could make a browser fetch something.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.sources: list[str] = []
        self._open: list[str] = []
        text = data.decode("utf-8")
        assert text.startswith("<!DOCTYPE html>\n<html")
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"<{tag}> has an attribute twice"
        self.tags.append((tag, dict(attrs)))
        self.sources += [
            v or "" for k, v in attrs if k in ("src", "href", "srcset", "action", "data", "poster")
        ]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.words += data + " "

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)

    def meta(self, http_equiv: str) -> str | None:
        return next(
            (a["content"] for t, a in self.tags if t == "meta" and a.get("http-equiv") == http_equiv), None
        )

    def asks_nobody(self) -> bool:
        """Every source lies in the page itself, and nothing but the page's own parts can be reached from it."""
        inside = all(source.startswith(("data:", "#")) for source in self.sources)
        return inside and not {t for t, _ in self.tags} & {
            "script",
            "iframe",
            "object",
            "embed",
            "base",
            "form",
        }
