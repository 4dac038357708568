"""SHVC by a user's SHM encoder, and the two single-layer HEVC codings between which it lies.

Nothing of SHM is here except for the names of its settings; the configurations are made for each clip.
"""

import shlex
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from torch import Tensor

from nervcodec.bench.codecs.encoders import ENCODERS
from nervcodec.bench.codecs.ffmpeg import coding_format, collect, decode_elementary, describe_coding, even, run_encoder
from nervcodec.bench.codecs.material import Codec, Coded, Material, Setting
from nervcodec.errors import RequestError
from nervcodec.picture import VideoFormat
from nervcodec.video.elementary import Coding, read_elementary, write_elementary

QPS = (37, 32, 27)  # QS-NeRV, supplement, section 2: base and two enhancement layers
LOW_DELAY = "bframes=0:keyint=-1:ref=4:rc-lookahead=0:scenecut=0"
"""SHM's low-delay P configuration as options of x265."""
SCALABLE = ("hevc-single", "hevc-simulcast", "shvc")
SHM_CONFIG = "encoder_lowdelay_P_scalable.cfg"
SOURCE, STREAM = "source.yuv", "out.bin"
X265 = ENCODERS["x265"]
RAW = Coding("rawvideo", "rawvideo", "yuv420p")


@dataclass(frozen=True)
class HevcLayers:
    """Layers of HEVC that are coded independently: the best one alone, or all of them counted."""

    simulcast: bool

    def settings(self, points: int) -> dict[str, Setting]:
        return layer_settings(points)

    def encode(self, material: Material, setting: Setting) -> Coded:
        used = QPS[: setting["layers"]] if self.simulcast else QPS[setting["layers"] - 1 : setting["layers"]]
        streams = [self._layer(material, qp) for qp in used]
        return replace(
            streams[-1],
            data=b"".join(s.data for s in streams),
            command="; ".join(s.command for s in streams),
            seconds=sum(s.seconds for s in streams),
        )

    def decode(self, material: Material, coded: Coded) -> Tensor:
        return decode_elementary(coded.data, material, X265)  # the last frames are those of the best layer

    def _layer(self, material: Material, qp: int) -> Coded:
        return run_encoder(X265, material, "yuv420p", {"x265-params": f"qp={qp}:{LOW_DELAY}", **X265.fixed})


@dataclass(frozen=True)
class ShmCodec:
    """SHVC by SHM; a point with fewer layers is a run with fewer layers, as the lower layers are the same.

    Frames are the encoder's own reconstruction; the stream itself is not decoded.
    """

    encoder: Path

    def settings(self, points: int) -> dict[str, Setting]:
        return layer_settings(points)

    def encode(self, material: Material, setting: Setting) -> Coded:
        clip, video, layers = even(material), coding_format(material), setting["layers"]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / SOURCE).write_bytes(write_elementary(clip.permute(0, 2, 3, 1).numpy(), video, RAW))
            (folder / "layers.cfg").write_text(layers_config(layers))
            (folder / "video.cfg").write_text(video_config(video, len(clip), layers))
            quantizers = [word for layer, qp in enumerate(QPS[:layers]) for word in (f"-q{layer}", str(qp))]
            words = ["-c", "layers.cfg", "-c", "video.cfg", *quantizers, "-b", STREAM]
            started = monotonic()
            self._run(["-c", str(self._configuration()), *words], folder)
            seconds = monotonic() - started
            raw = (folder / reconstruction(layers - 1)).read_bytes()
            data = (folder / STREAM).read_bytes()
        return Coded(
            data=data,
            suffix="bin",
            command=shlex.join([self.encoder.name, "-c", SHM_CONFIG, *words]),
            conversion=describe_coding(material, "yuv420p"),
            seconds=seconds,
            decoded=collect(read_elementary(raw, video, RAW), material),
        )

    def decode(self, material: Material, coded: Coded) -> Tensor:
        assert coded.decoded is not None
        return coded.decoded

    def _run(self, words: list[str], folder: Path) -> None:
        try:
            done = subprocess.run([self.encoder, *words], cwd=folder, capture_output=True, text=True, check=False)
        except OSError as error:
            raise RequestError(f"{self.encoder}: {error.strerror}") from error
        if done.returncode:
            said = (done.stdout + done.stderr).strip().splitlines()
            raise RequestError(f"{self.encoder.name}: {said[-1] if said else 'failed'}")

    def _configuration(self) -> Path:
        """SHM's own configuration file: beside the encoder, or in a folder `cfg` there or one level above."""
        folders = self.encoder.parent, self.encoder.parent / "cfg", self.encoder.parent.parent / "cfg"
        found = next((folder / SHM_CONFIG for folder in folders if (folder / SHM_CONFIG).is_file()), None)
        if found is None:
            raise RequestError(f"{SHM_CONFIG} is not beside {self.encoder} nor in a folder cfg there")
        return found.resolve()


