from dataclasses import replace
from typing import Any

import pytest

from nervcodec.errors import RequestError, UnsupportedStream
from nervcodec.models.catalogue import MODELS, model_name
from nervcodec.models.config import PyramidConfig
from nervcodec.models.dnerv.sizing import dnerv_config
from nervcodec.models.domains import for_domain
from nervcodec.models.ffnerv.sizing import ffnerv_config
from nervcodec.models.hnerv.sizing import hnerv_config
from nervcodec.models.wire import pack_config, unpack_config

CONFIGS = [hnerv_config(320, 640, 24), dnerv_config(320, 640, 24, (10, 20)), ffnerv_config(320, 640, 24)]
UNKNOWN_MODEL = 99
"""A wire id that no model has."""


def test_wire_ids_never_change() -> None:
    names = {model.wire_id: name for name, model in MODELS.items()}
    assert names == {1: "hnerv", 2: "dnerv", 3: "sdmn", 4: "een", 5: "ffnerv"}


@pytest.mark.parametrize("config", CONFIGS, ids=model_name)
def test_config_survives_the_wire(config: PyramidConfig) -> None:
    assert unpack_config(*pack_config(config)) == config


def test_channels_come_from_elsewhere() -> None:
    config = for_domain("yuv420", CONFIGS[1])
    model, numbers = pack_config(config)
    assert len(numbers) == len(pack_config(CONFIGS[1])[1]) - 3  # a stride, a width and a kernel less
    assert unpack_config(model, numbers, 6) == config
    assert unpack_config(model, numbers).channels == 3


def test_unknown_models_and_odd_numbers_are_unsupported() -> None:
    model, numbers = pack_config(CONFIGS[0])
    with pytest.raises(UnsupportedStream, match=f"model {UNKNOWN_MODEL}"):
        unpack_config(UNKNOWN_MODEL, numbers)
    for bad in (numbers[:-1], (*numbers, 1), (0, *numbers), ()):
        with pytest.raises(UnsupportedStream):
            unpack_config(model, bad)


@pytest.mark.parametrize(
    "change",
    [
        {"strides": ()},
        {"strides": (5, 4, 4, 2)},
        {"strides": (9, 4, 4, 2, 2)},
        {"widths": (24, 20, 17, 14, 12)},
        {"widths": (4096, 20, 17, 14, 12, 12)},
        {"kernels": (1, 3, 5, 5, 4)},
        {"content": (16, 1, 0)},
        {"channels": 4},
        {"content": (16, 2000, 2000)},
        {"content": (16, 20, 40), "widths": (2048,) * 6},
    ],
)
def test_impossible_networks_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match="no such network"):
        replace(CONFIGS[0], **change)


def test_a_difference_stream_must_fit_the_map_it_joins() -> None:
    with pytest.raises(RequestError, match="grows to"):
        replace(CONFIGS[1], difference_strides=(4, 4))  # type: ignore[call-arg]
