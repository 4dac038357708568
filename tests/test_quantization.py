import numpy as np
import pytest
import torch

from nervcodec.errors import FitError
from nervcodec.quantization import (
    LARGEST_SYMBOL,
    STEP_TABLE,
    QuantizedTensor,
    dequantize,
    quantize,
    rescaled,
    step_for_range,
)


def test_step_table_is_what_the_format_says() -> None:
    expected = torch.tensor([2.0 ** ((i - 192) / 8) for i in range(256)], dtype=torch.float32)
    torch.testing.assert_close(STEP_TABLE, expected, rtol=1e-7, atol=0)
    assert STEP_TABLE[192] == 1.0
    assert STEP_TABLE[200] == 2.0


@pytest.mark.parametrize("bits", [2, 5, 8, 12])
def test_step_for_range_is_the_smallest_that_reaches(bits: int) -> None:
    tensor = torch.randn(50, 7)
    step = step_for_range(tensor, bits)
    largest = 2 ** (bits - 1) - 1
    assert np.abs(quantize(tensor, (step,)).symbols).max() <= largest
    assert np.abs(quantize(tensor, (step - 1,)).symbols).max() > largest


def test_error_is_at_most_half_a_step_and_zero_stays_zero() -> None:
    tensor = torch.randn(16, 3, 3, 3)
    tensor[tensor.abs() < 0.3] = 0
    step = step_for_range(tensor, 8)
    restored = dequantize(quantize(tensor, (step,)))
    assert (restored - tensor).abs().max() <= STEP_TABLE[step] / 2 * 1.0001
    assert (restored[tensor == 0] == 0).all()


def test_channels_may_have_steps_of_their_own() -> None:
    tensor = torch.randn(4, 5, 3, 3)
    restored = dequantize(quantize(tensor, (150, 160, 170, 180)))
    for channel, step in enumerate((150, 160, 170, 180)):
        assert torch.equal(restored[channel], dequantize(quantize(tensor[channel], (step,))))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e9])
def test_values_beyond_the_largest_step(value: float) -> None:
    with pytest.raises(FitError, match="beyond"):
        step_for_range(torch.tensor([1.0, value]), 8)


def test_a_tensor_of_zeros_costs_no_symbol() -> None:
    zeros = torch.zeros(3, 4)
    assert not quantize(zeros, (step_for_range(zeros, 8),)).symbols.any()


def test_symbols_in_other_steps_stand_for_about_the_same_numbers() -> None:
    symbols = np.array([0, 1, -1, 3, 100, -4000, LARGEST_SYMBOL], np.int32)
    given = QuantizedTensor(symbols, (150,))
    np.testing.assert_array_equal(rescaled(given, 150), symbols)
    np.testing.assert_array_equal(rescaled(given, 142), np.clip(2 * symbols, -LARGEST_SYMBOL, LARGEST_SYMBOL))
    np.testing.assert_array_equal(rescaled(given, 158), [0, 1, -1, 2, 50, -2000, LARGEST_SYMBOL // 2])
    assert rescaled(given, 255).tolist() == [0, 0, 0, 0, 0, 0, 2]
    assert rescaled(QuantizedTensor(symbols, (255,)), 0).tolist() == [0, *np.sign(symbols[1:]) * LARGEST_SYMBOL]
    for step in range(120, 180):
        exact = symbols[:-1] * 2.0 ** ((150 - step) / 8)
        assert np.abs(rescaled(given, step)[:-1] - np.clip(exact, -LARGEST_SYMBOL, LARGEST_SYMBOL)).max() <= 0.51
