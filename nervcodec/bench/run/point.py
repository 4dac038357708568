"""One point of a benchmark, which is coded, decoded and measured."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any, cast

from torch import Tensor

from nervcodec.bench.codecs.material import Coded, Material, digest
from nervcodec.bench.codecs.names import codec_of
from nervcodec.bench.codecs.networks import NetworkCodec
from nervcodec.bench.data.protocols import describe_view
from nervcodec.bench.data.sequence import Sequence, check_frames
from nervcodec.bench.record import VERSION, Pictures, Record
from nervcodec.bench.run.keeping import keep_files
from nervcodec.bench.run.measuring import measure_clip, measure_vmaf, peak_memory
from nervcodec.bench.run.parts import measure_parts
from nervcodec.codec.segment.footage import load_clip
from nervcodec.errors import RequestError
from nervcodec.events import Event, StepDone
from nervcodec.metrics.yuv import CONVERSION
from nervcodec.video.colour import describe_conversion
from nervcodec.video.view import View
from nervcodec.video.writer import write_frames

Progress = Callable[[float], None]
"""A function that takes the share of a point that is done."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """The task that makes a line of results.jsonl."""

    dataset: str
    protocol: str
    suite: str | None
    sequence: Sequence
    view: View
    """View of the sequence's source."""
    codec: str
    label: str
    setting: dict[str, Any]
    shm_encoder: Path | None = None
    vmaf: bool = True
    keep_files: bool = False

    @property
    def name(self) -> str:
        """Name of the point for people."""
        return f"{self.sequence.name} {self.codec} {self.label}"

    @property
    def key(self) -> str:
        """Hash of all that decides the point."""
        source = [self.sequence.name, Path(self.sequence.source).name, self.sequence.size_on_disk]
        view = {name: value for name, value in vars(self.view).items() if name != "depth"}  # that is always 8
        seen = [self.protocol, view, str(self.sequence.frame_rate)]
        decides = [self.dataset, source, seen, self.suite, self.codec, self.label, self.setting]
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]

    def record(self, **known: Any) -> Record:
        """A line of results with what is known of the point."""
        made = {
            "version": VERSION,
            "key": self.key,
            "dataset": self.dataset,
            "protocol": self.protocol,
            "suite": self.suite,
            "video": self.sequence.name,
            "codec": self.codec,
            "label": self.label,
            "setting": self.setting,
            "domain": self.view.domain,
            "view": describe_view(self.sequence, self.view),
            **known,
        }
        return cast(Record, made)  # the runner adds the rest

    def failed(self, kind: str, message: str) -> Record:
        """The line of results of a point that failed."""
        return self.record(status="failed", error={"kind": kind, "message": message}, conversion="")


def run_point(point: Point, folder: Path, progress: Progress) -> Record:
    """Code, decode and measure a point; pictures go into `folder / "pictures"`.

    Raises NervcodecError for a point that cannot be coded.
    """
    began = monotonic()
    material = _load(point)

    def observe(event: Event) -> None:
        if isinstance(event, StepDone):
            progress(event.step / event.steps)

    codec = codec_of(point.codec, point.setting, point.shm_encoder, observe)
    coded = codec.encode(material, point.setting)
    started, peak = monotonic(), peak_memory()
    height, width = material.video.map_size
    decoded = codec.decode(material, coded)[..., :height, :width]
    seconds = monotonic() - started
    if decoded.shape != material.clip.shape:
        raise RequestError(f"{point.codec}: a clip of {tuple(material.clip.shape)} decoded to {tuple(decoded.shape)}")
    parts = {}
    if point.suite and isinstance(codec, NetworkCodec):
        parts = measure_parts(codec, coded, decoded, material, point.setting)
    return point.record(
        status="done",
        command=coded.command,
        conversion=_describe(point, coded),
        **_measures(coded, decoded, material),
        **({"parts": parts} if parts else {}),
        vmaf=measure_vmaf(decoded, material.clip, material.video) if point.vmaf else None,
        encode_seconds=coded.seconds,
        decode_seconds=None if coded.decoded is not None else seconds,
        peak_memory=peak,
        pictures=_save_pictures(point, folder, decoded, material),
        **({"files": keep_files(folder, point.key, coded, material)} if point.keep_files else {}),
        seconds=monotonic() - began,
    )


def _describe(point: Point, coded: Coded) -> str:
    """What becomes of the source's samples until they are measured, in words."""
    domain = point.view.domain
    measured = {"rgb": f"YUV PSNR: {CONVERSION}", "yuv420": "RGB PSNR: of the planes by swscale"}[domain]
    return f"{describe_conversion(point.sequence.format, domain)}; {coded.conversion}; {measured}"


def _load(point: Point) -> Material:
    """Read the frames of a point; raises VideoError where their number is wrong."""
    video, clip = load_clip(point.sequence.source, point.view)
    check_frames(point.sequence, point.view, len(clip))
    return Material(point.sequence.source, point.view, replace(video, frame_rate=point.sequence.frame_rate), clip)


def _measures(coded: Coded, decoded: Tensor, material: Material) -> dict[str, Any]:
    """All figures of a point that follow from the stream and the frames."""
    frames, height, width = len(decoded), material.video.height, material.video.width
    rate, bits = float(material.video.frame_rate), 8 * len(coded.data)
    return {
        "width": width,
        "height": height,
        "frames": frames,
        "frame_rate": rate,
        "source_sha256": digest(material.clip, material.video),
        "stream_sha256": hashlib.sha256(coded.data).hexdigest(),
        "bytes": len(coded.data),
        "bpp": bits / (width * height * frames),
        "kbps": bits * rate / frames / 1000,
        **measure_clip(decoded, material.clip, material.video),
        "parameters": coded.parameters,
        "kmac_per_pixel": None if coded.macs is None else coded.macs / (1000 * width * height),
    }


def _save_pictures(point: Point, folder: Path, decoded: Tensor, material: Material) -> Pictures:
    """Write the middle frame and its original as PNG, and return their paths."""
    frame = len(decoded) // 2
    names = point.key, f"source-{digest(material.clip[frame : frame + 1], material.video)[:16]}"
    pictures = folder / "pictures"
    pictures.mkdir(exist_ok=True)
    for name, picture in zip(names, (decoded[frame], material.clip[frame]), strict=True):
        with write_frames(str(pictures / f"{name}-%d.png"), material.video) as sink:
            sink(picture.permute(1, 2, 0).numpy())
    decoded_path, source_path = (f"{pictures.name}/{name}-1.png" for name in names)
    return {"frame": frame, "decoded": decoded_path, "source": source_path}
