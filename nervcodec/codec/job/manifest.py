"""What an encode is: all that a worker needs to know, so that it can be told in a file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from nervcodec.bitstream.format import Header, read_header, write_header
from nervcodec.codec.job.cutting import Segment
from nervcodec.codec.job.survey import Survey
from nervcodec.codec.options import MACHINE, EncodeOptions
from nervcodec.version import __version__
from nervcodec.video.images import images_in, is_pattern, numbered_files
from nervcodec.video.index import Index
from nervcodec.video.mask_rules import RULES

Identity = Mapping[str, Any]
"""As JSON has it."""


@dataclass(frozen=True)
class Manifest:
    """An encode that was looked into."""

    identity: Identity
    """What `identify` said."""
    source: str
    options: EncodeOptions
    """With a number of threads, and with a precision unless others fit."""
    survey: Survey
    segments: tuple[Segment, ...]
    attached_bytes: int = 0
    """Of what goes along with the pictures."""
    arithmetic: str | None = None
    """What the machine fits in that planned it, in words; None where others fit, each in its own."""

    def to_json(self) -> dict[str, Any]:
        """As JSON has it."""
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

        Raises ValueError, KeyError, TypeError, BitstreamError or RequestError for anything else.
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
    """What makes an encode the same as another: program, video and options, but not the machine.

    digest: of the video's content, in place of names, sizes and times of its files.
    """
    path, files = Path(source), content(source, options, digest)
    chosen = {name: value for name, value in options.to_json().items() if name not in MACHINE}
    identity = {"program": __version__, "source": str(path.absolute()), "files": files, "options": chosen}
    same: Identity = json.loads(json.dumps(identity))
    return same


def content(source: str, options: EncodeOptions, digest: str | None = None) -> str:
    """What stands for the content of a video and its masks."""
    mask = options.mask if options.mask and not options.mask.startswith(RULES) else None
    return (digest or stamp(source)) + (stamp(mask) if mask else "")


def stamp(source: str) -> str:
    """Names, sizes and times of the files of a video, as a digest."""
    path = Path(source)
    images = images_in(path) if path.is_dir() else numbered_files(path) if is_pattern(source) else [path]
    stamps = [(image.name, image.stat().st_size, image.stat().st_mtime_ns) for image in images if image.exists()]
    return sha256(repr(stamps).encode()).hexdigest()


def difference(manifest: Manifest, identity: Identity, options: EncodeOptions) -> str:
    """In what another encode differs from what was planned, in words; empty if it does not.

    It has the threads and the precision of the plan unless it asks for others.
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
    """The same options for a process that runs in another folder."""
    mask = options.mask
    return options if mask is None or mask.startswith(RULES) else replace(options, mask=str(Path(mask).absolute()))
