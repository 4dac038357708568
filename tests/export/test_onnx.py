import re
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray

import nervcodec
from nervcodec.bitstream.container import Stream, read_stream
from nervcodec.codec.decoding.frames import decode_frames
from nervcodec.codec.decoding.renderer import segment_networks
from nervcodec.codec.stream.unpacking import Unpacker
from nervcodec.errors import OutputError, RequestError, ResourceError, UnsupportedStream
from nervcodec.export.onnx import OPSET, OnnxReport, export_onnx
from nervcodec.planes import unpack_planes
from nervcodec.video.view import View
from tests.golden.make import ANY_GAIN, FOLDER

GUIDE = (FOLDER.parent.parent / "docs" / "export.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
GOLDEN = (
    "v3/hnerv",
    "v10/dnerv",
    "v10/sdmn",
    "v3/ffnerv",
    "v3/layers",
    "v10/planes",
    "v10/segments",
    "v10/groups",
    "v6/depth",
)


def golden(name: str) -> Path:
    return FOLDER / f"{name}.nerv"


def rendered(report: OnnxReport, batch: int) -> NDArray[np.int_]:
    """All samples that the exported networks make, `batch` frames at a time."""
    made = []
    for model in report.models:
        session = onnxruntime.InferenceSession(model)
        about = session.get_modelmeta().custom_metadata_map
        inputs = dict(np.load(model.with_suffix(".npz")))
        around, peak = 2 * int(about["window"]), 2 ** int(about["depth"]) - 1
        for first in range(0, len(inputs["content"]) - around, batch):
            rows = {name: values[first : first + batch + around] for name, values in inputs.items()}
            (frames,) = session.run(["frames"], rows)
            assert frames.min() >= 0
            assert frames.max() <= 1
            made.append(np.rint(peak * frames).astype(int))
    return np.concatenate(made)


def check_parity(report: OnnxReport, stream: Stream) -> None:
    """Fails where the exported networks make other frames than the decoder."""
    decoded = torch.cat(list(decode_frames(stream, device="cpu"))).int().numpy()
    for batch in (1, 3):
        differences = np.abs(rendered(report, batch) - decoded)
        assert differences.max() <= 1
        assert (differences > 0).mean() <= 0.001


@pytest.mark.parametrize("name", GOLDEN)
def test_onnxruntime_makes_the_frames_of_the_decoder(name: str, tmp_path: Path) -> None:
    report = export_onnx(str(golden(name)), str(tmp_path / "a.onnx"))
    stream = read_stream(golden(name).read_bytes())
    assert report.frames == stream.header.frames
    assert report.layers == len(stream.layers)
    check_parity(report, stream)


def test_networks_above_one_that_sees_a_window(sample: str, tmp_path: Path) -> None:
    options = nervcodec.EncodeOptions(
        view=View(stop=5, resize=(46, 25)),
        model="ffnerv",
        size=15_000,
        steps=30,
        layers=2,
        min_gain=ANY_GAIN,
        domain="rgb",
        gop=1,
    )
    path = tmp_path / "two.nerv"
    nervcodec.encode(sample, str(path), options)
    stream = read_stream(path.read_bytes())
    assert len(stream.layers) == 2
    check_parity(export_onnx(str(path), str(tmp_path / "two.onnx")), stream)


def test_first_layers_alone(tmp_path: Path) -> None:
    report = export_onnx(str(golden("v3/layers")), str(tmp_path / "a.onnx"), layers=2)
    assert report.layers == 2
    check_parity(report, read_stream(golden("v3/layers").read_bytes(), 2))


@pytest.mark.parametrize("name", ["v10/sdmn", "v3/layers", "v3/ffnerv"])
def test_embeddings_lie_beside_the_model_as_its_inputs(name: str, tmp_path: Path) -> None:
    export_onnx(str(golden(name)), str(tmp_path / "a.onnx"))
    stream = read_stream(golden(name).read_bytes())
    networks = segment_networks(Unpacker(stream), 0, stream.header.frames)
    wanted = {
        ("" if not layer else f"layer{layer + 1}_") + key: rows.numpy()
        for layer, (_, state) in enumerate(networks)
        for key, rows in state.embeddings.items()
    }
    inputs = dict(np.load(tmp_path / "a.npz"))
    model = onnx.load(tmp_path / "a.onnx")
    assert [value.name for value in model.graph.input] == list(inputs) == list(wanted)
    window = networks[0][0].window
    for key, rows in wanted.items():
        held = inputs[key]
        np.testing.assert_array_equal(held[window : len(held) - window], rows)
        np.testing.assert_array_equal(held[:window], rows[[0] * window])
        np.testing.assert_array_equal(held[len(held) - window :], rows[[-1] * window])
    assert ("fine_latent" in inputs) == (name == "v10/sdmn")


def test_a_model_is_valid_and_says_what_its_frames_are(tmp_path: Path) -> None:
    report = export_onnx(str(golden("v10/groups")), str(tmp_path / "a.onnx"))
    model = onnx.load(report.models[1])
    onnx.checker.check_model(model, full_check=True)
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", OPSET)]
    assert (model.producer_name, model.producer_version) == ("nervcodec", nervcodec.__version__)
    sizes = [side.dim_param or side.dim_value for side in model.graph.output[0].type.tensor_type.shape.dim]
    assert sizes == ["frames", 6, 13, 23]
    about = {entry.key: entry.value for entry in model.metadata_props}
    assert about == {
        "segment": "2",
        "layers": "2",
        "filter": "31",
        "width": "45",
        "height": "25",
        "frame_rate": "25",
        "sample_aspect": "80/81",
        "domain": "yuv420",
        "depth": "8",
        "primaries": "2",
        "transfer": "2",
        "matrix": "2",
        "range": "2",
        "positions": "7 10 13",
        "video_frames": "14",
        "window": "0",
    }
    table = GUIDE[GUIDE.index("**Metadata**") : GUIDE.index("**What is not")]
    keys = [key for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)]
    assert set(keys) == set(about)


