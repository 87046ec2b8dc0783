from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

quality = pytest.importorskip("quality", reason="the benchmarks folder is not here")
peers = pytest.importorskip("peers")


def write_slice(folder: Path, count: int) -> None:
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        photo = cv2.circle(np.full((48, 64, 3), 30, np.uint8), (32, 24), 8 + number, (230,) * 3, -1)
        (folder / "images" / f"{number}.png").write_bytes(cv2.imencode(".png", photo)[1].tobytes())
        mask = np.where(photo[..., 0] > 128, np.uint8(255), np.uint8(0))
        (folder / "masks" / f"{number}.png").write_bytes(cv2.imencode(".png", mask)[1].tobytes())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_slice(tmp_path / "test" / "discs", 5)
    write_slice(tmp_path / "test" / "video" / "one", 2)
    write_slice(tmp_path / "test" / "video" / "two", 2)
    return tmp_path / "test"


def test_a_slice_is_a_folder_of_pairs_or_of_such_folders(data: Path) -> None:
    slices = quality.find_slices(data)
    assert {name: len(pairs) for name, pairs in slices.items()} == {"discs": 5, "video": 4}
    assert list(quality.find_slices(data / "discs")) == ["discs"]
    assert list(quality.find_slices(data, only=["video"])) == ["video"]


def test_an_unknown_slice_is_named_with_those_there_are(data: Path) -> None:
    with pytest.raises(quality.DataError, match=r"dogs.*discs, video"):
        quality.find_slices(data, only=["dogs"])


@pytest.mark.parametrize(
    ("limit", "kept"), [(0, range(10)), (1, [5]), (2, [2, 7]), (5, [1, 3, 5, 7, 9]), (99, range(10))]
)
def test_a_limit_keeps_pictures_spread_evenly(limit: int, kept: list[int]) -> None:
    assert quality.evenly(list(range(10)), limit) == list(kept)


def test_labels_are_short_unless_two_are_the_same() -> None:
    same = ["default", "/peers/u2net.onnx", "runs/a/model.onnx", "runs/b/model.onnx"]
    assert list(quality.labels(same).values()) == [
        "default",
        "u2net",
        "runs/a/model.onnx",
        "runs/b/model.onnx",
    ]


def test_scores_every_slice_and_writes_json_and_tables(
    data: Path, tmp_path: Path, bright_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out" / "quality.json"
    arguments = ["--data", str(data), "--models", str(bright_model), "-o", str(out), "--threads", "1"]
    assert quality.main(arguments) == 0
    values = json.loads(out.read_text("utf-8"))
    assert {score["slice"]: score["pictures"] for score in values["scores"]} == {"discs": 5, "video": 4}
    assert all(score["scores"]["iou"] > 0.9 for score in values["scores"])
    assert values["specs"]["bright"]["name"] == "bright"
    assert {"commit", "made", "hardware", "versions"} <= set(values)
    text = out.with_suffix(".md").read_text("utf-8")
    assert "| discs | pictures | IoU | MAE | bIoU | wF | maxF | S |" in text
    assert "discs" in capsys.readouterr().out


def test_a_damaged_picture_is_counted_and_changes_the_exit_code(
    data: Path, tmp_path: Path, bright_model: Path
) -> None:
    (data / "discs" / "images" / "0.png").write_bytes(b"no picture")
    out = tmp_path / "quality.json"
    assert quality.main(["--data", str(data), "--models", str(bright_model), "-o", str(out)]) == 1
    scores = json.loads(out.read_text("utf-8"))["scores"]
    assert [(s["slice"], s["failed"]) for s in scores] == [("discs", 1), ("video", 0)]


def test_no_data_and_no_model_are_exit_code_2(data: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "quality.json")
    assert quality.main(["--data", str(tmp_path / "nowhere"), "-o", out]) == 2
    assert quality.main(["--data", str(data), "--models", "no-such-model", "-o", out]) == 2


def test_a_peers_file_is_fed_by_its_published_recipe(bright_model: Path, tmp_path: Path) -> None:
    file = tmp_path / "u2netp.onnx"
    shutil.copy(bright_model, file)
    spec = quality.open_model(str(file), device="cpu", threads=1).spec
    assert (spec.name, spec.size, spec.fit) == ("u2netp", 320, "stretch")
    assert (spec.input_scale, spec.output) == ("image-max", "minmax")
    assert quality.open_model(str(bright_model), device="cpu", threads=1).spec.name == "bright"


def test_peers_are_known_by_file_name_only() -> None:
    assert {"u2net.onnx", "u2netp.onnx", "imgly-medium.onnx"} <= set(peers.PEERS)
    assert peers.peer_spec("/some/where/imgly-medium.onnx").size == 1024
    assert peers.peer_spec("u2net") is None
