"""Codecs by name: our networks, conventional codecs, and scalable codecs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nervcodec.bench.codecs.anchors import anchor_codec
from nervcodec.bench.codecs.encoders import ENCODERS
from nervcodec.bench.codecs.material import Codec, Setting
from nervcodec.bench.codecs.networks import NetworkCodec, network_codec
from nervcodec.bench.codecs.scalable import SCALABLE, scalable_codec
from nervcodec.errors import RequestError
from nervcodec.events import Observer
from nervcodec.models.catalogue import base_names


def codec_names() -> tuple[str, ...]:
    """Names with which the name of a codec may begin; variants follow after colons."""
    return (*base_names(), *ENCODERS, *SCALABLE)


def find_codec(name: str, fitting: Mapping[str, Any], shm_encoder: Path | None = None) -> Codec:
    """The codec with a name such as `dnerv`, `sdmn:layers3`, `x265:veryslow:psnr` or `x264:seed`.

    `fitting` holds the options of `encode` that all points of our models share, such as `preset`. Raises RequestError
    for names and variants that are not known.
    """
    head, *variants = name.split(":")
    if head in base_names():
        return network_codec(head, variants, fitting)
    if head in ENCODERS:
        return anchor_codec(head, variants)
    if head in SCALABLE:
        return scalable_codec(head, variants, shm_encoder)
    raise RequestError(f"codecs are {', '.join(codec_names())}, not {head}")


def codec_of(name: str, setting: Setting, shm_encoder: Path | None, observe: Observer) -> Codec:
    """The codec that a point needs; a setting of our models is complete, so that their name does not matter."""
    return NetworkCodec(observe=observe) if "model" in setting else find_codec(name, {}, shm_encoder)