def test_the_report_says_what_no_network_makes(tmp_path: Path) -> None:
    grouped = export_onnx(str(golden("v10/groups")), str(tmp_path / "a.onnx"))
    assert grouped == OnnxReport(
        models=(tmp_path / "a_001.onnx", tmp_path / "a_002.onnx"), layers=2, frames=6, frames_between=8, filtered=True
    )
    plain = export_onnx(str(golden("v10/dnerv")), str(tmp_path / "b.onnx"))
    assert plain == OnnxReport(models=(tmp_path / "b.onnx",), layers=1, frames=4, frames_between=0, filtered=False)
    written = {"a_001.onnx", "a_001.npz", "a_002.onnx", "a_002.npz", "b.onnx", "b.npz"}
    assert {path.name for path in tmp_path.iterdir()} == written


@pytest.mark.parametrize("taken", ["a_002.onnx", "a_001.npz"])
def test_nothing_is_overwritten_unasked(taken: str, tmp_path: Path) -> None:
    (tmp_path / taken).write_text("kept")
    with pytest.raises(OutputError, match=f"{taken} exists"):
        export_onnx(str(golden("v10/segments")), str(tmp_path / "a.onnx"))
    assert [path.name for path in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text() == "kept"
    export_onnx(str(golden("v10/segments")), str(tmp_path / "a.onnx"), overwrite=True)
    assert (tmp_path / taken).read_bytes() != b"kept"


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.onnx", "b.ONNX"):
        export_onnx(str(golden("v10/dnerv")), str(tmp_path / name))
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.ONNX").read_bytes()
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_what_cannot_be_exported_is_refused_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = str(golden("v10/dnerv")), str(tmp_path / "a.onnx")
    with pytest.raises(RequestError, match=r"x does not end in \.onnx"):
        export_onnx(source, "x")
    with pytest.raises(RequestError, match="layer"):
        export_onnx(source, target, layers=2)
    with pytest.raises(UnsupportedStream, match="not a"):
        export_onnx(__file__, target)
    monkeypatch.setattr("nervcodec.export.onnx.MAX_BYTES", 10_000)
    with pytest.raises(ResourceError, match="2 GB"):
        export_onnx(source, target)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(RequestError, match=r"onnx is not installed: pip install 'nervcodec\[onnx\]'"):
        export_onnx(source, target)
    assert not list(tmp_path.iterdir())


def test_the_guide_names_the_operators(tmp_path: Path) -> None:
    for name in GOLDEN:
        export_onnx(str(golden(name)), str(tmp_path / f"{Path(name).name}.onnx"))
    used = {node.op_type for path in tmp_path.glob("*.onnx") for node in onnx.load(path).graph.node}
    rows = re.findall(r"^\| .* \| (.*) \|$", GUIDE[GUIDE.index("| in | operators |") :], re.MULTILINE)
    assert {operator for row in rows[1:] for operator in row.split(", ")} == used


def test_the_example_of_the_guide_decodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export_onnx(str(golden("v10/dnerv")), str(tmp_path / "decoder.onnx"))
    monkeypatch.chdir(tmp_path)
    exec(EXAMPLES[0], {})
    decoded = torch.cat(list(decode_frames(read_stream(golden("v10/dnerv").read_bytes()), device="cpu")))
    made = np.fromfile("frames.raw", np.uint8).reshape(4, 25, 46, 3)
    assert np.abs(made.astype(int) - decoded.permute(0, 2, 3, 1).int().numpy()).max() <= 1


def test_the_planes_of_the_guide_are_those_of_the_decoder() -> None:
    scope: dict[str, object] = {}
    exec(EXAMPLES[1], scope)
    unpack = scope["unpack"]
    assert callable(unpack)
    samples = torch.randint(256, (2, 6, 13, 23))
    luma, u, v = unpack(samples.numpy(), 25, 45)
    expected_luma, chroma = unpack_planes(samples, 25, 45)
    np.testing.assert_array_equal(luma[:, None], expected_luma)
    np.testing.assert_array_equal(np.stack([u, v], axis=1), chroma)
