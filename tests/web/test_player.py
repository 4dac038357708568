"""The player in Chromium, around a decoder that pretends: `make test-browser`."""

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.pages import FILE, player_page

pytestmark = pytest.mark.browser
Opener = Callable[..., Page]


@pytest.fixture
def player(browser: Browser, tmp_path: Path) -> Iterator[Opener]:
    """Opens a page of the player; its messages (a violated policy gives one) and further requests are failures."""
    complaints: list[str] = []
    requests: list[str] = []
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    path = tmp_path / "player.html"

    def opened(**told: Any) -> Page:
        path.write_text(player_page(**told), encoding="utf-8")
        page.goto(path.as_uri())
        expect(page.locator("main")).not_to_have_attribute("data-state", "opening")
        return page

    yield opened
    page.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith("blob:")] == [path.as_uri()]


PIXEL = """() => {
  globalThis.copy ??= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  copy.drawImage(nervPlayer.canvas, 0, 0);
  return copy.getImageData(0, 0, 1, 1).data;
}"""


def corner(page: Page) -> list[int]:
    """The number of the frame on the canvas and the layers that it is made of."""
    pixel: list[int] = page.evaluate(f"[...({PIXEL})()]")
    return pixel[:2]


def wait_for(page: Page, number: int, layers: int = 1) -> None:
    """Waits until the canvas holds a frame made of some layers."""
    shown = f"([number, layers]) => {{ const [red, green] = ({PIXEL})(); return red === number && green === layers; }}"
    page.wait_for_function(shown, arg=[number, layers])


