"""Priors and the range decoder in plain Python, word by word after docs/bitstream.md, sections 5 and 6."""

from itertools import accumulate
from math import floor, isqrt

ONE = 1 << 48


def exp_minus(x: int) -> int:
    x >>= 16
    result = term = ONE
    for n in range(1, 5):
        term = (-(term * x >> 48)) // n
        result += term
    for _ in range(16):
        result = result * result >> 48
    return result


def frequencies(magnitude: int, family: int, scale: int, spike: int) -> list[int]:
    eighth = isqrt(isqrt(isqrt(2 << 96) << 48) << 48)
    d = ONE
    for _ in range(scale % 8):
        d = d * eighth >> 48
    d = d << scale // 8 >> 3
    theta = exp_minus((ONE << 96) // (2 * d * d) if family else isqrt(2 << 96) * ONE // d)
    law, ratio = [ONE], theta
    for _ in range(magnitude):
        law.append(law[-1] * ratio >> 48)
        if family:
            ratio = ratio * (theta * theta >> 48) >> 48
    total = 2 * sum(law) - law[0]
    side = [1 + ((p << 24) // total * (256 - spike) >> 8) for p in law]
    return [*side[:0:-1], side[0] + (spike << 16), *side[1:]]


def boundaries(table: list[int]) -> list[int]:
    factor = (2**24 - len(table)) / sum(map(float, table))
    sums = accumulate(map(float, table[:-1]), initial=0.0)
    return [j + floor(factor * left) for j, left in enumerate(sums)] + [2**24]


class RangeDecoder:
    """A range decoder with words of 32 bits and a state of 64 bits."""

    def __init__(self, data: bytes) -> None:
        self.words = [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]
        self.lower, self.range = 0, 2**64 - 1
        self.point = self.next_word() << 32 | self.next_word()

    def next_word(self) -> int:
        return self.words.pop(0) if self.words else 0

    def decode(self, left: list[int]) -> int:
        scale = self.range >> 24
        quantile = ((self.point - self.lower) % 2**64) // scale
        symbol = next(j for j in range(len(left) - 1) if quantile < left[j + 1])
        self.lower = (self.lower + scale * left[symbol]) % 2**64
        self.range = scale * (left[symbol + 1] - left[symbol])
        if self.range < 2**32:
            self.lower, self.range = self.lower << 32 & 2**64 - 1, self.range << 32
            self.point = (self.point << 32 & 2**64 - 1) | self.next_word()
        return symbol
