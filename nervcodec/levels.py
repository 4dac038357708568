"""Levels of the frames of a group: each is made of the two frames around it that are there before it.

The frame in the middle of a group is made of the two frames of the file around the group, then the frames in the middle
of both halves, and so on. The level of a frame is 0 where the two frames are its neighbours, and one higher for each
doubling of their distance.
"""

from collections.abc import Sequence
from itertools import pairwise


def middle(before: int, after: int) -> int:
    """Position of the frame that is made first between two positions that are not neighbours."""
    return (before + after) // 2


def level(before: int, after: int) -> int:
    """Level of the frame that is made first between two positions that are not neighbours."""
    return (after - before - 1).bit_length() - 1


def way_to(position: int, before: int, after: int) -> list[int]:
    """Positions of the frames that are made between two positions up to one of them, in order; it is the last."""
    made: list[int] = []
    while position not in (before, after):
        made.append(middle(before, after))
        before, after = (made[-1], after) if position >= made[-1] else (before, made[-1])
    return made


def level_count(positions: Sequence[int]) -> int:
    """Number of levels of the frames between some positions; 0 if there are none."""
    return max((level(before, after) + 1 for before, after in pairwise(positions) if after > before + 1), default=0)
