"""Files of a point that are kept on request: what its codec was given, and its stream."""

from pathlib import Path

from nervcodec.bench.codecs.ffmpeg import coding_format, even
from nervcodec.bench.codecs.material import Coded, Material, digest
from nervcodec.bench.record import Files
from nervcodec.video.writer import write_frames


def keep_files(folder: Path, key: str, coded: Coded, material: Material) -> Files:
    """Write the source and the stream of the point with a key into `folder / "files"`, and return their paths.

    The source is what conventional codecs are given: a y4m file of planes, or a folder of PNGs, of even sides.
    """
    kept = folder / "files"
    kept.mkdir(exist_ok=True)
    stream = kept / f"{key}.{coded.suffix}"
    stream.write_bytes(coded.data)
    is_planar = material.video.domain == "yuv420"
    rate = "_".join(map(str, material.video.frame_rate.as_integer_ratio()))
    source = kept / f"source-{digest(material.clip, material.video)[:16]}-{rate}{'.y4m' if is_planar else ''}"
    if not source.exists():
        video = coding_format(material)
        with write_frames(str(source if is_planar else source / "%05d.png"), video) as sink:
            for picture in even(material).permute(0, 2, 3, 1).numpy():
                sink(picture)
    return {"source": f"{kept.name}/{source.name}", "stream": f"{kept.name}/{stream.name}"}