def original(frames: int) -> bytes:
    """An MP4 of the size and rate of FILE; the left eight columns of 8 pixels tell the number of a frame in binary."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FILE["rate"], options={"g": "4", "crf": "10"})
        stream.width, stream.height, stream.pix_fmt = FILE["width"], FILE["height"], "yuv420p"
        for number in range(frames):
            bits = np.repeat([255 * (number >> bit & 1) for bit in range(8)], 8).astype(np.uint8)
            picture = np.broadcast_to(bits[None, :, None], (FILE["height"], FILE["width"], 3))
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


def test_shows_the_first_frame_and_what_is_known_of_the_file(player: Opener) -> None:
    page = player(
        about={"psnr": [30 + number / 10 for number in range(12)]}, aspect=[2, 1], notes=["There are subtitles."]
    )
    assert corner(page) == [0, 1]
    assert page.title() == "Bunny"
    expect(page.locator("main")).to_have_attribute("data-state", "paused")
    expect(page.locator("#summary")).to_have_text("64 \u00d7 32 · 12 frames · 20 frames/s · DNeRV")
    expect(page.locator("#psnr")).to_have_text("30.00 dB")
    expect(page.locator("#size")).to_have_text("4.00 kB")
    expect(page.locator("#facts dd")).to_have_text(["1.30", "53.3 kbit/s"])
    expect(page.locator("#network")).to_have_text("11.0 ms")
    expect(page.locator("#notes")).to_have_text("There are subtitles.")
    box = page.locator("#picture").bounding_box()
    assert box
    assert box["width"] / box["height"] == pytest.approx(4, rel=0.01)


def test_keys_go_from_frame_to_frame(player: Opener) -> None:
    page = player(frames=50)
    for key, number in (
        (".", 1),
        (".", 2),
        (",", 1),
        ("ArrowRight", 21),
        ("ArrowLeft", 1),
        ("End", 49),
        (".", 49),
        ("Home", 0),
    ):
        page.keyboard.press(key)
        wait_for(page, number)
        expect(page.locator("#number")).to_have_text(str(number))
    page.locator("#forward").click()
    wait_for(page, 1)
    expect(page.locator("#time")).to_have_text("0:00.05")


def test_the_seek_bar(player: Opener) -> None:
    page = player()
    box = page.locator("#seek").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#hover")).to_have_text("0:00.30 · 6")
    page.mouse.down()
    wait_for(page, 6)
    page.mouse.move(box["x"] + box["width"], box["y"], steps=5)
    page.mouse.up()
    wait_for(page, 11)
    expect(page.locator("#seek")).to_have_attribute("aria-valuetext", "frame 11, 0:00.55")


def test_plays_to_the_end_and_again_in_a_loop(player: Opener) -> None:
    page = player()
    page.keyboard.press(" ")
    expect(page.locator("main")).to_have_attribute("data-state", "playing")
    expect(page.locator("main")).to_have_attribute("data-state", "paused")
    assert corner(page) == [11, 1]
    page.keyboard.press("l")
    expect(page.locator("#loop")).to_have_attribute("aria-pressed", "true")
    page.locator("#play").click()
    for number in (11, 2, 11, 2):
        wait_for(page, number)
    page.locator("#stage").click()
    expect(page.locator("main")).to_have_attribute("data-state", "paused")


def drawn(page: Page, frames: int) -> list[int]:
    """Numbers of the frames that are drawn from one to the next while the page plays, up to a frame."""
    numbers: list[int] = page.evaluate(
        f"""async (end) => {{
              const numbers = [];
              const limit = performance.now() + 20000;
              nervPlayer.play();
              while (numbers.at(-1) !== end && performance.now() < limit) {{
                await new Promise(requestAnimationFrame);
                const [red] = ({PIXEL})();
                if (red !== numbers.at(-1)) numbers.push(red);
              }}
              return numbers;
            }}""",
        frames - 1,
    )
    return numbers


def test_where_decoding_is_slow_every_frame_is_played_and_the_rate_is_told(player: Opener) -> None:
    page = player(milliseconds=100)
    page.evaluate("setTimeout(() => { globalThis.told = document.getElementById('rate').textContent }, 900)")
    assert drawn(page, 12) == list(range(12))
    told = page.evaluate("told")
    assert told.startswith("playing at ")
    assert told.endswith(" of 20 frames/s")


def test_where_decoding_is_slow_frames_can_be_passed_over(player: Opener) -> None:
    page = player(milliseconds=150, frames=40)
    page.locator("label", has_text="keep time").click()
    numbers = drawn(page, 40)
    assert numbers == [0, *sorted(numbers[1:-1]), 39]
    assert 6 <= len(numbers) <= 24
    expect(page.locator("main")).to_have_attribute("data-state", "paused")


def test_layers_and_differences_to_them(player: Opener) -> None:
    page = player(about={"psnr": [30.0] * 12}, layers=3)
    assert corner(page) == [0, 3]
    expect(page.locator("#psnr")).to_have_text("30.00 dB")
    page.locator("#layers label", has_text="2").click()
    wait_for(page, 0, 2)
    expect(page.locator("#psnr")).to_have_text("\u2013")
    expect(page.locator("#size")).to_have_text("3.00 kB")
    page.keyboard.down("b")
    wait_for(page, 0, 1)
    expect(page.locator("#caption")).to_have_text("decoded, layers: 1 of 3")
    page.keyboard.up("b")
    wait_for(page, 0, 2)
    page.keyboard.press("d")
    wait_for(page, 0, 8)  # eight times the difference of 3 and 2
    page.keyboard.press(".")
    expect(page.locator("#number")).to_have_text("1")
    assert corner(page) == [0, 8]
    page.locator("#layers label", has_text="3").click()
    wait_for(page, 1, 3)


def test_a_file_that_does_not_open_is_a_sentence(player: Opener) -> None:
    page = player(fails="<b>bunny.nerv</b> is damaged.")
    expect(page.locator("main")).to_have_attribute("data-state", "failed")
    expect(page.get_by_role("alert")).to_have_text("<b>bunny.nerv</b> is damaged.")
    expect(page.locator("#play")).to_be_disabled()
    assert page.evaluate("nervPlayer.opened.catch((error) => error.message)") == "<b>bunny.nerv</b> is damaged."


def test_a_damaged_frame_is_a_sentence_and_others_are_shown(player: Opener) -> None:
    page = player(failsAt=3)
    page.keyboard.press(" ")
    expect(page.get_by_role("alert")).to_have_text("Frame 3 is damaged.")
    expect(page.locator("main")).to_have_attribute("data-state", "failed")
    page.keyboard.press("End")
    wait_for(page, 11)
    expect(page.locator("#failure")).to_be_hidden()


def test_a_script_that_does_not_run_is_a_sentence(
    player: Opener, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "broken.js").write_text("onmessage = () => { throw new Error('no memory'); };", encoding="utf-8")
    monkeypatch.setattr("tests.web.pages.FAKE", tmp_path / "broken.js")
    page = player()
    expect(page.get_by_role("alert")).to_have_text("The decoder stopped: Uncaught Error: no memory.")


def test_the_backend_can_be_chosen(player: Opener) -> None:
    page = player()
    expect(page.locator("#backend option:checked")).to_have_text("WebGL2")
    page.locator("#backend").select_option("wasm")
    expect(page.locator("#backend")).to_be_enabled()
    expect(page.locator("#backend option:checked")).to_have_text("WebAssembly")
    page.locator("#backend").select_option("webgl2")
    expect(page.locator("#notes")).to_have_text("There is no such backend.")
    expect(page.locator("#backend option:checked")).to_have_text("WebAssembly")


def wait_for_original(page: Page, number: int) -> None:
    """Waits until the original beside is at a frame of `original()`."""
    page.wait_for_function(
        """(number) => {
             globalThis.bits ??= new OffscreenCanvas(8, 1).getContext("2d", { willReadFrequently: true });
             bits.drawImage(document.getElementById("original"), 0, 0, 8, 1);
             const { data } = bits.getImageData(0, 0, 8, 1);
             return number === [...Array(8).keys()].reduce((sum, bit) => sum + (data[4 * bit] > 128 ? 2 ** bit : 0), 0);
           }""",
        arg=number,
    )


def test_the_original_beside_stays_with_the_frame(player: Opener) -> None:
    page = player(beside=original(12))
    expect(page.locator("#divider")).to_be_visible()
    for key, number in (("End", 11), (",", 10), ("Home", 0), (".", 1)):
        page.keyboard.press(key)
        wait_for_original(page, number)
    page.keyboard.press(" ")
    wait_for_original(page, 11)


def test_the_divider_by_mouse_and_keyboard(player: Opener) -> None:
    page = player(beside=original(12))
    divider = page.locator("#divider")
    box = page.locator("#stage").bounding_box()
    assert box
    expect(divider).to_have_attribute("aria-valuenow", "50")
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 20, steps=4)
    page.mouse.up()
    expect(divider).to_have_attribute("aria-valuenow", "20")
    divider.press("ArrowRight")
    expect(divider).to_have_attribute("aria-valuenow", "22")
    divider.press("End")
    expect(divider).to_have_attribute("aria-valuenow", "100")
    assert page.locator("#original").evaluate("video => getComputedStyle(video).clipPath") == "inset(0px 0px 0px 100%)"
    assert corner(page) == [0, 1]
    expect(page.locator("main")).to_have_attribute("data-state", "paused")


def tone(seconds: float, begins: float = 0) -> str:
    """A Matroska file of a tone in Opus that begins after some seconds, in base 64."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream("libopus", rate=48000)
        wave = np.sin(np.arange(int(48000 * seconds)) / 17).astype(np.float32)[None]
        frame = av.AudioFrame.from_ndarray(wave, format="flt", layout="mono")
        frame.sample_rate, frame.pts = 48000, int(48000 * begins)
        resampled = av.AudioResampler(format="s16", layout="stereo", rate=48000, frame_size=960).resample(frame)
        for part in [*resampled, None]:
            container.mux(stream.encode(part))
    return base64.b64encode(file.getvalue()).decode()


