"""A video codec whose bitstream is a small neural network fitted to one video.

`encode(source, output, options)` fits and writes a `.nerv` file, and `plan` says before what that takes; `decode(path,
target)` writes its frames, `probe(path)` describes it, `verify(path)` checks all of it; `work(folder)` helps with an
encode; `extract`, `extract_pack` and `merge` take its layers apart and put them together. Importing this package loads
no torch; calling `encode` or `decode` does.
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nervcodec.codec.composite import Composite
    from nervcodec.codec.encoder import encode
    from nervcodec.codec.forecast import Forecast, plan
    from nervcodec.codec.inspection import StreamInfo, probe
    from nervcodec.codec.layers import LayersReport, extract, extract_pack, merge
    from nervcodec.codec.options import EncodeOptions
    from nervcodec.codec.player import DecodeOptions, DecodeReport, decode
    from nervcodec.codec.report import EncodeReport
    from nervcodec.codec.targets import Target
    from nervcodec.codec.verification import VerifyReport, verify
    from nervcodec.codec.worker import work
    from nervcodec.timeline import Playback

__version__ = "0.1.0"

logging.getLogger(__name__).addHandler(logging.NullHandler())  # who wants to read it says so

_LAZY = {
    "encode": "nervcodec.codec.encoder",
    "plan": "nervcodec.codec.forecast",
    "Forecast": "nervcodec.codec.forecast",
    "EncodeOptions": "nervcodec.codec.options",
    "EncodeReport": "nervcodec.codec.report",
    "decode": "nervcodec.codec.player",
    "DecodeOptions": "nervcodec.codec.player",
    "DecodeReport": "nervcodec.codec.player",
    "probe": "nervcodec.codec.inspection",
    "StreamInfo": "nervcodec.codec.inspection",
    "extract": "nervcodec.codec.layers",
    "extract_pack": "nervcodec.codec.layers",
    "merge": "nervcodec.codec.layers",
    "LayersReport": "nervcodec.codec.layers",
    "verify": "nervcodec.codec.verification",
    "VerifyReport": "nervcodec.codec.verification",
    "work": "nervcodec.codec.worker",
    "Composite": "nervcodec.codec.composite",
    "Target": "nervcodec.codec.targets",
    "Playback": "nervcodec.timeline",
}

__all__ = [
    "Composite",
    "DecodeOptions",
    "DecodeReport",
    "EncodeOptions",
    "EncodeReport",
    "Forecast",
    "LayersReport",
    "Playback",
    "StreamInfo",
    "Target",
    "VerifyReport",
    "__version__",
    "decode",
    "encode",
    "extract",
    "extract_pack",
    "merge",
    "plan",
    "probe",
    "verify",
    "work",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
