"""Draw a blank product page with a logo in its corner, to lay cut-outs on."""

import sys
from pathlib import Path

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 1000, 1000


def draw_page() -> Image.Image:
    """A white page with a small logo at the lower right."""
    page = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(page)
    pen.rounded_rectangle((780, 900, 960, 960), radius=14, fill="#1f4e79")
    pen.ellipse((796, 914, 828, 946), fill="#ffb000")
    pen.text((840, 914), "your shop", fill="white", font_size=24)
    return page


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "out" / "page.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    draw_page().save(target)
    print(f"a page in {target}")
