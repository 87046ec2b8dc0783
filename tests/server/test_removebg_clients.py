"""The real clients of remove.bg, unmodified but for the address, against a real server.

The npm client is used where `CUTAWAY_NPM_REMOVEBG` names the folder of its package (`npm install remove.bg@1.3.0`,
then `.../node_modules/remove.bg`) and `node` is installed.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from server_samples import Live, decoded

from processes import run

NPM_VARIABLE = "CUTAWAY_NPM_REMOVEBG"
KEY = "any-key-at-all"

SCRIPT = """
const fs = require("fs"), path = require("path"), Module = require("module");
const [folder, address, options] = process.argv.slice(2);
const file = path.join(folder, "dist", "index.js");
const source = fs.readFileSync(file, "utf8").replace("https://api.remove.bg/v1.0/removebg", address);
const client = new Module(file);
client.filename = file;
client.paths = Module._nodeModulePaths(path.dirname(file));
client._compile(source, file);
const { call, ...rest } = JSON.parse(options);
client.exports[call](rest).then(
    (result) => console.log(JSON.stringify(result)),
    (errors) => { console.log(JSON.stringify({ errors })); });
"""


@pytest.fixture
def photo_file(tmp_path: Path, photo: bytes) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(photo)
    return path


@pytest.fixture
def python_client(monkeypatch: pytest.MonkeyPatch, live: type[Live], tmp_path: Path) -> Any:
    package = pytest.importorskip("removebg", reason="the PyPI client removebg is not installed")
    from removebg import removebg

    server = live(keys=(KEY,))  # type: ignore[call-arg]
    monkeypatch.setattr(removebg, "API_ENDPOINT", f"{server.url}/v1.0/removebg")
    return package.RemoveBg(KEY, str(tmp_path / "error.log"))


def test_python_client_with_a_file(python_client: Any, photo_file: Path) -> None:
    python_client.remove_background_from_img_file(str(photo_file))
    made = decoded(photo_file.with_name("photo.png_no_bg.png").read_bytes())
    assert made.shape == (96, 128, 4) and made[48, 64, 3] > 200


def test_python_client_with_base64_and_a_colour(python_client: Any, photo: bytes, tmp_path: Path) -> None:
    coded, out = base64.b64encode(photo), tmp_path / "out.jpg"
    python_client.remove_background_from_base64_img(coded, size="4k", new_file_name=str(out), bg_color="red")
    made = decoded(out.read_bytes())
    assert made.shape == (96, 128, 3) and made[2, 2, 0] > 200


def test_python_client_hears_of_errors(python_client: Any, tmp_path: Path) -> None:
    import requests

    with pytest.raises(requests.HTTPError, match="400"):  # fetching is off
        python_client.remove_background_from_img_url(
            "http://a.example/b.jpg", new_file_name=str(tmp_path / "x")
        )
    assert not (tmp_path / "x").exists()


@pytest.fixture
def node_client(live: type[Live], tmp_path: Path) -> Any:
    folder, node = os.environ.get(NPM_VARIABLE, ""), shutil.which("node")
    if not node or not Path(folder, "dist", "index.js").is_file():
        pytest.skip(f"node is not installed, or {NPM_VARIABLE} does not name the npm package remove.bg")
    script = tmp_path / "client.js"
    script.write_text(SCRIPT)
    server = live(keys=(KEY,))  # type: ignore[call-arg]

    def call(**options: object) -> Any:
        words = [
            node,
            str(script),
            folder,
            f"{server.url}/v1.0/removebg",
            json.dumps({"apiKey": KEY, **options}),
        ]
        return json.loads(run(words, check=True).stdout)

    return call


def test_node_client_with_a_file(node_client: Any, photo_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    told = node_client(
        call="removeBackgroundFromImageFile", path=str(photo_file), outputFile=str(out), size="regular"
    )
    assert (told["resultWidth"], told["resultHeight"], told["creditsCharged"]) == ("128", "96", "0")
    assert decoded(out.read_bytes()).shape == (96, 128, 4)
    assert base64.b64decode(told["base64img"]) == out.read_bytes()


def test_node_client_with_base64_and_framing(node_client: Any, photo: bytes) -> None:
    told = node_client(
        call="removeBackgroundFromImageBase64",
        base64img=base64.b64encode(photo).decode(),
        crop=True,
        crop_margin="5px",
        bg_color="81d4fa",
        type="product",
        scale="80%",
        position="center",
        roi="0% 0% 100% 100%",
    )
    made = decoded(base64.b64decode(told["base64img"]))
    assert made.ndim == 3 and made.shape[2] == 3
    assert np.abs(made[0, 0].astype(int) - (0x81, 0xD4, 0xFA)).max() < 6
    assert told["detectedType"] == "product"


def test_node_client_hears_of_errors(node_client: Any) -> None:
    told = node_client(call="removeBackgroundFromImageUrl", url="http://a.example/b.jpg")
    assert told["errors"][0]["code"] == "failed_image_download"
    wrong = node_client(call="removeBackgroundFromImageBase64", base64img="QUJD", apiKey="another-key")
    assert wrong["errors"][0]["code"] == "invalid_api_key"
