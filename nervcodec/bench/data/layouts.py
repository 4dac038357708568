"""Places of the videos of a data set in a folder, as archives and scripts leave them."""

from dataclasses import dataclass
from pathlib import Path

from nervcodec.bench.data.catalogue import DataSet, Known, name_key
from nervcodec.errors import VideoError
from nervcodec.video.images import images_in
from nervcodec.video.raw import is_raw

SUFFIXES = (".y4m", ".mkv", ".mp4", ".mov", ".m4v", ".avi", ".webm")
IMAGE_FOLDERS = "JPEGImages"


@dataclass(frozen=True)
class Place:
    """A video file or a folder of images, and the frames in it that are a sequence."""

    path: Path
    first: int = 0
    """Index of the sequence's first frame."""
    shared: int | None = None
    """Number of images in the folder, where it holds several sequences."""


def clips_in(folder: Path) -> list[Path]:
    """The video files and folders of images in a folder, by name; the folder itself where it holds images only.

    A video file counts as a folder that holds it alone. Raises VideoError for a path that is missing or unreadable.
    """
    try:
        if folder.is_file():
            return [folder]
        clips = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".") and _is_clip(path)]
        return clips or ([folder] if images_in(folder) else [])
    except OSError as error:
        raise VideoError(f"{folder}: {error.strerror}") from error


def locate(known: DataSet, root: Path, wanted: tuple[Known, ...]) -> dict[Known, list[Place]]:
    """Places of each wanted sequence: none, one, or several that are equally good.

    Raw planes are preferred to other video files, and these to images; `root` is preferred to the folders in it.
    Raises VideoError for folders that cannot be read.
    """
    clips = next(found for found in _levels(known, root) if found is not None)
    named = {one: _best([(path, depth) for path, depth in clips if name_key(stem(path)) in one.keys]) for one in wanted}
    if any(named.values()) or not known.joined:
        return {one: [Place(path) for path in paths] for one, paths in named.items()}
    return _joined(known, clips, wanted)


def _joined(known: DataSet, clips: list[tuple[Path, int]], wanted: tuple[Known, ...]) -> dict[Known, list[Place]]:
    """The sequences as ranges of a folder with all frames of all sequences."""
    total, first, places = sum(one.frames for one in known.sequences), 0, {}
    folders = [path for path, _ in clips if path.is_dir() and len(images_in(path)) == total]
    for one in known.sequences:
        places[one] = [Place(folder, first, total) for folder in folders]
        first += one.frames
    return {one: places.get(one, []) for one in wanted}


def _levels(known: DataSet, root: Path) -> list[list[tuple[Path, int]] | None]:
    """Clips and their depth in folders: of each resolution (None where it is missing), last of root and its folders."""
    bases = [root, *_below(root, IMAGE_FOLDERS)]
    bases += [base for folder in _below(root, known.name) for base in [folder, *_below(folder, IMAGE_FOLDERS)]]
    levels: list[list[tuple[Path, int]] | None] = []
    for resolution in known.resolutions:
        folders = [folder for base in bases for folder in _below(base, resolution)]
        levels.append([(path, 0) for path in clips_in(folders[0])] if folders else None)
    below = [(path, 0) for path in clips_in(root)]
    if root.is_dir():
        below += [(path, 1) for folder in _folders(root) if not images_in(folder) for path in clips_in(folder)]
    return [*levels, below]


def _best(clips: list[tuple[Path, int]]) -> list[Path]:
    ranked = [((_kind(path), depth), path) for path, depth in clips]
    best = min((rank for rank, _ in ranked), default=None)
    return [path for rank, path in ranked if rank == best]


def _kind(path: Path) -> int:
    return 2 if path.is_dir() else 0 if is_raw(path) else 1


def _is_clip(path: Path) -> bool:
    if path.is_dir():
        return bool(images_in(path))
    return is_raw(path) or path.suffix.lower() in SUFFIXES


def stem(path: Path) -> str:
    """The name of a file without its suffix, or of a folder."""
    return path.name if path.is_dir() else path.stem


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))


def _below(root: Path, name: str) -> list[Path]:
    """The folders in a folder that have a name, in upper or lower case."""
    return [path for path in _folders(root) if path.name.casefold() == name.casefold()] if root.is_dir() else []
