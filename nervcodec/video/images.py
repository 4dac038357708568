"""Images that are the frames of a video: numbered files, and folders of them."""

import re
from collections.abc import Sequence
from itertools import islice, pairwise
from pathlib import Path

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm"}
SUFFIXES |= {".pgm", ".pnm", ".pam", ".tga", ".dpx", ".jp2", ".j2k", ".pcx", ".sgi", ".qoi"}
"""Suffixes of images that are read from a folder."""
MOST_NAMED = 1000
"""Missing numbers that are named, at most."""
MOST_DIGITS = 9
"""Digits of a number that counts pictures, at most; more of them are a date and time, as cameras name files by."""
NUMBERED = re.compile(r"(.*?)(\d+)(\D*)")
"""What is before the last number of a name, the number, and what is after it."""
NUMBER = re.compile(r"%0?(\d*)d")
"""The place of the number in a pattern such as `%05d.png`."""


def is_pattern(source: str) -> bool:
    """Whether a name stands for numbered files; the name of a file that exists does not."""
    path = Path(source)
    return NUMBER.search(path.name) is not None and not path.exists()


def numbered_files(pattern: Path) -> list[Path]:
    """The files that a pattern stands for, in the order of their numbers."""
    match = NUMBER.search(pattern.name)
    assert match
    numbered = re.compile(re.escape(pattern.name[: match.start()]) + r"(\d+)" + re.escape(pattern.name[match.end() :]))
    found = [(m, path) for path in pattern.parent.glob("*") if (m := numbered.fullmatch(path.name))]
    return [path for _, path in sorted(found, key=lambda pair: int(pair[0][1]))]


def sequences(images: Sequence[Path]) -> list[Path]:
    """The first image of each sequence, which are names that differ in a number only."""
    first: dict[tuple[str, str] | None, Path] = {}
    for path in images:
        part = NUMBERED.fullmatch(path.name)
        first.setdefault((part[1], part[3]) if part else None, path)
    return list(first.values())


def missing_numbers(images: Sequence[Path]) -> list[int]:
    """The numbers between the first and the last of numbered images that none of them has; none where names do not
    count, or at the same place."""
    parts = [NUMBERED.fullmatch(path.name) for path in images]
    if len(sequences(images)) != 1 or None in parts:
        return []
    numbers = [int(part[2]) for part in parts if part and len(part[2]) <= MOST_DIGITS]
    missing = (number for before, after in pairwise(numbers) for number in range(before + 1, after))
    return list(islice(missing, MOST_NAMED))


def images_in(folder: Path) -> list[Path]:
    """The images in a folder, ordered by the numbers in their names: `2.png` before `10.png`."""
    images = [p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")]
    return sorted(images, key=lambda p: [(text, int(n or 0)) for text, n in re.findall(r"(\D*)(\d*)", p.name)])
