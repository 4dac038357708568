"""The rows of DNeRV's Tables 7 and 8 against figures computed from the paper by hand and by the published code."""

import pytest

from nervcodec.models.dnerv.rows import READINGS, ROWS
from nervcodec.models.hnerv.sizing import hnerv_config
from nervcodec.models.networks import build_decoder, build_encoder

WIDTHS = {
    "bunny-0.35m": (32, 26, 21, 17, 14, 11),
    "bunny-0.75m": (48, 40, 33, 27, 22, 18),
    "bunny-1.5m": (68, 56, 46, 38, 31, 25),
    "bunny-3m": (95, 79, 65, 54, 45, 37),
    "uvg480-3m": (110, 91, 75, 62, 51, 42),
    "uvg960-1.58m": (68, 56, 46, 38, 31, 25),
    "uvg960-3m": (92, 76, 63, 52, 43, 35),
    "uvg960-3m-fine": (92, 76, 63, 52, 43, 35),
}
STRIDES = {"bunny": (5, 4, 4, 2, 2), "uvg480": (5, 4, 3, 2, 2), "uvg960": (5, 4, 4, 3, 2)}
MILLIONS = {  # readings A, B, C, official
    "bunny-0.35m": (0.3001, 0.3366, 0.3458, 0.3458),
    "bunny-0.75m": (0.7380, 0.8288, 0.8521, 0.8521),
    "bunny-1.5m": (1.4463, 1.6238, 1.6700, 1.6700),
    "bunny-3m": (2.9098, 3.2658, 3.3591, 3.3591),
    "uvg480-3m": (2.8754, 2.8754, 2.8754, 3.3332),
    "uvg960-1.58m": (1.5895, 1.5895, 1.5895, 2.1892),
    "uvg960-3m": (2.9772, 2.9772, 2.9772, 4.0959),
    "uvg960-3m-fine": (2.8995, 2.8995, 2.8995, 3.4054),
}
ENCODER_PARAMETERS = {  # content, difference
    "bunny-0.35m": (353_040, 197_506),
    "uvg480-3m": (324_368, 146_370),
    "uvg960-3m": (373_520, 271_746),
    "uvg960-3m-fine": (373_520, 169_538),
}


@pytest.mark.parametrize("name", ROWS)
def test_widths_strides_and_embeddings(name: str) -> None:
    row, config = ROWS[name], ROWS[name].config()
    assert config.widths == WIDTHS[name]
    assert config.strides == STRIDES[name.split("-")[0]]
    assert config.kernels == (1, 3, 5, 5, 5)
    assert config.padded_size == (row.height, row.width)
    assert config.embeddings == {"content": (16, 2, 4), "difference": (2, *row.grid)}


@pytest.mark.parametrize("name", ROWS)
def test_parameter_counts_of_every_reading(name: str) -> None:
    for reading, millions in zip(READINGS, MILLIONS[name], strict=True):
        config = ROWS[name].config(reading)
        network = build_decoder(config)
        assert sum(p.numel() for p in network.parameters()) == config.parameters
        assert config.parameters / 1e6 == pytest.approx(millions, abs=5e-5)


@pytest.mark.parametrize("name", ENCODER_PARAMETERS)
def test_encoder_parameter_counts(name: str) -> None:
    encoder = build_encoder(ROWS[name].config(), build_decoder(ROWS[name].config()))
    counts = tuple(sum(p.numel() for p in part.parameters()) for part in encoder.children())
    assert counts == ENCODER_PARAMETERS[name]


@pytest.mark.parametrize(("stem", "parameters"), [(32, 0.3128), (48, 0.7193), (68, 1.4883), (97, 3.0127)])
def test_hnerv_counts(stem: int, parameters: float) -> None:
    config = hnerv_config(640, 1280, stem)
    assert config.parameters / 1e6 == pytest.approx(parameters, abs=5e-5)
    assert hnerv_config(640, 1280, 32).widths == (32, 27, 22, 18, 15, 12)
