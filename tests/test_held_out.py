"""The photos of the contact sheet: each has an author, a source and a licence that lets us ship it."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "docs" / "pictures" / "held_out"


def test_every_photo_is_named_with_its_rights() -> None:
    told = (FOLDER / "README.md").read_text("utf-8")
    table = re.findall(r"^\| (\S+\.webp) \| (.+) \| (.+) \| <(https://.+)> \|$", told, re.MULTILINE)
    assert sorted(name for name, *_ in table) == sorted(path.name for path in FOLDER.glob("*.webp"))
    assert len(table) == 12
    assert {licence for _, _, licence, _ in table} <= {"Public Domain", "CC0-1.0"}
    assert all(author.strip() for _, author, *_ in table)
