"""The original of a file, for a page that shows it beside the decoded frames."""

from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

from nervcodec.bitstream.container import open_stream
from nervcodec.codec.decoding.between import frames_at
from nervcodec.codec.decoding.verify import original_frames
from nervcodec.codec.stream.file import stream_file
from nervcodec.events import FramesDone, Observer
from nervcodec.metrics.quality import QualityMeter
from nervcodec.video.muxing import file_kind, write_container
from nervcodec.video.view import View

KEYS = {"g": "12"}
"""Option of x264 for short ways from a key frame to any other: a page seeks to every frame that it shows."""


@dataclass(frozen=True)
class Original:
    """An original, frame by frame at the times of the decoded frames, and how near these come to it."""

    mp4: bytes
    """An MP4 file of H.264, in the size of the decoded frames."""
    psnrs_db: list[float]
    """PSNR in dB of each decoded frame."""
    kind: str
    """Name of the PSNR."""

    @property
    def psnr_db(self) -> float:
        """Mean PSNR of the decoded frames in dB."""
        return fmean(self.psnrs_db)


def read_original(path: str, source: str, view: View, observe: Observer) -> Original:
    """What a view shows of `source`, the video that the `.nerv` file at `path` was made from.

    Raises what `nervcodec.verify` raises.
    """
    with stream_file(path) as data, TemporaryDirectory() as folder:
        stream = open_stream(data)
        header = stream.header
        schedule = header.playback.schedule(header.times, header.video.frame_rate, header.clock)
        meter, mp4 = QualityMeter(header.video), Path(folder) / "original.mp4"
        originals = original_frames(source, view, header)
        kind = file_kind(".mp4", header.video, schedule.clock)
        kind = replace(kind, options=kind.options | KEYS)
        with write_container(mp4, kind, header.video, schedule.clock) as sink:
            for done, frame in enumerate(frames_at(stream, schedule.moments), 1):
                original = next(originals)
                meter.add(frame[None], original[None])
                sink(original.permute(1, 2, 0).numpy())
                observe(FramesDone(stage="measure", frames=done, total=header.shown))
            next(originals, None)  # raises RequestError if the video has more frames
        name = "YUV PSNR" if header.video.domain == "yuv420" else "RGB PSNR"
        return Original(mp4.read_bytes(), [round(x, 2) for x in meter.to_json()["psnrs"]], name)
