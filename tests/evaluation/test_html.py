"""The building blocks of reports: everything escaped once, nothing asked of the network."""

from __future__ import annotations

import pytest

from cutaway.evaluation.html import (
    Html,
    classed,
    contents,
    element,
    fact_table,
    footer,
    page,
    section,
    table,
    text,
    together,
)
from cutaway.evaluation.html_style import STYLE
from html_pages import Page

EVIL = """<script>alert("1")</script> & 'x'"""


def test_text_is_escaped_once_and_markup_never() -> None:
    assert text('<b> & "x"') == "&lt;b&gt; &amp; &quot;x&quot;"
    assert element("p", "a < b", element("b", "&")) == "<p>a &lt; b<b>&amp;</b></p>"
    assert together("<", Html("<i></i>")) == "&lt;<i></i>"


def test_attributes_are_escaped_and_void_elements_have_no_end() -> None:
    assert element("a", attributes={"href": '"><script>'}) == '<a href="&quot;&gt;&lt;script&gt;"></a>'
    assert element("img", attributes={"alt": "x"}) == '<img alt="x">'


def test_markup_that_was_formatted_by_hand_is_shown_not_obeyed() -> None:
    assert element("p", f"{element('b', 'x')}!") == "<p>&lt;b&gt;x&lt;/b&gt;!</p>"


@pytest.mark.parametrize("bad", ["\x00", "\x1b", "\udcff", "\uffff", "\x85"])
def test_what_html_forbids_is_replaced(bad: str) -> None:
    assert text(f"a{bad}b") == "a\ufffdb"
    page("t", element("p", f"name{bad}"))  # a lone surrogate could not even be written


def test_a_page_asks_nobody_and_says_so_to_the_browser() -> None:
    read = Page(page("t", section("Scores", element("p", "x"), anchor="scores"), footer()))
    assert read.asks_nobody()
    policy = read.meta("Content-Security-Policy") or ""
    assert "default-src 'none'" in policy and "img-src data:" in policy
    assert "url(" not in STYLE and "@import" not in STYLE
    assert "prefers-color-scheme: dark" in STYLE and "max-width: 640px" in STYLE


def test_evil_names_stay_names_everywhere() -> None:
    parts = [
        section(EVIL, anchor=EVIL),
        contents({EVIL: EVIL}),
        table([[EVIL, "n"], [EVIL, "1"]]),
        fact_table({EVIL: EVIL}),
        classed("p", "x", EVIL),
    ]
    read = Page(page(EVIL, *parts))
    assert read.count("script") == 0
    assert read.words.count(EVIL) == 8


def test_only_a_page_that_is_watched_loads_itself_again() -> None:
    assert Page(page("t")).meta("refresh") is None
    assert Page(page("t", refresh_s=30)).meta("refresh") == "30"


def test_a_table_has_its_heading_its_numbers_and_its_marks() -> None:
    made = table([["name", "n"], ["a", "1"], ["b", "2"]], marked=frozenset({2}))
    assert made.count("<th>") == 1 and made.count('<th class="number">') == 1
    assert '<tr><td>a</td><td class="number">1</td></tr>' in made
    assert '<tr class="marked"><td>b</td><td class="number">2</td></tr>' in made
    assert "number" not in table([["name", "why"], ["a", "because"]], numbers=False)
