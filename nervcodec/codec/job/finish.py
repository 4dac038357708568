"""Joins the parts of a job into its file, and their reports into one report."""

from collections.abc import Sequence
from dataclasses import replace

from nervcodec.bitstream.container import layer_ends, write_stream
from nervcodec.codec.job.folder import Job
from nervcodec.codec.segment.report import EncodeReport, LayerReport, PartReport
from nervcodec.codec.stream.joining import join
from nervcodec.metrics.value import Quality
from nervcodec.picture import VideoFormat


def finish(job: Job) -> tuple[bytes, EncodeReport]:
    """The file of a job whose parts are all done, and its report.

    Raises OutputError for a part that is damaged or gone.
    """
    parts = [job.part(index) for index in range(len(job.segments))]
    joint, found, attachments = join([part.stream for part in parts]), job.survey, job.attachments()
    header = replace(joint.header, video=found.video, clock=found.clock)
    data = write_stream(replace(joint, header=header, attachments=attachments))
    attached = sum(map(len, attachments))
    return data, joined([part.report for part in parts], layer_ends(data), attached, found.video)


def joined(parts: Sequence[PartReport], ends: Sequence[int], attached: int, video: VideoFormat) -> EncodeReport:
    """The report of a file, joined from the reports of its segments.

    ends: position at which each layer ends, in bytes; attached: bytes of the attachments.
    """
    frames, reports = sum(part.whole.frames for part in parts), [part.whole for part in parts]
    fitted = sum(part.fitted for part in parts)
    known = [report.assisted_bytes for report in reports if report.assisted_bytes is not None]
    assisted = sum(known) if known else None

    def layer(number: int) -> LayerReport:
        own = [report.layers[number] for report in reports if number < len(report.layers)]
        shown = [(report.layers[: number + 1][-1], part.fitted) for report, part in zip(reports, parts, strict=True)]
        quality = Quality.mean((made.quality, count) for made, count in shown)
        assert quality is not None
        file_bytes = ends[number] - (assisted or 0)
        return LayerReport(
            quality=quality,
            file_bytes=file_bytes,
            bits_per_pixel=video.bits_per_pixel(file_bytes - attached, fitted),
            parameters=sum(made.parameters for made in own),
            steps=sum(made.steps for made in own),
            fit_seconds=sum(made.fit_seconds for made in own),
            decode_seconds=sum(made.decode_seconds for made, _ in shown),
        )

    layers = tuple(layer(number) for number in range(len(ends)))
    return EncodeReport(
        quality=layers[-1].quality,
        file_bytes=ends[-1],
        bits_per_pixel=video.bits_per_pixel(ends[-1] - attached, frames),
        frames=frames,
        parameters=sum(made.parameters for made in reports),
        steps=sum(made.steps for made in reports),
        fit_seconds=sum(made.fit_seconds for made in reports),
        decode_seconds=sum(made.decode_seconds for made in reports),
        layers=layers,
        masked=Quality.mean((part.whole.masked, part.masked) for part in parts),
        missing=Quality.mean((part.whole.missing, part.missing) for part in parts),
        assisted_bytes=assisted,
        fits=max(made.fits for made in reports),
        attached_bytes=attached,
        segments=len(parts),
        domain=video.domain,
    )
