"""The decoder of the player in Chromium, whose GPU is software: `make test-browser`."""

import base64
import json
import random
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect

import nervcodec
from nervcodec.bitstream.container import Stream, write_stream
from nervcodec.bitstream.format import Header
from nervcodec.bitstream.layer import Chunk, Layer
from nervcodec.bitstream.ways import BY_LEVELS
from nervcodec.export.scripts import decoder_script, joined
from nervcodec.picture import VideoFormat
from nervcodec.timeline import Timeline
from tests.golden.make import FOLDER

pytestmark = pytest.mark.browser
FILES = sorted(FOLDER.glob("v*/*.nerv"))
ODD = ("groups", "planes")
"""Files of planes of 45x25 pixels: where the height is odd, swscale converts some samples to RGB in another way."""
MODELS = ("v3/hnerv", "v10/mixed", "v10/sdmn", "v3/ffnerv", "v3/layers", "v10/segments", "v10/groups", "v10/planes")
"""A file of each model, and those with segments, frames between others, and planes."""
WANTED = 7
DIGEST = """async ([file, networks]) => {
    const bytes = Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0));
    const stream = await readStream(bytes);
    const segments = new Segments(stream, networks);
    const parts = [];
    const add = (numbers) => parts.push(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
    stream.layers.forEach((_, layer) => stream.header.segments.forEach((_, segment) => {
        const tensors = segments.config(layer, segment) ? segments.tensors(layer, segment) : new Map();
        for (const { steps, symbols } of tensors.values()) {
            [Uint8Array.from(steps), symbols].forEach(add);
        }
    }));
    let first = 0;
    stream.header.segments.forEach((frames, segment) => {
        const found = segments.corrections(segment, stream.layers.length, first);
        if (found) {
            [Uint8Array.from(found.steps), found.extents, found.symbols].forEach(add);
        }
        first += frames;
    });
    const whole = new Uint8Array(await new Blob(parts).arrayBuffer());
    return Array.from(sha256(whole), (byte) => byte.toString(16).padStart(2, "0")).join("");
}"""
PIXELS = """async (number) => {
    const { canvas } = nervPlayer;
    await nervPlayer.show(number);
    const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return [width, height, Array.from(data)];
}"""
ANSWERS = """([script, files, wanted]) => {
    const worker = new Worker(URL.createObjectURL(new Blob([script])));
    const answers = [];
    const next = () => new Promise((resolve) => { worker.onmessage = ({ data }) => resolve(data); });
    const one = async (file) => {
        const bytes = Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0));
        worker.postMessage({ type: "open", file: bytes.buffer, backend: "wasm" });
        const opened = await next();
        if (opened.type === "failed") { return opened.message; }
        const { frames, layers } = opened.info;
        worker.postMessage({ type: "frame", id: 0, number: wanted ?? frames - 1, layers });
        const frame = await next();
        return frame.type === "failed" ? frame.message : frame.pixels.byteLength;
    };
    return files.reduce(async (before, file) => [...(await before), await one(file)], Promise.resolve([]));
}"""


def text_of(data: bytes | bytearray) -> str:
    return base64.b64encode(data).decode()


