"""The Oxford-IIIT Pet set: from archives, from folders, and fetched from a server."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from prepare_sets import draw_pets, mask_of, pack, pack_pets, put, stems, trimap

from cutaway.data.described import read_dataset_toml
from cutaway.data.pairs import scan
from cutaway.data.prepare import Prepared, Wishes, archive, oxford_pets, prepare
from cutaway.errors import CutawayError, DataError, DownloadError


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """images/ and annotations/, unpacked."""
    return draw_pets(tmp_path_factory.mktemp("pets"))


@pytest.fixture(scope="module")
def packed(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two archives of the same."""
    return pack_pets(tmp_path_factory.mktemp("archives"), drawn)


@pytest.fixture(params=["drawn", "packed"])
def pets(request: pytest.FixtureRequest) -> Path:
    """The set in both its forms."""
    return Path(request.getfixturevalue(request.param))


def found(made: Prepared) -> dict[str, tuple[str, ...]]:
    return {finding.kind: finding.names for finding in made.findings}


def test_the_official_split_and_all_oddities(pets: Path, tmp_path: Path) -> None:
    made = prepare("oxford-pets", pets, dst=tmp_path / "out")
    assert made.sets == {"test": 3, "trainval": 3}
    assert stems(tmp_path / "out" / "trainval") == [
        "dataset.toml",
        *(f"images/{n}" for n in ("Abyssinian_1.jpg", "Egyptian_Mau_1.gif", "beagle_1.jpg")),
        *(f"masks/{n}.png" for n in ("Abyssinian_1", "Egyptian_Mau_1", "beagle_1")),
    ]
    assert stems(tmp_path / "out")[-3:] == [
        f"trainval/masks/{n}.png" for n in ("Abyssinian_1", "Egyptian_Mau_1", "beagle_1")
    ]
    assert "beagle_3.jpg" in found(made)["unreadable"][0]
    assert {kind: names for kind, names in found(made).items() if kind != "unreadable"} == {
        "photos-without-mask": ("pug_1.jpg",),
        "masks-without-photo": ("lost_1.png",),
        "no-split": ("pug_2.jpg",),
        "missing": ("gone_1",),
        "renamed": ("Egyptian_Mau_1.jpg -> .gif", "Egyptian_Mau_2.jpg -> .png"),
    }


def test_photos_are_copied_byte_by_byte(drawn: Path, packed: Path, tmp_path: Path) -> None:
    prepare("oxford-pets", packed, dst=tmp_path, check=False)
    for source, copy in (("beagle_2.jpg", "beagle_2.jpg"), ("Egyptian_Mau_2.jpg", "Egyptian_Mau_2.png")):
        assert (tmp_path / "test/images" / copy).read_bytes() == (drawn / "images" / source).read_bytes()


def test_two_classes_count_the_border_as_subject(drawn: Path, tmp_path: Path) -> None:
    prepare("oxford-pets", drawn, dst=tmp_path, check=False)
    mask = mask_of(tmp_path / "trainval/masks/Abyssinian_1.png")
    assert np.array_equal(mask, np.where(trimap() == 2, 0, 255))
    described = read_dataset_toml(tmp_path / "trainval")
    assert described is not None
    assert (described.reading, described.classes, described.licence) == ("grey", 2, "CC BY-SA 4.0")


def test_three_classes_keep_the_border(drawn: Path, tmp_path: Path) -> None:
    made = prepare("oxford-pets", drawn, dst=tmp_path, wishes=Wishes(classes=3))
    mask = mask_of(tmp_path / "test/masks/Abyssinian_2.png")
    assert np.array_equal(mask, np.select([trimap() == 1, trimap() == 3], [255, 128], 0))
    described = read_dataset_toml(tmp_path / "test")
    assert described is not None
    assert (described.reading, described.classes) == ("matting-trimap", 3)
    assert str(made.checks["test"].reading) == "matting-trimap"


def test_the_text_says_what_there_is_and_what_to_do(drawn: Path, tmp_path: Path) -> None:
    text = prepare("oxford-pets", drawn, dst=tmp_path / "out").text()
    assert "oxford-pets: 6 pairs in" in text
    assert "1 photo without a mask; left out\n          pug_1.jpg" in text
    assert f"{tmp_path / 'out' / 'trainval'}\npairs     3" in text
    assert text.endswith(
        f"Next: cutaway train {tmp_path / 'out' / 'trainval'} -o RUN\n"
        f"Then: cutaway evaluate {tmp_path / 'out' / 'test'} --model RUN/model.onnx -o SCORES"
    )