def scalable_codec(name: str, variants: list[str], shm_encoder: Path | None) -> Codec:
    """The codec of a name; raises RequestError for any variant, as none exist, and for `shvc` without SHM."""
    if variants:
        raise RequestError(f"{name} has no variants, so no {variants[0]}")
    if name != "shvc":
        return HevcLayers(simulcast=name == "hevc-simulcast")
    if shm_encoder is None:
        raise RequestError(
            "shvc needs --shm-encoder; without SHM, hevc-single and hevc-simulcast show the range around it"
        )
    return ShmCodec(shm_encoder.absolute())


def layer_settings(points: int) -> dict[str, Setting]:
    """Settings of files with one layer and more, at most as many layers as QPS has."""
    return {f"layers={layers}": {"layers": layers} for layers in range(1, min(points, len(QPS)) + 1)}


def layers_config(layers: int) -> str:
    """Configuration of SHM for layers of one picture size, each predicted from the layer below."""
    lines = [f"NumLayers : {layers}", f"NumLayerSets : {layers}"]
    for layer in range(1, layers):
        members = " ".join(map(str, range(layer + 1)))
        lines += [f"NumLayerInIdList{layer} : {layer + 1}", f"LayerSetLayerIdList{layer} : {members}"]
    lines += [f"NumOutputLayerSets : {layers}", "DefaultTargetOutputLayerIdc : 1"]
    for layer in range(layers):
        lines += [f"QP{layer} : {QPS[layer]}", f"LayerPTLIndex{layer} : {min(layer + 1, 2)}"]
        if layer:
            below = layer - 1
            lines += [
                f"NumSamplePredRefLayers{layer} : 1",
                f"SamplePredRefLayerIds{layer} : {below}",
                f"NumMotionPredRefLayers{layer} : 1",
                f"MotionPredRefLayerIds{layer} : {below}",
                f"NumActiveRefLayers{layer} : 1",
                f"PredLayerIds{layer} : 0",
            ]
    return "\n".join([*lines, ""])


def video_config(video: VideoFormat, frames: int, layers: int) -> str:
    """Configuration of SHM for the clip; every layer codes the same pictures, with an I frame at the start only."""
    lines = ["FrameSkip : 0", f"FramesToBeEncoded : {frames}"]
    for layer in range(layers):
        lines += [
            f"InputFile{layer} : {SOURCE}",
            f"ReconFile{layer} : {reconstruction(layer)}",
            f"InputBitDepth{layer} : 8",
            f"FrameRate{layer} : {round(video.frame_rate)}",
            f"SourceWidth{layer} : {video.width}",
            f"SourceHeight{layer} : {video.height}",
            f"ConformanceMode{layer} : 1",  # pads to whole coding units, and signals it
            f"IntraPeriod{layer} : -1",
        ]
    return "\n".join([*lines, ""])


def reconstruction(layer: int) -> str:
    """Name of the raw file with the decoded frames of a layer."""
    return f"layer{layer}.yuv"
