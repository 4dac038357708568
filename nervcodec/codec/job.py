"""The folder of an encode beside its output: what was planned and what is done. After a crash it is the truth.

It holds `job.json`, and for each segment a folder with the states of its fits, then its part of the file, `N.part`, and
what is reported of it, `N.json`. A part is a stream with one segment.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from nervcodec import __version__
from nervcodec.bitstream.container import Stream, read_stream
from nervcodec.bitstream.format import Header, read_header, write_header
from nervcodec.codec.lease import LEASE, lease
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.report import PartReport
from nervcodec.codec.scratch import Scratch
from nervcodec.codec.segments import Segment
from nervcodec.codec.survey import Survey
from nervcodec.errors import BitstreamError, OutputError, RequestError
from nervcodec.files import job_folder, replacing
from nervcodec.video.images import images_in, is_pattern, numbered_files
from nervcodec.video.index import Index

MANIFEST, SPOOLED, ATTACHED = "job.json", "input.y4m", "attached"


@dataclass(frozen=True)
class Part:
    """A segment that is done."""

    stream: Stream
    report: PartReport


class Job:
    """An encode that may have been begun before."""

    def __init__(self, folder: Path, survey: Survey, segments: tuple[Segment, ...]) -> None:
        self.folder, self.survey, self.segments = folder, survey, segments

    def scratch(self, index: int) -> Scratch:
        """Where the fits of a segment keep their states."""
        return Scratch(self.folder / f"{index}")

    def attachments(self) -> tuple[bytes, ...]:
        """What goes along with the pictures: nothing, or one thing."""
        path = self.folder / ATTACHED
        return (path.read_bytes(),) if path.exists() else ()

    def save_part(self, index: int, data: bytes, report: PartReport) -> None:
        """Note that a segment is done; the states of its fits go."""
        record = {"digest": sha256(data).hexdigest(), **report.to_json()}
        for name, content in ((f"{index}.part", data), (f"{index}.json", json.dumps(record).encode())):
            with replacing(self.folder / name) as path:
                path.write_bytes(content)
        shutil.rmtree(self.folder / f"{index}", ignore_errors=True)

    def load_part(self, index: int) -> Part | None:
        """The inverse of `save_part`; None for what is not there, or damaged."""
        try:
            data = (self.folder / f"{index}.part").read_bytes()
            record = json.loads((self.folder / f"{index}.json").read_text())
            if record.pop("digest") == sha256(data).hexdigest():
                return Part(read_stream(data), PartReport.from_json(record))
        except (OSError, ValueError, KeyError, TypeError, BitstreamError):
            pass
        return None


@contextmanager
def open_folder(output: str, *, fresh: bool = False) -> Iterator[Path]:
    """The folder for an encode, which goes when the block ends well, or in an error before anything is worth keeping.

    Raises OutputError when it cannot be made, or another process works there.
    """
    folder = job_folder(output)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}") from error
    try:
        with lease(folder) as held:
            if not held:
                raise OutputError(f"another process writes {output} right now, in {folder}")
            if fresh:
                _empty(folder, LEASE)
            try:
                yield folder
            except BaseException:
                if not has_work(folder):
                    _empty(folder, LEASE)
                raise
            _empty(folder, LEASE)
    finally:
        with suppress(OSError):  # it is kept unless it is empty
            folder.rmdir()


def identify(source: str, options: EncodeOptions, digest: str | None = None) -> dict[str, Any]:
    """What makes an encode the same as another, as JSON has it: program, video and options, but not the device.

    digest: of the video's content, in place of names, sizes and times of its files.
    """
    path = Path(source)
    images = images_in(path) if path.is_dir() else numbered_files(path) if is_pattern(source) else [path]
    stamps = [(image.name, image.stat().st_size, image.stat().st_mtime_ns) for image in images if image.exists()]
    files = digest or sha256(repr(stamps).encode()).hexdigest()
    chosen = {name: value for name, value in asdict(options).items() if name != "device"}
    identity = {"program": __version__, "source": str(path.absolute()), "files": files, "options": chosen}
    same: dict[str, Any] = json.loads(json.dumps(identity, default=str))
    return same


def begin_job(
    folder: Path,
    identity: Mapping[str, Any],
    survey: Survey,
    segments: tuple[Segment, ...],
    attached: bytes = b"",
) -> Job:
    """Write down what is planned, and what goes along with the pictures."""
    _empty(folder, LEASE, SPOOLED)
    header = write_header(Header(video=survey.video, segments=(survey.frames,), clock=survey.clock))
    record = {
        "identity": identity,
        "video": header.hex(),
        "cuts": survey.cuts,
        "index": survey.index.to_json(),
        "segments": [asdict(segment) for segment in segments],
    }
    if attached:
        with replacing(folder / ATTACHED) as path:
            path.write_bytes(attached)
    with replacing(folder / MANIFEST) as path:
        path.write_text(json.dumps(record))
    return Job(folder, survey, segments)


def resume_job(folder: Path, identity: Mapping[str, Any]) -> Job | None:
    """The inverse of `begin_job`; None where nothing was planned, or nothing of it was done.

    Raises RequestError where another encode was begun.
    """
    try:
        record = json.loads((folder / MANIFEST).read_text())
        header = read_header(bytes.fromhex(record["video"]))
        index = Index.from_json(record["index"])
        survey = Survey(header.video, header.frames, tuple(record["cuts"]), header.clock, index)
        segments = tuple(Segment(**segment) for segment in record["segments"])
        planned = record["identity"]
    except (OSError, ValueError, KeyError, TypeError, BitstreamError):
        return None
    if planned == identity:
        return Job(folder, survey, segments)
    if has_work(folder):
        raise RequestError(
            f"{folder} has the work of another encode ({_difference(planned, identity)}); --fresh throws it away"
        )
    return None


def has_work(folder: Path) -> bool:
    """Whether anything in the folder took a fit."""
    return any(folder.glob("*.part")) or any(folder.glob("*/*.safetensors"))


def _difference(planned: Mapping[str, Any], identity: Mapping[str, Any]) -> str:
    """In what two encodes differ, in words."""
    options = [name for name, value in identity["options"].items() if planned["options"].get(name) != value]
    words = {"source": "the video", "files": "the video's content", "program": "the version of nervc"}
    others = [word for name, word in words.items() if planned[name] != identity[name]]
    return ", ".join([*others, *options]).replace("_", " ") + " differ"


def _empty(folder: Path, *kept: str) -> None:
    """Remove everything but the files with some names."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in kept:
            path.unlink()
