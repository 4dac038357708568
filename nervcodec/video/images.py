"""Images that are the frames of a video: numbered files, and folders of them."""

import re
from pathlib import Path

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm"}
NUMBER = re.compile(r"%0?(\d*)d")
"""Where a pattern such as `%05d.png` has its number."""


def is_pattern(source: str) -> bool:
    """Whether a name stands for numbered files; a file that is really called so is none."""
    path = Path(source)
    return NUMBER.search(path.name) is not None and not path.exists()


def numbered_files(pattern: Path) -> list[Path]:
    """The files that a pattern stands for, by number."""
    match = NUMBER.search(pattern.name)
    assert match
    numbered = re.compile(re.escape(pattern.name[: match.start()]) + r"(\d+)" + re.escape(pattern.name[match.end() :]))
    found = [(m, path) for path in pattern.parent.glob("*") if (m := numbered.fullmatch(path.name))]
    return [path for _, path in sorted(found, key=lambda pair: int(pair[0][1]))]


def images_in(folder: Path) -> list[Path]:
    """The images of a folder as people order them: `2.png` before `10.png`."""
    images = [p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")]
    return sorted(images, key=lambda p: [(text, int(n or 0)) for text, n in re.findall(r"(\D*)(\d*)", p.name)])