@pytest.fixture(scope="module")
def blank(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.add_script_tag(content=joined("segments.js"))
    yield page
    page.close()


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_integers_of_golden_files(path: Path, blank: Page) -> None:
    networks = json.loads((Path(nervcodec.__file__).parent / "entropy" / "networks.json").read_text())
    expected = json.loads((path.parent / "symbols.json").read_text())[path.stem]
    assert blank.evaluate(DIGEST, [text_of(path.read_bytes()), networks]) == expected


def decoded(path: Path, folder: Path) -> list[NDArray[np.uint8]]:
    """The pictures [H, W, 3] that `nervc decode` makes of a file."""
    nervcodec.decode(str(path), str(folder / "%05d.png"))
    pictures = []
    for image in sorted(folder.glob("*.png")):
        with av.open(str(image)) as container:
            pictures.append(next(container.decode(video=0)).to_ndarray(format="rgb24").astype(np.uint8))
    return pictures


Shown = tuple[Path, Path, list[NDArray[np.uint8]]]


@pytest.fixture(scope="module", params=MODELS)
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """A golden file, a page that plays it, and the pictures that it should show."""
    path, folder = FOLDER / f"{request.param}.nerv", tmp_path_factory.mktemp("page")
    nervcodec.export_page(str(path), str(folder / "a.html"))
    return path, folder / "a.html", decoded(path, folder / "pictures")


@pytest.mark.parametrize("backend", ["wasm", "webgl2", "webgpu"])
def test_the_canvas_shows_what_decode_makes(shown: Shown, backend: str, browser: Browser) -> None:
    path, html, pictures = shown
    page = browser.new_page()
    page.goto(html.as_uri())
    expect(page.locator("main")).to_have_attribute("data-state", "paused", timeout=60_000)
    if backend == "webgpu" and not page.evaluate("async () => Boolean(await navigator.gpu?.requestAdapter())"):
        pytest.skip("this Chromium has no WebGPU")
    page.select_option("#backend", backend)
    expect(page.locator("#backend")).to_be_enabled()
    for number in {0, min(WANTED, len(pictures) - 1), len(pictures) - 1}:
        width, height, values = page.evaluate(PIXELS, number)
        found = np.array(values, np.uint8).reshape(height, width, 4)
        difference = np.abs(found[..., :3].astype(int) - pictures[number])
        assert (found[..., 3] == 255).all()
        assert difference.max() <= 1
        assert (difference > 0).mean() <= (0.01 if path.stem in ODD else 0.001)
    page.close()


def test_a_file_cut_in_the_middle_gives_a_sentence(browser: Browser, tmp_path: Path) -> None:
    data, html = (FOLDER / "v10" / "mixed.nerv").read_bytes(), tmp_path / "a.html"
    nervcodec.export_page(str(FOLDER / "v10" / "mixed.nerv"), str(html))
    html.write_text(html.read_text().replace(text_of(data), text_of(data[: len(data) // 2])))
    page = browser.new_page()
    page.goto(html.as_uri())
    expect(page.locator("main")).to_have_attribute("data-state", "failed")
    expect(page.locator("#failure")).to_contain_text("bytes wanted at byte")
    page.close()


class Quiet(SimpleHTTPRequestHandler):
    """A web server that sends whole files alone, and writes nothing."""

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of a folder whose file has itself as its original."""
    path, original = FOLDER / "v10" / "dnerv.nerv", tmp_path / "original.mkv"
    nervcodec.decode(str(path), str(original))
    nervcodec.export_page(str(path), f"{tmp_path / 'page'}/", beside=str(original))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "page"))) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_the_original_in_a_served_folder_follows(served: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(served)
    expect(page.locator("#divider")).to_be_visible()
    page.evaluate("nervPlayer.show(3)")
    expect(page.locator("#original")).to_have_js_property("currentTime", 3.5 / 25)
    page.close()


def test_a_damaged_chunk_is_named_once(blank: Page) -> None:
    data = bytearray((FOLDER / "v10" / "dnerv.nerv").read_bytes())
    data[-1] ^= 1
    answers: list[Any] = blank.evaluate(ANSWERS, [decoder_script(), [text_of(data)]])
    assert answers == ["layer 1: segment 0 does not match its checksum"]


def test_a_segment_of_many_frames_in_groups(blank: Page) -> None:
    """As many frames as a function of JavaScript does not take numbers."""
    positions = (*range(0, 400_000, 2), 399_999)
    video = VideoFormat(width=1, height=1, frame_rate=Fraction(25))
    header = Header(video=video, segments=(len(positions),), timeline=Timeline(positions, 400_000), way=BY_LEVELS)
    groups = tuple(b"\0\x40\0" * tensors for tensors in (1, 2, 2, 2))  # all of their symbols are 0
    layer = Layer(model=1, configs=((3, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1),), chunks=[Chunk((*groups, b""))])
    data = write_stream(Stream(header=header, layers=(layer,)))
    wanted = 200_001  # lies between two frames of the file
    answers: list[Any] = blank.evaluate(ANSWERS, [decoder_script(), [text_of(data)], wanted])
    assert answers == [4]


def mutated(data: bytes, source: random.Random) -> bytes:
    """A file with one byte changed, some bytes left out, or its end cut off."""
    place, kind = source.randrange(len(data)), source.randrange(3)
    if kind == 0:
        return data[:place] + bytes([data[place] ^ source.randrange(1, 256)]) + data[place + 1 :]
    return data[:place] + (data[place + source.randrange(1, 9) :] if kind == 1 else b"")


def test_damaged_files_give_sentences(blank: Page) -> None:
    source = random.Random(1)
    files = [
        path.read_bytes() for path in FILES if path.parent.name in ("v2", "v3", "v10") and path.stat().st_size < 2000
    ]
    mutants = [mutated(source.choice(files), source) for _ in range(200)]
    answers: list[Any] = blank.evaluate(ANSWERS, [decoder_script(), [text_of(mutant) for mutant in mutants]])
    assert len(answers) == len(mutants)
    assert all(isinstance(answer, int) or not answer.startswith("the decoder failed") for answer in answers)
    assert sum(isinstance(answer, str) for answer in answers) > 0.9 * len(mutants)
