#!/usr/bin/env bash
# constriction 0.5.0: the type of the numbers is a part of the model. Whole numbers such as 1, 2 and 3, which float32 and float64 hold alike,
# give other words as float32 than as float64 in `Categorical(perfect=False)` with probabilities for each symbol, because the table is computed
# in the type that the array has. What was coded with one type must be decoded with the same: an array that was saved, or came from PyTorch,
# as float32 and is read as float64 no longer decodes, without or with an error.
source "$(dirname "$0")/environment"
install constriction==0.5.0 numpy==2.4.6
python - <<'PYTHON'
import constriction
import numpy as np

rng = np.random.default_rng(1)
frequencies = rng.integers(1, 4, (20_000, 3)).astype(np.float64)
symbols = rng.integers(0, 3, 20_000).astype(np.int32)
assert np.array_equal(frequencies, frequencies.astype(np.float32))
family, queue = constriction.stream.model.Categorical(perfect=False), constriction.stream.queue


def words(dtype):
    encoder = queue.RangeEncoder()
    encoder.encode(symbols, family, frequencies.astype(dtype))
    return encoder.get_compressed()


def decoded(data, dtype):
    try:
        return queue.RangeDecoder(data).decode(family, frequencies.astype(dtype))
    except AssertionError as error:
        return str(error)


narrow, wide = words(np.float32), words(np.float64)
print("words:", len(narrow), "as float32,", len(wide), "as float64, the same at first:", int((narrow[:64] == wide[:64]).argmin()))
assert np.array_equal(decoded(narrow, np.float32), symbols) and np.array_equal(decoded(wide, np.float64), symbols)
other = decoded(narrow, np.float64)
print("coded as float32, decoded as float64:", other)
assert not np.array_equal(narrow, wide)
assert isinstance(other, str) or not np.array_equal(other, symbols)
PYTHON
