import errno
import os
import stat
import sys
from pathlib import Path

import pytest

from cutaway.errors import CutawayError, OutputError, OutputExistsError
from cutaway.media import files
from cutaway.media.files import printable, suffix_format, write_atomic

posix_names = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode there")


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_new_file_is_written_whole_and_alone(tmp_path: Path, overwrite: bool) -> None:
    write_atomic(tmp_path / "a.png", b"data", overwrite=overwrite)
    assert (tmp_path / "a.png").read_bytes() == b"data"
    assert names(tmp_path) == ["a.png"]


def test_missing_folders_are_made(tmp_path: Path) -> None:
    write_atomic(tmp_path / "x" / "y" / "a.png", b"data", overwrite=False)
    assert (tmp_path / "x" / "y" / "a.png").read_bytes() == b"data"


def test_an_existing_file_is_kept_unless_overwriting(tmp_path: Path) -> None:
    target = tmp_path / "a.png"
    target.write_bytes(b"old")
    with pytest.raises(OutputExistsError, match=r"a\.png exists already"):
        write_atomic(target, b"new", overwrite=False)
    assert target.read_bytes() == b"old"
    write_atomic(target, b"new", overwrite=True)
    assert target.read_bytes() == b"new"
    assert names(tmp_path) == ["a.png"]


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.png"
    create = files._create

    def slow_create(path: Path) -> object:
        target.write_bytes(b"another program's")
        return create(path)

    monkeypatch.setattr(files, "_create", slow_create)
    with pytest.raises(OutputExistsError):
        write_atomic(target, b"new", overwrite=False)
    assert target.read_bytes() == b"another program's"
    assert names(tmp_path) == ["a.png"]


@pytest.mark.skipif(os.name == "nt", reason="Windows renames without links")
def test_without_hard_links_it_still_works_and_still_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    write_atomic(tmp_path / "a.png", b"data", overwrite=False)
    assert (tmp_path / "a.png").read_bytes() == b"data"
    with pytest.raises(FileExistsError):
        files._rename_to_new(tmp_path / "a.png", tmp_path / "a.png")
    assert names(tmp_path) == ["a.png"]


class FailingStream:
    """A file that takes a part of the data and then fails."""

    def __init__(self, path: Path, error: BaseException) -> None:
        self.stream, self.error = path.open("wb"), error

    def __enter__(self) -> "FailingStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()

    def write(self, data: bytes) -> int:
        self.stream.write(data[:2])
        raise self.error


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_full_disk_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overwrite: bool
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(files, "_create", lambda path: FailingStream(path, full))
    with pytest.raises(OutputError, match=r"cannot write .*a\.png: No space left"):
        write_atomic(tmp_path / "a.png", b"data", overwrite=overwrite)
    assert names(tmp_path) == []


def test_a_full_disk_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(b"old")
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(files, "_create", lambda path: FailingStream(path, full))
    with pytest.raises(OutputError):
        write_atomic(tmp_path / "a.png", b"new", overwrite=True)
    assert (tmp_path / "a.png").read_bytes() == b"old"
    assert names(tmp_path) == ["a.png"]


def test_an_interrupt_is_passed_on_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_create", lambda path: FailingStream(path, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "a.png", b"data", overwrite=False)
    assert names(tmp_path) == []


@pytest.mark.parametrize("step", ["replace", "link"])
def test_a_failing_rename_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "link", denied)
    monkeypatch.setattr(Path, "replace", denied)
    monkeypatch.setattr(Path, "rename", denied)
    with pytest.raises(OutputError, match="Permission denied"):
        write_atomic(tmp_path / "a.png", b"data", overwrite=step == "replace")
    assert names(tmp_path) == []


def test_no_permission_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(OutputError, match=r"^cannot write .*a\.png: Permission denied$"):
        write_atomic(tmp_path / "a.png", b"data", overwrite=False)


@pytest.mark.skipif(
    os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError):
            write_atomic(tmp_path / "a.png", b"data", overwrite=True)
    finally:
        tmp_path.chmod(0o700)


def test_the_longest_name_works_and_a_longer_one_is_an_error(tmp_path: Path) -> None:
    longest = "a" * 251 + ".png"
    for overwrite in (False, True):
        write_atomic(tmp_path / longest, b"data", overwrite=overwrite)
        (tmp_path / longest).unlink()
    with pytest.raises(OutputError):
        write_atomic(tmp_path / ("a" + longest), b"data", overwrite=True)
    assert names(tmp_path) == []


def test_a_folder_of_that_name_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    for overwrite in (False, True):
        with pytest.raises(OutputError):
            write_atomic(tmp_path / "a.png", b"data", overwrite=overwrite)
    assert names(tmp_path) == ["a.png"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_where_a_folder_should_be(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError) as caught:
        write_atomic(tmp_path / "file" / "a.png", b"data", overwrite=overwrite)
    assert not isinstance(caught.value, OutputExistsError)


def test_a_null_character_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CutawayError, match="cannot write"):
        write_atomic(str(tmp_path / "a\0.png"), b"data", overwrite=True)


@posix_names
def test_names_that_are_no_text(tmp_path: Path) -> None:
    path = os.path.join(os.fsencode(tmp_path), b"caf\xe9\n.png")  # noqa: PTH118 - bytes
    name = os.fsdecode(path)
    write_atomic(name, b"data", overwrite=False)
    assert Path(name).read_bytes() == b"data"
    with pytest.raises(OutputExistsError) as caught:
        write_atomic(name, b"data", overwrite=False)
    message = str(caught.value)
    assert message.encode("utf-8") and "\n" not in message
    assert "caf\\udce9\\n.png" in message


def test_printable_keeps_ordinary_names() -> None:
    assert printable("Zoë 写真 -x.png") == "Zoë 写真 -x.png"


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
@pytest.mark.parametrize("overwrite", [False, True])
def test_permissions_are_those_of_any_new_file(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "plain").touch()
    write_atomic(tmp_path / "a.png", b"data", overwrite=overwrite)
    assert stat.S_IMODE((tmp_path / "a.png").stat().st_mode) == stat.S_IMODE(
        (tmp_path / "plain").stat().st_mode
    )


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_is_followed_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "real.png").write_bytes(b"old")
    (tmp_path / "link.png").symlink_to("real.png")
    with pytest.raises(OutputExistsError):
        write_atomic(tmp_path / "link.png", b"new", overwrite=False)
    write_atomic(tmp_path / "link.png", b"new", overwrite=True)
    assert (tmp_path / "link.png").is_symlink()
    assert (tmp_path / "real.png").read_bytes() == b"new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_pipe_is_written_to_not_replaced(tmp_path: Path, overwrite: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomic(pipe, b"data", overwrite=overwrite)
        assert os.read(reader, 100) == b"data"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("name", "format"),
    [("a.png", "png"), ("A.JPEG", "jpg"), ("a.jpg", "jpg"), ("a.tif", "tiff"), ("a.TIFF", "tiff"),
     ("a.webp", "webp"), ("a.gif", "gif"), ("a.apng", "png"), ("a.jxl", None), ("png", None), (".png", None),
     ("a.", None), ("a.png.txt", None)],
)  # fmt: skip
def test_suffix_format(name: str, format: str | None) -> None:
    assert suffix_format(name) == format
    assert suffix_format(Path(name)) == format
