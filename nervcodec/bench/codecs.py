"""Codecs by name: ours, those that people use, and scalable ones."""

from pathlib import Path
from typing import Any

from nervcodec.bench.anchors import ENCODERS, anchor_codec
from nervcodec.bench.material import Codec
from nervcodec.bench.networks import model_names, network_codec
from nervcodec.bench.scalable import SCALABLE, scalable_codec
from nervcodec.errors import RequestError
from nervcodec.events import Observer, ignore


def codec_names() -> tuple[str, ...]:
    """What a name may begin with; variants follow behind colons."""
    return (*model_names(), *ENCODERS, *SCALABLE)


def find_codec(
    name: str, fitting: dict[str, Any], shm_encoder: Path | None = None, observe: Observer = ignore
) -> Codec:
    """The codec of a name such as `dnerv`, `sdmn:layers3`, `x265:veryslow:psnr` or `x264:seed`.

    `fitting` holds the options of `encode` that all points of our models share, such as `preset`. Raises RequestError
    for names and variants that are not known.
    """
    head, *variants = name.split(":")
    if head in model_names():
        return network_codec(head, variants, fitting, observe)
    if head in ENCODERS:
        return anchor_codec(head, variants)
    if head in SCALABLE:
        return scalable_codec(head, variants, shm_encoder)
    raise RequestError(f"codecs are {', '.join(codec_names())}, not {head}")
