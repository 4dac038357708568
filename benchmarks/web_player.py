"""Frames per second of the web player in Chromium, beside `nervc decode` on the same machine.

`python -m benchmarks.web_player FILE... -o RESULT.json`. Chromium is the one that NERVC_CHROMIUM names, or one of the
PATH. Its GPU is software, so WebGL2 and WebGPU run on the processor as WebAssembly does.
"""

import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import click
from playwright.sync_api import Browser, expect

import nervcodec
from benchmarks.record import write_record
from tests.chromium import launched

BACKENDS = {"wasm": 1000, "webgl2": 16, "webgpu": 16}
"""Frames that are shown with each backend, at most."""
RUNS = 3
PLAY = """async (most) => {
    const { frames } = await nervPlayer.opened;
    const begin = performance.now();
    await nervPlayer.show(0);
    const first = performance.now() - begin;
    const gaps = [];
    let before = performance.now();
    let running = true;
    const tick = (now) => {
        gaps.push(now - before);
        before = now;
        if (running) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    const start = performance.now();
    const last = Math.min(most, frames - 1);
    for (let number = 1; number <= last; number++) await nervPlayer.show(number);
    const seconds = (performance.now() - start) / 1000;
    running = false;
    return { first_ms: first, frames_a_second: last / seconds, longest_pause_ms: Math.max(...gaps) };
}"""


def played(browser: Browser, html: Path, backend: str) -> dict[str, float]:
    """Milliseconds until the first picture, frames per second, one after the other, and the longest time in
    milliseconds for which the page did nothing else."""
    page = browser.new_page()
    page.goto(html.as_uri())
    expect(page.locator("main")).to_have_attribute("data-state", "paused", timeout=60_000)
    page.select_option("#backend", backend)
    expect(page.locator("#backend")).to_be_enabled()
    found: dict[str, float] = page.evaluate(PLAY, BACKENDS[backend])
    page.close()
    return found


def decoded(path: Path, target: Path) -> dict[str, float]:
    """Frames per second of `nervc decode` into planes, without the start of Python."""
    started = perf_counter()
    report = nervcodec.decode(str(path), str(target), overwrite=True)
    return {"frames_a_second": report.frames / (perf_counter() - started)}


def medians(runs: list[dict[str, float]]) -> dict[str, float]:
    """The median of each figure of some runs."""
    return {name: round(median(run[name] for run in runs), 2) for name in runs[0]}


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
def main(files: tuple[Path, ...], output: Path) -> None:
    """Measure each file with each backend and with `nervc decode`, in turn, medians of a few runs."""
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        for path in files:
            html = Path(folder) / f"{path.stem}.html"
            report = nervcodec.export_page(str(path), str(html))
            runs: dict[str, list[dict[str, float]]] = {name: [] for name in ("decode", *BACKENDS)}
            for _ in range(RUNS):
                runs["decode"].append(decoded(path, Path(folder) / "a.y4m"))
                for backend in BACKENDS:
                    runs[backend].append(played(browser, html, backend))
            found = {name: medians(own) for name, own in runs.items()}
            results[path.stem] = {"player_bytes": report.player_bytes, **found}
            click.echo(f"{path.stem}: {results[path.stem]}")
    write_record(output, results)


if __name__ == "__main__":
    main()
