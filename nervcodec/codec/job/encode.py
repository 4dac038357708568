"""Encodes a video into a `.nerv` file, measured with the decoder; an interrupted encode continues where it stopped."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic

from nervcodec.codec.device import choose_device, choose_precision, describe_device, threads_each
from nervcodec.codec.job.finish import finish
from nervcodec.codec.job.folder import SPOOLED, Job, begin_job, open_folder, resume_job
from nervcodec.codec.job.manifest import Identity, Manifest, identify, located
from nervcodec.codec.job.plan import check_disk, plan_segments
from nervcodec.codec.job.seconds import clocked
from nervcodec.codec.job.survey import survey
from nervcodec.codec.job.workers import carry_out
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.segment.report import EncodeReport
from nervcodec.codec.segment.search import check_room, miss, reached
from nervcodec.errors import RequestError, TargetMissed, VideoError
from nervcodec.events import Observer, ignore
from nervcodec.files import check_target, replacing
from nervcodec.precision import describe_arithmetic
from nervcodec.video.attachments import kinds_of, read_attachments
from nervcodec.video.spool import STANDARD_INPUT, spool
from nervcodec.video.view import View

LOG = logging.getLogger(__name__)
LEAST_SECONDS = 0.1
"""Seconds of a time limit that are left for fits in any case."""


def encode(
    source: str,
    output: str,
    options: EncodeOptions = EncodeOptions(),  # noqa: B008
    *,
    overwrite: bool = False,
    fresh: bool = False,
    observe: Observer = ignore,
) -> EncodeReport:
    """Fit networks to the video at `source` (see `read_frames`) and write the file `output`.

    All work is kept in a folder beside the output, named `output` with `.job` added. After an interruption, the
    same call continues from there and gives the same bytes on a CPU; with `fresh`, it starts over.

    Raises RequestError, VideoError, ResourceError, FitError, WorkersLost or OutputError; `output` is then unchanged.
    Raises TargetMissed if the file is written, but misses its target.
    """
    if Path(source).exists() and Path(output).resolve() == Path(source).resolve():
        raise RequestError(f"{output} would be written over the video itself")
    check_target(Path(output), overwrite=overwrite)
    LOG.info("fits on %s", describe_device(choose_device(options.device)))
    with open_folder(output, fresh=fresh) as folder, clocked(folder) as seconds:
        file, digest = (source, None) if source != "-" else _spooled(folder, options.view)
        with _called(source, file):
            job = _job(folder, file, identify(source, options, digest), located(options), observe)
            carry_out(job, observe)
            data, report = finish(job)
        with replacing(Path(output)) as path:
            path.write_bytes(data)
        report = replace(report, seconds=seconds())
    if options.target and abs(miss(options.target, report)) > 1:
        kind, value = options.target.kind, reached(options.target, report)
        raise TargetMissed(f"{output} is written, but with {kind} {value:.6g}, not {options.target.value:.6g}")
    return report


def _spooled(folder: Path, view: View) -> tuple[str, str]:
    """Path and digest of a file with the video from standard input, which is read more than once."""
    path = folder / SPOOLED
    return str(path), spool(path, view.stop)


@contextmanager
def _called(source: str, file: str) -> Iterator[None]:
    """Errors about the copy of standard input are about standard input."""
    try:
        yield
    except VideoError as error:
        if source != "-":
            raise
        text = str(error).replace(str(Path(file).absolute()), STANDARD_INPUT).replace(file, STANDARD_INPUT)
        raise VideoError(text) from error


def _job(folder: Path, source: str, identity: Identity, options: EncodeOptions, observe: Observer) -> Job:
    """The job that was begun before, or a new one."""
    begun, path = monotonic(), str(Path(source).absolute())
    job = resume_job(folder, identity, path, options)
    if job is not None:
        return job
    device, arithmetic = choose_device(options.device), None
    if options.fits_here:
        precision = choose_precision(options.precision, device)
        options, arithmetic = replace(options, precision=precision), describe_arithmetic(device, precision)
    found = survey(source, options, observe)
    segments = plan_segments(found, options, device)
    first, kinds = options.view.first, kinds_of(audio=options.audio == "copy", subtitles=options.subtitles == "copy")
    attached = read_attachments(source, found.index, first, first + found.frames, kinds)
    check_room(options.target, len(attached))
    check_disk(str(folder), found, segments, options, len(attached))
    options = replace(options, threads=options.threads or threads_each(options.workers))
    if options.time_limit is not None:  # the survey of the video counts
        options = replace(options, time_limit=max(options.time_limit - (monotonic() - begun), LEAST_SECONDS))
    return begin_job(folder, Manifest(identity, path, options, found, segments, len(attached), arithmetic), attached)
