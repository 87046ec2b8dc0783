"""Tiny data sets in their official form, built on the spot: a helper module of the tests next to it."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
from data_drawing import draw_photo, save
from PIL import Image

HEIGHT, WIDTH = 30, 40


def photo(
    path: Path, *, seed: int = 0, orientation: int = 1, size: tuple[int, int] = (HEIGHT, WIDTH)
) -> Path:
    """A photo as a camera writes it: `size` is (H, W) as stored, the orientation goes into its EXIF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(draw_photo(seed, height=size[0], width=size[1])).save(path, exif=exif)
    return path


def encoded(pixels: np.ndarray, kind: str, **options: Any) -> bytes:
    """A picture as a file of a format."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def put(path: Path, content: bytes | str | dict[str, Any] | list[Any]) -> Path:
    """Write bytes, text or JSON, and the folders it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str | bytes):
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    else:
        path.write_text(json.dumps(content), "utf-8")
    return path


def mask_of(path: Path) -> np.ndarray:
    """A mask as it was written."""
    with Image.open(path) as image:
        assert image.mode == "L"
        return np.asarray(image)


def stems(folder: Path) -> list[str]:
    """The files of a folder, sorted."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def trimap() -> np.ndarray:
    """1 subject, 2 background, 3 border: 100, 1044 and 56 pixels of a 30 × 40 picture."""
    values = np.full((HEIGHT, WIDTH), 2, np.uint8)
    values[8:20, 10:23] = 3
    values[9:19, 11:21] = 1
    return values


def palette_png(path: Path, values: np.ndarray) -> Path:
    """Class numbers as a palette PNG, as VOC has them; the colours are not VOC's."""
    image = Image.fromarray(values, "L").convert("P")
    image.putdata(values.ravel().tolist())
    colours = np.random.default_rng(1).integers(0, 256, (256, 3), dtype=np.uint8)
    image.putpalette(colours.tobytes())
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


def draw_pets(folder: Path) -> Path:
    """images/ and annotations/ as the two official archives hold them, oddities included."""
    images, annotations = folder / "images", folder / "annotations"
    for number, name in enumerate(["Abyssinian_1", "Abyssinian_2", "beagle_1", "beagle_2"]):
        photo(images / f"{name}.jpg", seed=number)
        save(annotations / "trimaps" / f"{name}.png", trimap())
    put(images / "Egyptian_Mau_1.jpg", encoded(draw_photo(7, height=HEIGHT, width=WIDTH), "GIF"))
    put(images / "Egyptian_Mau_2.jpg", encoded(draw_photo(8, height=HEIGHT, width=WIDTH), "PNG"))
    put(images / "beagle_3.jpg", (images / "beagle_1.jpg").read_bytes()[:300])  # cut off
    for name in ("Egyptian_Mau_1", "Egyptian_Mau_2", "beagle_3", "lost_1"):
        save(annotations / "trimaps" / f"{name}.png", trimap())
    photo(images / "pug_1.jpg", seed=9)  # no trimap
    photo(images / "pug_2.jpg", seed=10)  # in no list
    save(annotations / "trimaps" / "pug_2.png", trimap())
    put(images / "Abyssinian_100.mat", b"MATLAB 5.0 MAT-file")
    put(annotations / "trimaps" / "._Abyssinian_1.png", b"\0\5\x16\7 of a Mac")
    put(annotations / "list.txt", "#Image CLASS-ID SPECIES BREED ID\nAbyssinian_1 1 1 1\n")
    put(
        annotations / "trainval.txt",
        _listed("Abyssinian_1", "Egyptian_Mau_1", "beagle_1", "beagle_3", "pug_1"),
    )
    put(annotations / "test.txt", _listed("Abyssinian_2", "Egyptian_Mau_2", "beagle_2", "lost_1", "gone_1"))
    put(annotations / "README", "nothing of interest")
    return folder


def _listed(*names: str) -> str:
    return "".join(f"{name} 1 1 1\n" for name in names)


def pack(archive: Path, folder: Path) -> Path:
    """A folder as a .tar.gz, as it lies in the official one."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, folder.name)
    return archive


def pack_pets(folder: Path, drawn: Path) -> Path:
    """The two archives of a drawn set."""
    for name in ("images", "annotations"):
        pack(folder / f"{name}.tar.gz", drawn / name)
    return folder
