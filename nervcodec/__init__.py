"""A video codec whose bitstream is a small neural network fitted to one video.

`encode(source, output, options)` fits networks and writes a `.nerv` file, and `plan` forecasts what that takes;
`decode(path, target)` writes the frames of a file, `open(path)` gives them in any order, `probe(path)` describes it,
`verify(path)` checks all of it; `work(folder)` helps with an encode; `extract`, `extract_pack` and `merge` separate the
layers of a file and join them again; `export_page` and `export_onnx` make files that play it, or compute it, elsewhere.
Importing this package does not load torch; calling `encode` or `decode` does.
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nervcodec.version import __version__

if TYPE_CHECKING:
    from nervcodec.codec.decoding.composite import Composite
    from nervcodec.codec.decoding.decode import DecodeReport, decode
    from nervcodec.codec.decoding.opening import Video, open  # noqa: A004
    from nervcodec.codec.decoding.options import DecodeOptions
    from nervcodec.codec.decoding.verify import VerifyReport, verify
    from nervcodec.codec.job.encode import encode
    from nervcodec.codec.job.plan import Forecast, plan
    from nervcodec.codec.job.work import work
    from nervcodec.codec.options import EncodeOptions
    from nervcodec.codec.segment.report import EncodeReport
    from nervcodec.codec.stream.layers import LayersReport, extract, extract_pack, merge
    from nervcodec.codec.stream.probe import StreamInfo, probe
    from nervcodec.codec.target import Target
    from nervcodec.export.onnx import OnnxReport, export_onnx
    from nervcodec.export.page import PageReport, export_page
    from nervcodec.timeline import Playback
    from nervcodec.video.view import View

logging.getLogger(__name__).addHandler(logging.NullHandler())  # silent by default; applications add handlers

_LAZY = {
    "encode": "nervcodec.codec.job.encode",
    "plan": "nervcodec.codec.job.plan",
    "Forecast": "nervcodec.codec.job.plan",
    "EncodeOptions": "nervcodec.codec.options",
    "EncodeReport": "nervcodec.codec.segment.report",
    "decode": "nervcodec.codec.decoding.decode",
    "DecodeOptions": "nervcodec.codec.decoding.options",
    "DecodeReport": "nervcodec.codec.decoding.decode",
    "open": "nervcodec.codec.decoding.opening",
    "Video": "nervcodec.codec.decoding.opening",
    "probe": "nervcodec.codec.stream.probe",
    "StreamInfo": "nervcodec.codec.stream.probe",
    "extract": "nervcodec.codec.stream.layers",
    "extract_pack": "nervcodec.codec.stream.layers",
    "merge": "nervcodec.codec.stream.layers",
    "LayersReport": "nervcodec.codec.stream.layers",
    "verify": "nervcodec.codec.decoding.verify",
    "VerifyReport": "nervcodec.codec.decoding.verify",
    "work": "nervcodec.codec.job.work",
    "export_page": "nervcodec.export.page",
    "PageReport": "nervcodec.export.page",
    "export_onnx": "nervcodec.export.onnx",
    "OnnxReport": "nervcodec.export.onnx",
    "Composite": "nervcodec.codec.decoding.composite",
    "Target": "nervcodec.codec.target",
    "Playback": "nervcodec.timeline",
    "View": "nervcodec.video.view",
}

__all__ = [
    "Composite",
    "DecodeOptions",
    "DecodeReport",
    "EncodeOptions",
    "EncodeReport",
    "Forecast",
    "LayersReport",
    "OnnxReport",
    "PageReport",
    "Playback",
    "StreamInfo",
    "Target",
    "VerifyReport",
    "Video",
    "View",
    "__version__",
    "decode",
    "encode",
    "export_onnx",
    "export_page",
    "extract",
    "extract_pack",
    "merge",
    "open",
    "plan",
    "probe",
    "verify",
    "work",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
