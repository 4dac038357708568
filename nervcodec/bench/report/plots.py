"""Plots of a comparison as SVG that takes its colours and fonts from the page around it.

No text of a record gets into a plot (captions and legends belong to the page), so nothing is read as markup.
"""

import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nervcodec.extras import needing
from nervcodec.metrics.rd import Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = 8
"""Number of colours: custom properties `--c0` to `--c7`, which the page has to define for light and for dark."""
DASHES = ((), (5.0, 2.0), (1.5, 1.5))
SHAPES = ((24, 0), (4, 45), (3, 0), (4, 0), (3, 180), (5, 0), (6, 0))
"""Number of corners, and rotation in degrees, of the marks: disc, square, triangle, diamond and so on."""
SIZE = (4.8, 3.2)
"""Size of a plot in inches of 72 points; text has 9 points, so that it is readable on a plot as wide as a phone."""
INNER = (0.13, 0.145, 0.855, 0.835)
"""Left, bottom, width and height of the axes, as shares of the plot."""
INK, LINES = "#010203", "#040506"
"""Placeholders for the page's colours of text and of grids until the SVG is made."""


def dash(number: int) -> tuple[float, ...]:
    """Lengths of the dashes and gaps of a curve; empty for a line without gaps."""
    return DASHES[number // len(SHAPES) % len(DASHES)]


def corners(number: int, radius: float) -> list[Point]:
    """Corners of the mark of a curve around the origin, with y downwards, as Matplotlib draws it."""
    count, turn = SHAPES[number % len(SHAPES)]
    angles = (math.radians(turn) + 2 * math.pi * i / count for i in range(count))
    return [(round(-radius * math.sin(a), 2), round(-radius * math.cos(a), 2)) for a in angles]


def rate_plot(curves: Mapping[int, Sequence[Point]], axis: str) -> str:
    """Plot quality over bits per pixel, in octaves; each curve has the number that decides its look."""
    with _axes("bits per pixel", axis) as (axes, svg):
        for number, curve in curves.items():
            axes.plot(*zip(*curve, strict=True), **_look(number))
        _logarithmic(axes, 2, 1.5)
    return svg[0]


def frames_plot(curves: Mapping[int, Sequence[float]], axis: str) -> str:
    """Plot the PSNR of each frame."""
    with _axes("frame", axis) as (axes, svg):
        for number, curve in curves.items():
            axes.plot(range(len(curve)), curve, **{**_look(number), "marker": "", "linewidth": 1.2})
        axes.locator_params("x", integer=True)
    return svg[0]


def speed_plot(points: Mapping[int, Point], axis: str) -> str:
    """Plot BD-rate in percent over a time or a speed, in decades."""
    with _axes(axis, "BD-rate, %") as (axes, svg):
        axes.axhline(0, color=INK, linewidth=0.8)
        for number, (speed, rate) in points.items():
            axes.plot([speed], [rate], **{**_look(number), "markersize": 8})
        _logarithmic(axes, 10, 3)
    return svg[0]


def numbered(svg: str, number: int) -> str:
    """An SVG whose ids differ from those of the SVGs with other numbers."""
    return re.sub(r'( id="|"#|url\(#)', rf"\g<1>p{number}", svg)


def _look(number: int) -> dict[str, Any]:
    count, turn = SHAPES[number % len(SHAPES)]
    gaps = dash(number)
    return {
        "color": _stand_in(number % COLOURS),
        "linestyle": (0, gaps) if gaps else "-",
        "linewidth": 1.6,
        "marker": (count, 0, turn),
        "markersize": 5.5,
    }


def _stand_in(colour: int) -> str:
    return f"#0708{9 + colour:02x}"


@contextmanager
def _axes(across: str, up: str) -> Iterator[tuple["Axes", list[str]]]:
    """Empty axes to draw on; the list holds the SVG when the block has ended."""
    with needing("bench"):
        import matplotlib
        from matplotlib.figure import Figure
    style: dict[Any, Any] = {
        "svg.hashsalt": "nervcodec",
        "svg.fonttype": "none",
        "font.size": 9,
        "axes.linewidth": 0.8,
        **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK),
        "grid.color": LINES,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
    }
    svg: list[str] = []
    with matplotlib.rc_context(style):
        figure = Figure(figsize=SIZE)
        axes = figure.add_axes(INNER)
        yield axes, svg
        axes.set(xlabel=across, ylabel=up)
        axes.minorticks_off()
        drawn = io.BytesIO()
        figure.savefig(
            drawn, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
        )
    svg.append(_for_page(drawn.getvalue().decode(), f"{up} over {across}"))


def _logarithmic(axes: "Axes", base: int, between: float) -> None:
    """Set ticks at powers of the base and, where those are few, at `between` times the powers."""
    from matplotlib.ticker import LogLocator

    axes.set_xscale("log", base=base)
    few = math.log(axes.get_xlim()[1] / axes.get_xlim()[0], base) < 3
    axes.xaxis.set_major_locator(LogLocator(base=base, subs=(1, between) if few else (1,)))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.3g}")


def _for_page(svg: str, label: str) -> str:
    """An SVG without prologue, description, fonts, colours of its own, and ids that nothing refers to."""
    svg = svg[svg.index("<svg") :]
    for stand_in, colour in _colours():
        svg = svg.replace(stand_in, colour)
    used = set(re.findall(r'(?:"#|url\(#)([\w.-]+)', svg))
    svg = re.sub(r' id="([\w.-]+)"', lambda found: found[0] if found[1] in used else "", svg)
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r" font-family: [^;]*;", "", svg)
    svg = re.sub(r"\s*\n\s*", " ", svg)
    return re.sub(r'<svg [^>]*?(viewBox="[^"]*")[^>]*>', rf'<svg \1 role="img" aria-label="{label}">', svg, count=1)


def _colours() -> Iterable[tuple[str, str]]:
    yield from ((INK, "var(--ink)"), (LINES, "var(--line)"))
    yield from ((_stand_in(i), f"var(--c{i})") for i in range(COLOURS))
