from dataclasses import replace

import numpy as np
import pytest

from nervcodec.models.hnerv.sizing import hnerv_config
from nervcodec.models.networks import given_embeddings
from nervcodec.models.sdmn.latents import draws, latents
from nervcodec.models.sdmn.sizing import sdmn_config


@pytest.mark.parametrize(
    ("seed", "frame", "scale", "first", "sums"),
    [
        (1, 0, 1, 0, [77649, 36884, -103028, -29033]),
        (1, 0, 2, 0, [65471]),
        (12345, 599, 1, 319, [-26205]),
    ],
)
def test_vectors(seed: int, frame: int, scale: int, first: int, sums: list[int]) -> None:
    drawn = draws(seed, frame, scale, first + len(sums))[first:]
    assert (drawn.astype(np.float64) * 65536).tolist() == sums


def test_draws_are_those_of_the_formula_in_plain_integers() -> None:
    mask = (1 << 64) - 1

    def mixed(x: int) -> int:
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & mask
        x = (x ^ x >> 27) * 0x94D049BB133111EB & mask
        return x ^ x >> 31

    for n, drawn in enumerate(draws(7, 3, 2, 20)):
        counter = 4 * (((2 * 3 + 2 - 1) << 24) + n)
        words = [
            mixed(7 + 0x9E3779B97F4A7C15 * (counter + k + 1) & mask) >> s & 0xFFFF
            for k in range(3)
            for s in range(0, 64, 16)
        ]
        assert drawn == (sum(words) - 393210) / 65536


def test_moments() -> None:
    drawn = draws(0, 0, 1, 1_000_000)
    assert abs(drawn.mean()) < 1e-2
    assert drawn.var() == pytest.approx(1, abs=1e-2)
    assert np.abs(drawn).max() < 6


def test_names_shapes_and_deviation() -> None:
    config = replace(sdmn_config(75, 150, 12), latent=(9, 51))
    made = latents(config, 3)
    assert {name: tuple(z.shape[1:]) for name, z in made.items()} == config.unsent
    assert made["fine_latent"][2, 0, 0, 0] == np.float32(0.2) * draws(9, 2, 1, 1)[0]
    assert latents(sdmn_config(75, 150, 12), 3) == {} == given_embeddings(hnerv_config(75, 150, 12), 3)
