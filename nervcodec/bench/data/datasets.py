"""Finding the sequences of a data set on this machine: all of them, or an error that names what is missing."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from nervcodec.bench.data.catalogue import BUNNY, DATASETS, DataSet, Known, name_key, set_name, short_name
from nervcodec.bench.data.layouts import Place, clips_in, locate, stem
from nervcodec.bench.data.sequence import Sequence
from nervcodec.errors import NervcodecError, RequestError, VideoError
from nervcodec.picture import SHALLOW, VideoFormat
from nervcodec.video.images import images_in
from nervcodec.video.raw import is_raw
from nervcodec.video.reader import read_frames
from nervcodec.video.sources import count_frames
from nervcodec.video.view import View

SAMPLE = "bunny_1280x720_132f.mp4"
SAMPLE_FOLDERS = (Path(__file__).parent, Path(__file__).parents[3] / "tests" / "data")
"""Folders of the sample clip, in an installed package and in the repository."""


def find_sequences(dataset: str, root: Path | None = None, videos: tuple[str, ...] | None = None) -> list[Sequence]:
    """The sequences of a data set, by its name, or of a folder of clips, by its path.

    `root` is the folder that holds the data; `bunny` needs none, and the path of a folder of clips is relative to it.
    `videos` names the wanted sequences, in upper or lower case and by any alias; None means all of them.

    Raises RequestError for an unknown data set or video, VideoError for data that is missing, too short or unreadable.
    """
    known = DATASETS.get(set_name(dataset))
    if known:
        return find_known(known, root, videos)
    folder = (root or Path()) / dataset
    if not folder.exists():
        raise RequestError(f"{dataset} is no data set ({', '.join(DATASETS)}) and no folder of clips")
    return find_clips(folder, videos)


def find_known(known: DataSet, root: Path | None, videos: tuple[str, ...] | None = None) -> list[Sequence]:
    """The sequences of a data set in a folder; where it has several resolutions, those that the papers use.

    Raises errors as `find_sequences` does; one error names everything that is missing or too short.
    """
    wanted = known.choose(videos)
    root = _root(known, root)
    located = locate(known, root, wanted)
    missing = [one.name for one, places in located.items() if not places]
    found, problems = [], [f"missing {', '.join(missing)}"] if missing else []
    for one, places in located.items():
        if not places:
            continue
        try:
            found.append(_known_sequence(one, places))
        except NervcodecError as error:
            problems.append(str(error))
    if problems:
        raise VideoError(
            f"{known.name} in {root}: {'; '.join(problems)}. {known.name} is from {known.site}; --videos takes some"
            f" of its videos, --dataset {root} all clips in that folder"
        )
    return found


def find_clips(folder: Path, videos: tuple[str, ...] | None = None) -> list[Sequence]:
    """Each video file and each folder of images in a folder as a sequence; the folder itself if it holds images only.

    Names are shortened where they remain different. Raises errors as `find_sequences` does.
    """
    paths = clips_in(folder)
    if not paths:
        raise VideoError(f"{folder}: neither video files nor folders of images in it")
    count = Counter(name_key(stem(path)) for path in paths)
    clips = {(short_name(stem(path)) if count[name_key(stem(path))] == 1 else path.name): path for path in paths}
    if videos is not None:
        by_name = {spelling.casefold(): name for name, path in clips.items() for spelling in (name, path.name)}
        unknown = [video for video in videos if video.casefold() not in by_name]
        if unknown:
            raise RequestError(f"{folder} has no {', '.join(unknown)}; it has {', '.join(clips)}")
        clips = {by_name[video.casefold()]: clips[by_name[video.casefold()]] for video in videos}
    found, problems = [], []
    for name, path in clips.items():
        try:
            video, total = _probe(Place(path))
            found.append(Sequence(name=name, source=str(path), frames=total, format=video, where=_words(path, total)))
        except NervcodecError as error:
            problems.append(str(error))
    if problems:
        raise VideoError("; ".join(problems))
    return found


def _root(known: DataSet, root: Path | None) -> Path:
    if root is None and known.name == BUNNY.name:
        samples = [folder / SAMPLE for folder in SAMPLE_FOLDERS if (folder / SAMPLE).exists()]
        if not samples:
            raise VideoError(f"{SAMPLE} is not in this installation; it is among {known.site}")
        return samples[0]
    if root is None:
        raise RequestError(f"{known.name} needs --root, the folder it lies in; it is from {known.site}")
    if not root.exists():
        raise VideoError(f"{root}: no such folder; {known.name} is from {known.site}")
    return root


def _known_sequence(one: Known, places: list[Place]) -> Sequence:
    """The sequence in its place; raises VideoError for one that is ambiguous, undecodable, or of another length."""
    if len(places) > 1:
        raise VideoError(f"{one.name} is found more than once ({', '.join(str(place.path) for place in places)})")
    place = places[0]
    video, total = _probe(place)
    if place.shared:
        where = f"images {place.first + 1} to {place.first + one.frames} of the {place.shared} in {place.path}"
    elif total == one.frames:
        where = _words(place.path, total)
    else:
        raise VideoError(f"{one.name} has {total} frames, not {one.frames} ({place.path})")
    return Sequence(
        name=one.name,
        source=str(place.path),
        first=place.first,
        frames=one.frames,
        format=replace(video, frame_rate=one.rate),
        where=where,
    )


def _probe(place: Place) -> tuple[VideoFormat, int]:
    """The format of a source, and its number of frames.

    Raises VideoError for a source that cannot be decoded.
    """
    with read_frames(str(place.path), View(first=place.first, depth=SHALLOW)) as video:
        total = count_frames(str(place.path)) if video.total is None else video.total + place.first
        return video.format, total


def _words(path: Path, total: int) -> str:
    if path.is_dir():
        images = images_in(path)
        return f"{len(images)} images in {path}, {images[0].name} to {images[-1].name}"
    return f"raw planes in {path}, {total} frames" if is_raw(path) else str(path)