def test_progress_names_each_step(packed: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    prepare("oxford-pets", packed, dst=tmp_path, progress=lambda *step: told.append(step))
    assert [*dict.fromkeys(step for step, _, _ in told)] == [
        "unpack images.tar.gz",
        "unpack annotations.tar.gz",
        "photos",
        "check",
    ]
    assert all(0 < done <= total for _, done, total in told)


@pytest.mark.parametrize("name", ["trainval.txt", "test.txt"])
def test_a_missing_list_is_said(tmp_path: Path, name: str) -> None:
    draw_pets(tmp_path / "src")
    (tmp_path / "src/annotations" / name).unlink()
    with pytest.raises(DataError, match=rf"{name} cannot be read"):
        prepare("oxford-pets", tmp_path / "src", dst=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_source_without_anything_says_what_is_there(tmp_path: Path) -> None:
    put(tmp_path / "src/readme.txt", "?")
    put(tmp_path / "src/photos/a.jpg", "?")
    with pytest.raises(DataError, match=r"looked for images.tar.gz and .*; found photos/, readme.txt$"):
        prepare("oxford-pets", tmp_path / "src", dst=tmp_path / "out")


def test_a_mask_of_other_values_is_no_trimap(tmp_path: Path) -> None:
    draw_pets(tmp_path / "src")
    from data_drawing import draw_mask, save

    save(tmp_path / "src/annotations/trimaps/beagle_1.png", draw_mask(30, 40))
    made = prepare("oxford-pets", tmp_path / "src", dst=tmp_path / "out", check=False)
    assert found(made)["bad-mask"] == ("beagle_1: beagle_1.png is no trimap of 1, 2 and 3",)


# -- archives that are not the official ones ---------------------------------------------------------------------


def evil(path: Path, name: str, *, kind: bytes = tarfile.REGTYPE, size: int = 4) -> Path:
    """An archive with one good photo and one member of bad intent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for member_name, member_kind in (("images/good.jpg", tarfile.REGTYPE), (name, kind)):
            member = tarfile.TarInfo(member_name)
            member.type, member.size, member.linkname = member_kind, size, "/etc/passwd"
            data = io.BytesIO(b"evil"[:size].ljust(size, b"x"))
            tar.addfile(member, data if member_kind == tarfile.REGTYPE else None)
    return path


@pytest.mark.parametrize(
    "name",
    [
        "../out.jpg",
        "images/../../out.jpg",
        "/tmp/out.jpg",
        "images\\..\\out.jpg",
        "C:/out.jpg",
        "images/a:b.jpg",
    ],
)
def test_a_path_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    evil(tmp_path / "src/images.tar.gz", name)
    with pytest.raises(DataError, match="a path that leads out"):
        prepare("oxford-pets", tmp_path / "src", dst=tmp_path / "dst")
    assert stems(tmp_path) == ["src/images.tar.gz"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_a_link_or_device_is_refused(tmp_path: Path, kind: bytes) -> None:
    evil(tmp_path / "src/images.tar.gz", "images/link.jpg", kind=kind)
    with pytest.raises(DataError, match="a link or a device"):
        prepare("oxford-pets", tmp_path / "src", dst=tmp_path / "dst")


@pytest.mark.parametrize(("limit", "value"), [("MAX_FILE_BYTES", 999), ("MAX_BYTES", 1500), ("MAX_FILES", 1)])
def test_absurd_amounts_are_refused(
    tmp_path: Path, limit: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil(tmp_path / "src/images.tar.gz", "images/b.jpg", size=1000)
    monkeypatch.setattr(archive, limit, value)
    with pytest.raises(DataError, match="more than any set of photos does"):
        prepare("oxford-pets", tmp_path / "src", dst=tmp_path / "dst")


def test_an_archive_that_goes_on_behind_its_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil(tmp_path / "src/images.tar.gz", "images/b.jpg")
    with gzip.open(tmp_path / "src/images.tar.gz", "ab") as stream:
        stream.write(bytes(40_000))
    monkeypatch.setattr(archive, "MAX_BYTES", 20_000)
    with pytest.raises(DataError, match="goes on without end"):
        prepare("oxford-pets", tmp_path / "src", dst=tmp_path / "dst")


@pytest.mark.parametrize("damage", ["cut", "text", "twice", "flipped", "without end"])
def test_a_damaged_archive_is_said(tmp_path: Path, packed: Path, damage: str) -> None:
    whole = (packed / "images.tar.gz").read_bytes()
    kinds = {
        "cut": whole[:900],
        "text": b"<html>",
        "twice": whole[:400] * 2,
        "flipped": whole[:-8] + bytes([whole[-8] ^ 1]) + whole[-7:],  # the checksum
        "without end": whole[:-8],
    }
    put(tmp_path / "src/images.tar.gz", kinds[damage])
    with pytest.raises(
        DataError, match=r"images.tar.gz is damaged, incomplete or no .tar.gz .*download it again"
    ):
        prepare("oxford-pets", tmp_path / "src", dst=tmp_path / "dst")
    assert not (tmp_path / "dst").exists()


def test_an_archive_without_trimaps_is_not_the_one(tmp_path: Path, drawn: Path) -> None:
    pack(tmp_path / "src/images.tar.gz", drawn / "images")
    put(tmp_path / "other/annotations/list.txt", "")
    pack(tmp_path / "src/annotations.tar.gz", tmp_path / "other/annotations")
    with pytest.raises(DataError, match="looked for"):
        prepare("oxford-pets", tmp_path / "src", dst=tmp_path / "dst")


# -- download ----------------------------------------------------------------------------------------------------


class Server:
    """A file server as the set's is: knows ranges. The first answer breaks off after `cut` bytes, if that is not 0."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cut = folder, 0
        self.ranges: list[str] = []

    def handler(server) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = server.folder / self.path.lstrip("/")
                if not path.is_file():
                    self.send_error(404)
                    return
                asked, data = self.headers.get("Range", ""), path.read_bytes()
                server.ranges.append(asked)
                start = int(asked.removeprefix("bytes=").rstrip("-") or 0)
                self.send_response(206 if asked else 200)
                self.send_header("ETag", '"1"')
                self.send_header("Content-Length", str(len(data) - start))
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
                self.end_headers()
                self.wfile.write(data[start : server.cut or None])
                server.cut = 0

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


@pytest.fixture
def files(packed: Path) -> Server:
    return Server(packed)


@pytest.fixture
def server(files: Server) -> Iterator[str]:
    """The address of a server that has the two archives."""
    with ThreadingHTTPServer(("127.0.0.1", 0), files.handler()) as running:
        threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{running.server_address[1]}/"
        finally:
            running.shutdown()


@pytest.fixture
def checksums(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny archives pass for the official ones."""
    monkeypatch.delenv("CUTAWAY_OFFLINE", raising=False)
    known = {name: hashlib.md5((packed / name).read_bytes()).hexdigest() for name in oxford_pets.ARCHIVES}
    monkeypatch.setattr(oxford_pets, "ARCHIVES", known)


@pytest.mark.usefixtures("checksums")
def test_archives_are_fetched_and_prepared(server: str, tmp_path: Path) -> None:
    told: list[str] = []
    wishes = Wishes(download=True, url=server)
    src = tmp_path / "src"
    made = prepare(
        "oxford-pets", src, dst=tmp_path / "dst", wishes=wishes, progress=lambda s, _d, _t: told.append(s)
    )
    assert made.pairs == 6
    assert stems(src) == ["annotations.tar.gz", "images.tar.gz"]
    assert told[0] == "images.tar.gz"
    again = prepare(
        "oxford-pets", src, dst=tmp_path / "again", wishes=Wishes(download=True, url="http://127.0.0.1:9/")
    )
    assert again.sets == made.sets  # what is there is not fetched again


@pytest.mark.usefixtures("checksums")
def test_a_broken_download_goes_on_where_it_stopped(server: str, files: Server, tmp_path: Path) -> None:
    files.cut = 500
    with pytest.raises(DownloadError, match="broke after 500 of"):
        oxford_pets.download(tmp_path, url=server, progress=lambda *_: None)
    oxford_pets.download(tmp_path, url=server, progress=lambda *_: None)
    assert files.ranges == ["", "bytes=500-", ""]
    assert stems(tmp_path) == ["annotations.tar.gz", "images.tar.gz"]


@pytest.mark.usefixtures("checksums")
def test_another_file_than_the_official_one_is_refused_and_removed(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(oxford_pets.ARCHIVES, "images.tar.gz", "5c4f3ee8e5d25df40f4fd59a7f44e54c")
    with pytest.raises(DownloadError, match=r"not the official archive: its MD5 is .*; try again"):
        oxford_pets.download(tmp_path / "new", url=server, progress=lambda *_: None)
    assert stems(tmp_path / "new") == []
    mine = put(tmp_path / "old/images.tar.gz", b"mine")
    with pytest.raises(DownloadError, match="remove it and try again"):
        oxford_pets.download(mine.parent, url=server, progress=lambda *_: None)
    assert mine.read_bytes() == b"mine"


@pytest.mark.usefixtures("checksums")
def test_an_address_without_the_archives_is_said(server: str, tmp_path: Path) -> None:
    wishes = Wishes(download=True, url=server + "elsewhere")
    with pytest.raises(CutawayError, match="404"):
        prepare("oxford-pets", tmp_path / "src", dst=tmp_path / "dst", wishes=wishes)
    assert not (tmp_path / "dst").exists()


def test_the_result_is_a_data_set(drawn: Path, tmp_path: Path) -> None:
    made = prepare("oxford-pets", drawn, dst=tmp_path)
    assert made.ok
    assert len(scan(tmp_path).pairs) == 6
