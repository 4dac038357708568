"""The folder of a job beside its output: what is planned and what is done, valid after a crash too.

It holds the manifest, `job.json`, and for each segment N a folder with the states of its fits, replaced at the end by
its part, `N.part`, and its report, `N.json`. A part is a stream with one segment. The folder `chains` has a folder for
each chain, named after its first segment; the worker that holds the lease of that folder works on the chain.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from nervcodec.bitstream.container import Stream, read_stream
from nervcodec.codec.job.cutting import Chain, chains
from nervcodec.codec.job.lease import LEASE, TAKING, is_held, lease
from nervcodec.codec.job.manifest import PROGRAM, Identity, Manifest, content, difference
from nervcodec.codec.job.seconds import SPENT
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.segment.report import PartReport
from nervcodec.codec.segment.scratch import Scratch
from nervcodec.errors import BitstreamError, OutputError, RequestError
from nervcodec.files import TEMPORARY, job_folder, replacing

MANIFEST, SPOOLED, ATTACHED, CHAINS = "job.json", "input.y4m", "attached", "chains"
OURS = (LEASE, TAKING, SPOOLED, SPENT, TEMPORARY)
"""Beginnings of the names that may be in a job folder without a manifest."""


@dataclass(frozen=True)
class Part:
    """The finished stream of a segment, and its report."""

    stream: Stream
    report: PartReport


class Job:
    """An encode that may have been begun before, and on which several workers may work."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder, self.manifest = folder, manifest
        self.survey, self.segments, self.chains = manifest.survey, manifest.segments, chains(manifest.segments)
        self._done: set[int] = set()

    @property
    def exists(self) -> bool:
        """Whether the job folder still exists; it is removed when the file is written."""
        return (self.folder / MANIFEST).exists()

    def scratch(self, index: int) -> Scratch:
        """Storage for the states of the fits of a segment."""
        return Scratch(self.folder / f"{index}")

    def meeting(self, chain: Chain) -> Path:
        """The folder of a chain, whose lease says who works on it."""
        return self.folder / CHAINS / f"{chain.indices[0]}"

    def attachments(self) -> tuple[bytes, ...]:
        """The attachments of the file: none, or a single one.

        Raises OutputError if the attachment is damaged or gone.
        """
        if not self.manifest.attached_bytes:
            return ()
        path = self.folder / ATTACHED
        data = path.read_bytes() if path.exists() else b""
        if len(data) != self.manifest.attached_bytes:
            raise OutputError(f"{path} is damaged or gone; --fresh makes it again")
        return (data,)

    def save_part(self, index: int, data: bytes, report: PartReport) -> None:
        """Save the part of a finished segment, and remove the states of its fits."""
        record = {"digest": sha256(data).hexdigest(), "before": self._before(index), **report.to_json()}
        for name, made in ((f"{index}.part", data), (f"{index}.json", json.dumps(record).encode())):
            with replacing(self.folder / name) as path:
                path.write_bytes(made)
        shutil.rmtree(self.folder / f"{index}", ignore_errors=True)

    def load_part(self, index: int) -> Part | None:
        """The inverse of `save_part`; None if the part is missing, damaged, or made with another segment before it."""
        try:
            data = (self.folder / f"{index}.part").read_bytes()
            record = json.loads((self.folder / f"{index}.json").read_text())
            if record.pop("digest") == sha256(data).hexdigest() and record.pop("before") == self._before(index):
                return Part(read_stream(data), PartReport.from_json(record))
        except (OSError, ValueError, KeyError, TypeError, BitstreamError):
            pass
        return None

    def part(self, index: int) -> Part:
        """The part of a segment that is done.

        Raises OutputError if the part is damaged or gone.
        """
        part = self.load_part(index)
        if part is None:
            raise OutputError(f"{self.folder / f'{index}.part'} is damaged or gone; the same command makes it again")
        return part

    def _before(self, index: int) -> str | None:
        """The digest of the part that a segment refers to; None if it follows none."""
        if not self.segments[index].follows:
            return None
        digest: str = json.loads((self.folder / f"{index - 1}.json").read_text())["digest"]
        return digest

    def has_part(self, index: int) -> bool:
        """Whether a segment is done; once it was found done, that is not checked again."""
        if index not in self._done and self.load_part(index):
            self._done.add(index)
        return index in self._done

    def chains_left(self) -> list[Chain]:
        """Chains with a segment that is not done, longest first."""
        left = [chain for chain in self.chains if not all(map(self.has_part, chain.indices))]
        return sorted(left, key=lambda chain: -chain.frames)


