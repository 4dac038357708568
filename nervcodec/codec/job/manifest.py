"""The manifest of an encode: everything that a worker needs to know, written to a file as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from nervcodec.bitstream.format import VERSION, Header, read_header, write_header
from nervcodec.codec.job.cutting import Segment
from nervcodec.codec.job.survey import Survey
from nervcodec.codec.options import MACHINE, EncodeOptions
from nervcodec.version import __version__
from nervcodec.video.images import images_in, is_pattern, numbered_files
from nervcodec.video.index import Index
from nervcodec.video.mask_rules import RULES

PROGRAM = f"{__version__} (file format {VERSION})"
"""What an encode is planned and fitted by; another one does not continue it."""
Identity = Mapping[str, Any]
"""A JSON object that tells one encode from another."""


@dataclass(frozen=True)
class Manifest:
    """A planned encode."""

    identity: Identity
    """Result of `identify`."""
    source: str
    options: EncodeOptions
    """Options with a set number of threads and, unless other machines fit, a set precision."""
    survey: Survey
    segments: tuple[Segment, ...]
    attached_bytes: int = 0
    """Bytes of the attachments."""
    arithmetic: str | None = None
    """Description of the arithmetic of the machine that planned; None if other machines fit, each in its own."""

    def to_json(self) -> dict[str, Any]:
        """The manifest as a JSON object."""
        survey = self.survey
        header = write_header(Header(video=survey.video, segments=(survey.frames,), clock=survey.clock))
        return {
            "identity": self.identity,
            "source": self.source,
            "options": self.options.to_json(),
            "video": header.hex(),
            "cuts": survey.cuts,
            "index": survey.index.to_json(),
            "segments": [asdict(segment) for segment in self.segments],
            "attached_bytes": self.attached_bytes,
            "arithmetic": self.arithmetic,
        }

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "Manifest":
        """The inverse of `to_json`.

        Raises ValueError, KeyError, TypeError, BitstreamError or RequestError for a record of anything else.
        """
        header, index = read_header(bytes.fromhex(record["video"])), Index.from_json(record["index"])
        return cls(
            identity=record["identity"],
            source=record["source"],
            options=EncodeOptions.from_json(record["options"]),
            survey=Survey(header.video, header.frames, tuple(record["cuts"]), header.clock, index),
            segments=tuple(Segment(**segment) for segment in record["segments"]),
            attached_bytes=int(record["attached_bytes"]),
            arithmetic=record["arithmetic"],
        )


def identify(source: str, options: EncodeOptions, digest: str | None = None) -> Identity:
    """The identity of an encode: program, video and options, not counting options about the machine.

    digest: digest of the video's content, in place of the names, sizes and times of its files.
    """
    path, files = Path(source), content(source, options, digest)
    chosen = {name: value for name, value in options.to_json().items() if name not in MACHINE}
    identity = {"program": PROGRAM, "source": str(path.absolute()), "files": files, "options": chosen}
    same: Identity = json.loads(json.dumps(identity))
    return same


def content(source: str, options: EncodeOptions, digest: str | None = None) -> str:
    """Digest that stands for the content of a video and its masks."""
    mask = options.mask if options.mask and not options.mask.startswith(RULES) else None
    return (digest or stamp(source)) + (stamp(mask) if mask else "")


def stamp(source: str) -> str:
    """Digest of the names, sizes and times of the files of a video."""
    path = Path(source)
    images = images_in(path) if path.is_dir() else numbered_files(path) if is_pattern(source) else [path]
    stamps = [(image.name, image.stat().st_size, image.stat().st_mtime_ns) for image in images if image.exists()]
    return sha256(repr(stamps).encode()).hexdigest()


def difference(manifest: Manifest, identity: Identity, options: EncodeOptions) -> str:
    """Differences of an encode from what was planned, as text; empty if there are none.

    Threads and precision of the plan are kept unless the options ask for others.
    """
    planned = manifest.identity
    words = {"source": "the video", "files": "the video's content", "program": "the version of nervc"}
    others = [word for name, word in words.items() if planned.get(name) != identity[name]]
    before: Identity = planned.get("options", {})
    chosen = [name for name, value in identity["options"].items() if before.get(name) != value]
    threads = ["threads"] if options.threads not in (None, manifest.options.threads) else []
    precision = ["precision"] if options.precision not in ("auto", manifest.options.precision) else []
    differing = ", ".join([*others, *chosen, *threads, *precision]).replace("_", " ")
    return differing and f"{differing} differ"


def located(options: EncodeOptions) -> EncodeOptions:
    """Options with an absolute path of the mask, for processes that run in another folder."""
    mask = options.mask
    return options if mask is None or mask.startswith(RULES) else replace(options, mask=str(Path(mask).absolute()))
