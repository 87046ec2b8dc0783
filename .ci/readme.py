"""Run a Markdown file's shell blocks exactly as written, one after the other in one shell, until one fails.

Blocks fenced as ```sh are run. A block that should not be run here (another system's commands) is fenced as ```text.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(readme: Path) -> list[str]:
    """The shell blocks of a Markdown file."""
    return BLOCK.findall(readme.read_text(encoding="utf-8"))


def main() -> int:
    """Run them all in one shell, as a reader would who copies them one by one."""
    readme = Path(sys.argv[1]).resolve()
    found = blocks(readme)
    if len(found) < 2:
        print("the README must hold at least two sh blocks: use, and test")
        return 1
    parts = [
        f"echo '--- {readme.name}, block {n} of {len(found)}'\n{text}" for n, text in enumerate(found, 1)
    ]
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(parts)], cwd=readme.parent, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