@contextmanager
def open_folder(output: str, *, fresh: bool = False) -> Iterator[Path]:
    """The folder for an encode, removed when the block ends, except after an error if it has work or workers.

    Raises OutputError if it cannot be made, has files of others, or another process works there.
    """
    folder = job_folder(output)
    try:
        folder.mkdir(exist_ok=True)
        names = [path.name for path in folder.iterdir()]
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}") from error
    if MANIFEST not in names and not all(name.startswith(OURS) for name in names):
        raise OutputError(f"{folder} has other files than those of an encode; move it, or choose another output")
    try:
        with lease(folder) as held:
            if not held:
                raise OutputError(f"another process writes {output} right now, in {folder}")
            if fresh:
                _empty(folder, LEASE)
            try:
                yield folder
            except BaseException:
                if not has_work(folder) and not _has_workers(folder):
                    _empty(folder, LEASE)
                raise
            _empty(folder, LEASE, finished=True)
    finally:
        with suppress(OSError):  # a folder that is not empty is kept
            folder.rmdir()


def begin_job(folder: Path, manifest: Manifest, attached: bytes = b"") -> Job:
    """Write the manifest and the attachments of a new job.

    Raises OutputError if workers still follow another manifest.
    """
    _empty(folder, LEASE, SPOOLED)
    (folder / CHAINS).mkdir()
    if attached:
        with replacing(folder / ATTACHED) as path:
            path.write_bytes(attached)
    _write_manifest(folder, manifest)
    return Job(folder, manifest)


def resume_job(folder: Path, identity: Identity, source: str, options: EncodeOptions) -> Job | None:
    """The job begun by `begin_job`, adapted to this machine; None if there is none, or another one without any work.

    Raises RequestError if the folder has work of another encode.
    """
    manifest = _read_manifest(folder)
    if manifest is None:
        return None
    differing = difference(manifest, identity, options)
    if differing and has_work(folder):
        raise RequestError(f"{folder} has the work of another encode ({differing}); --fresh throws it away")
    if differing:
        return None
    kept = replace(options, threads=manifest.options.threads, precision=manifest.options.precision)
    manifest = replace(manifest, source=source, options=kept)
    _write_manifest(folder, manifest)
    return Job(folder, manifest)


def open_job(folder: Path) -> Job:
    """A job that another process has planned.

    Raises RequestError if there is none, if another version of this program planned it, or if its video cannot be seen
    or has changed.
    """
    manifest = _read_manifest(folder)
    if manifest is None:
        raise RequestError(f"{folder} is no folder of an encode that is planned, or cannot be seen from here")
    planner = manifest.identity.get("program")
    if planner != PROGRAM:
        raise RequestError(f"{folder} was planned by nervc {planner}, which works differently from {PROGRAM}")
    if Path(manifest.source).name != SPOOLED and content(manifest.source, manifest.options) != manifest.identity.get(
        "files"
    ):
        raise RequestError(
            f"{manifest.source} cannot be seen from here, or is another video than when {folder} was planned"
        )
    return Job(folder, manifest)


def has_work(folder: Path) -> bool:
    """Whether a folder has parts or states of fits."""
    found = [*folder.glob("*.part"), *folder.glob("*/*.safetensors")]
    return any(not path.name.startswith(TEMPORARY) for path in found)


def _has_workers(folder: Path) -> bool:
    """Whether a living worker works on any chain."""
    return any(is_held(meeting) for meeting in folder.glob(f"{CHAINS}/*"))


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    with replacing(folder / MANIFEST) as path:
        path.write_text(json.dumps(manifest.to_json()))


def _read_manifest(folder: Path) -> Manifest | None:
    """The inverse of `_write_manifest`; None if the file is missing or is no manifest."""
    try:
        return Manifest.from_json(json.loads((folder / MANIFEST).read_text()))
    except (OSError, ValueError, KeyError, TypeError, BitstreamError, RequestError):
        return None


def _empty(folder: Path, *kept: str, finished: bool = False) -> None:
    """Remove everything from a folder except for files with some names.

    Raises OutputError if the job is not finished and workers work on it.
    """
    if not finished and _has_workers(folder):
        raise OutputError(f"workers still work in {folder}")
    for path in sorted(folder.iterdir(), key=lambda path: path.name != MANIFEST):  # workers stop without it
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name not in kept:
            with suppress(OSError if finished else FileNotFoundError):
                path.unlink()
