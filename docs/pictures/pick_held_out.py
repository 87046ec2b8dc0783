"""Pick the photos of docs/pictures/held_out: pick_held_out.py FOLDER, where the Debian package was unpacked.

    apt-get download gcompris-qt-data && dpkg-deb -x gcompris-qt-data_3.1-2_all.deb FOLDER

The package holds photos of Wikimedia Commons and publicdomainpictures.net, and beside each folder of them a README with
author, source and licence. The rule: of the photos in the public domain or under CC0 there, in the order of the SHA-256
of their names, the first few of each kind below. None was ever trained on, and none is exchanged for how it comes
out; a photo of a person, or of nothing in particular, would be named in `PASSED_OVER` with the reason. The package's
own summary of rights (its Debian copyright file) is older than its photos: it is not what is read here.
"""

import re
import struct
import sys
import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

OUT = Path(__file__).parent / "held_out"
KINDS = {
    "wild": ("explore_world_animals", "explore_world_animals/resource/animals", 3),
    "farm": ("explore_farm_animals", "explore_farm_animals/resource/animals", 3),
    "fish": ("categorization", "categorization/resource/images/fishes", 2),
    "thing": ("categorization", "categorization/resource/images/others", 2),
    "tool": ("categorization", "categorization/resource/images/tools", 2),
}
"""The archive, the folder in it, and how many photos are taken."""
FREE = ("Public Domain", "CC0-1.0")
PASSED_OVER: dict[str, str] = {}


def files(path: Path) -> Iterator[tuple[str, bytes]]:
    """The names and contents of a Qt resource file (rcc, format versions 1 to 3): a tree of nodes, names, data."""
    whole = path.read_bytes()
    version, tree, data, names = struct.unpack_from(">4I", whole, 4)
    size = 14 if version < 2 else 22

    def walk(number: int, above: str) -> Iterator[tuple[str, bytes]]:
        at, flags = struct.unpack_from(">IH", whole, tree + number * size)
        length = struct.unpack_from(">H", whole, names + at)[0]
        name = whole[names + at + 6 :][: 2 * length].decode("utf-16-be") if number else ""
        here = f"{above}/{name}".lstrip("/")
        if flags & 2:  # a folder
            count, first = struct.unpack_from(">2I", whole, tree + number * size + 6)
            for child in range(first, first + count):
                yield from walk(child, here)
            return
        start = data + struct.unpack_from(">I", whole, tree + number * size + 10)[0]
        held = whole[start + 4 : start + 4 + struct.unpack_from(">I", whole, start)[0]]
        yield here, zlib.decompress(held[4:]) if flags & 1 else held

    yield from walk(0, "")


def rights(text: str) -> dict[str, tuple[str, str, str]]:
    """Author, licence and source of each photo that a README names."""
    found = {}
    for part in text.split("\n\n"):
        said = dict(re.findall(r"^(Copyright|License|Source): (.*)$", part, re.MULTILINE))
        for name in re.findall(r"^(\S+)\.webp$", part, re.MULTILINE):
            found[name] = said["Copyright"], said["License"], said["Source"]
    return found


def main() -> None:
    """Write the photos and the table of their authors."""
    archives = Path(sys.argv[1]) / "usr" / "share" / "gcompris-qt" / "rcc"
    lines = ["| photo | author | licence | source |", "|---|---|---|---|"]
    OUT.mkdir(exist_ok=True)
    for kind, (archive, folder, count) in KINDS.items():
        held = {
            path.rpartition("/")[2]: data
            for path, data in files(archives / f"{archive}.rcc")
            if f"/{folder}/" in path
        }
        known = rights(held["README"].decode())
        free = [name for name in known if known[name][1] in FREE and f"{name}.webp" in held]
        free.sort(key=lambda name: sha256(name.encode()).hexdigest())
        for name in [name for name in free if name not in PASSED_OVER][:count]:
            (OUT / f"{kind}-{name}.webp").write_bytes(held[f"{name}.webp"])
            author, licence, source = known[name]
            lines.append(f"| {kind}-{name}.webp | {author} | {licence} | <{source}> |")
    (OUT / "README.md").write_text(_ABOUT + "\n".join(lines) + "\n", "utf-8")


_ABOUT = """# Photos that no model here was trained on

As GCompris 3.1 ships them, picked by a fixed rule: `docs/pictures/pick_held_out.py`. Author, licence and source are as
GCompris names them.

"""

if __name__ == "__main__":
    main()
