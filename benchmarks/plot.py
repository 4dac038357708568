"""Rate-distortion curves as SVG, without a plotting library."""

from math import ceil, floor, log2
from typing import Any
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 480
LEFT, RIGHT, TOP, BOTTOM = 60, 200, 40, 50
COLOURS = ("#c0392b", "#e59866", "#8e44ad", "#c39bd3", "#16a085", "#76d7c4", "#2c3e50", "#7f8c8d", "#2471a3", "#85c1e9")


def rate_distortion_plot(title: str, curves: dict[str, list[dict[str, Any]]]) -> str:
    """An SVG of PSNR over bits per pixel, the latter in octaves."""
    points = [p for curve in curves.values() for p in curve]
    octaves = [log2(p["bits_per_pixel"]) for p in points]
    left, right = floor(min(octaves)), ceil(max(octaves))
    low, high = floor(min(p["psnr_db"] for p in points)), ceil(max(p["psnr_db"] for p in points))

    def x(bits_per_pixel: float) -> float:
        return LEFT + (log2(bits_per_pixel) - left) / (right - left) * (WIDTH - LEFT - RIGHT)

    def y(psnr_db: float) -> float:
        return float(TOP + (high - psnr_db) / (high - low) * (HEIGHT - TOP - BOTTOM))

    parts = [_text(LEFT, 20, title), _text(LEFT, HEIGHT - 8, "bits per pixel"), _text(4, TOP - 8, "PSNR, dB")]
    for octave in range(left, right + 1):
        parts += [
            _line(x(2**octave), TOP, x(2**octave), HEIGHT - BOTTOM),
            _text(x(2**octave) - 12, HEIGHT - 30, f"{2**octave:.3g}"),
        ]
    for level in range(low, high + 1):
        parts += [_line(LEFT, y(level), WIDTH - RIGHT, y(level)), _text(LEFT - 26, y(level) + 4, str(level))]
    for i, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[i % len(COLOURS)]
        places = [(x(p["bits_per_pixel"]), y(p["psnr_db"])) for p in sorted(curve, key=lambda p: p["bits_per_pixel"])]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in places]
        parts.append(_text(WIDTH - RIGHT + 12, TOP + 18 * i + 10, name, colour))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n{body}\n</svg>\n'
    )


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def _text(x: float, y: float, text: str, colour: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}">{escape(text)}</text>'