def test_pictures_keep_time_with_the_sound(player: Opener) -> None:
    page = player(sound=tone(2), frames=40, milliseconds=150)
    page.locator("#sound").click()
    expect(page.locator("#sound")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#pace-time")).to_be_checked()
    numbers = drawn(page, 40)
    assert numbers == [0, *sorted(numbers[1:-1]), 39]
    assert len(numbers) <= 24
    page.locator("label", has_text="every frame").click()
    expect(page.locator("#sound")).to_have_attribute("aria-pressed", "false")


def test_pictures_before_a_late_sound_are_shown(player: Opener) -> None:
    page = player(sound=tone(1, begins=1), frames=40)
    page.locator("#sound").click()
    assert len([number for number in drawn(page, 40) if number < 20]) > 10


COUNT_ENDS = """() => {
    globalThis.ends = 0;
    const { play } = HTMLMediaElement.prototype;
    HTMLMediaElement.prototype.play = function () {
        this.onended = () => (globalThis.ends += 1);
        return play.call(this);
    };
}"""
ENDS = """async (count) => {
    const limit = performance.now() + 10000;
    while (ends < count && performance.now() < limit) await new Promise(requestAnimationFrame);
    return ends;
}"""


def test_a_short_sound_is_heard_again_and_time_goes_on_after_it(player: Opener) -> None:
    page = player(sound=tone(0.3), frames=100)
    page.evaluate(COUNT_ENDS)
    page.locator("#sound").click()
    page.evaluate("nervPlayer.play()")
    assert page.evaluate(ENDS, 1) == 1
    page.evaluate("nervPlayer.show(0)")
    assert page.evaluate(ENDS, 2) == 2
    page.evaluate("nervPlayer.pause()")
    page.evaluate("nervPlayer.show(80)")
    page.evaluate("nervPlayer.play()")
    expect(page.locator("#number")).to_have_text("99", timeout=3000)


def test_an_original_or_a_sound_that_the_browser_cannot_play_is_a_sentence(player: Opener) -> None:
    page = player(beside=b"no video" * 100, sound=base64.b64encode(b"no sound" * 100).decode())
    expect(page.locator("#notes")).to_contain_text("This browser cannot play the original (video/mp4)")
    expect(page.locator("#notes")).to_contain_text("This browser cannot play the sound of the file.")
    expect(page.locator("#sound")).to_be_hidden()
    expect(page.locator("#divider")).to_be_hidden()


def test_the_keys_are_told(player: Opener) -> None:
    page = player()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("one frame back, forward")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement?.id === 'player'")


@pytest.mark.parametrize("width", [360, 1400])
def test_nothing_is_wider_than_the_screen(player: Opener, width: int) -> None:
    page = player(
        about={"title": "Bunny" * 30, "fileName": "bunny" * 30, "psnr": [30.0] * 12}, layers=16, beside=original(12)
    )
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_show_resolves_when_the_canvas_holds_the_frame(player: Opener) -> None:
    page = player(layers=2, milliseconds=20)
    assert page.evaluate("nervPlayer.opened.then((info) => info.layers)") == 2
    for number, layers in ((5, 1), (6, 2), (0, 2)):
        page.evaluate("([number, layers]) => nervPlayer.show(number, layers)", [number, layers])
        assert corner(page) == [number, layers]
    assert page.evaluate("nervPlayer.stats.network") == pytest.approx(0.011)
