from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from time import sleep

import pytest
import torch

from nervcodec.entropy.forms import Form, Symbols, cheapest_form
from nervcodec.quantization import QuantizedTensor
from nervcodec.training.attempt import Attempt
from nervcodec.training.rate import Choice
from nervcodec.training.recipe import Recipe
from tests.training.blobs import CONFIGS, moving_blob

Choose = Callable[[Mapping[str, QuantizedTensor]], Choice]


def fitted_beside(seconds: float) -> tuple[list[int], Attempt]:
    """Steps at which the rate model changed, fitted by a thread that takes some seconds for it; and what was fitted."""
    attempt, threads, changed = (
        Attempt(moving_blob(), CONFIGS[0], Recipe(steps=40, rate=1e-4), 0),
        ThreadPoolExecutor(1),
        [],
    )

    def slowly(choose: Choose, symbols: Mapping[str, QuantizedTensor]) -> "Future[Choice]":
        threads.submit(sleep, seconds)
        return threads.submit(choose, symbols)

    for step, times in attempt.steps_to_come():
        attempt.step(step, times)
        if attempt.rate:
            attempt.rate.delay, attempt.rate.submit = 4, slowly
            before = attempt.rate.model.fits
            attempt.rate.follow(step)
            changed += [step] * (attempt.rate.model.fits - before)
    threads.shutdown()
    return changed, attempt


def test_what_a_thread_fits_takes_effect_at_steps_that_do_not_depend_on_its_speed() -> None:
    (changed, fast), (later, slow) = fitted_beside(0), fitted_beside(0.05)
    assert changed == later == [12, 20, 28, 36, 40]
    for name, tensor in fast.network.tensors().items():
        assert torch.equal(tensor, slow.network.tensors()[name])


def test_the_last_model_is_that_of_the_last_symbols() -> None:
    _, attempt = fitted_beside(0)
    assert attempt.rate
    kept = attempt.rate.model.symbols
    assert all((kept[name].symbols == tensor.symbols).all() for name, tensor in attempt.rate.symbols().items())


def test_the_rate_model_tries_all_kinds_of_forms_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def counted(symbols: Symbols, temporal: bool, reference: Symbols | None = None) -> Form:
        tried.append(len(tried))
        return cheapest_form(symbols, temporal, reference=reference)

    monkeypatch.setattr("nervcodec.training.rate.cheapest_form", counted)
    monkeypatch.setattr("nervcodec.training.rate.ALL_KINDS", 4)
    attempt = Attempt(moving_blob(), CONFIGS[0], Recipe(steps=40, rate=1e-4), 0)
    for step, times in islice(attempt.steps_to_come(), 10):
        attempt.step(step, times)
    assert attempt.rate
    counts = []
    for _ in range(8):
        tried.clear()
        attempt.rate.model.fit(attempt.rate.symbols())
        counts.append(len(tried))
    tensors = len(attempt.rate.symbols())
    assert sorted(counts) == [0] * 6 + [tensors] * 2
    assert counts.index(tensors) + 4 == len(counts) - 1 - counts[::-1].index(tensors)
