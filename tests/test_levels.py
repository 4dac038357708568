"""Levels of the frames of groups."""

from nervcodec.levels import level, level_count, middle


def halved(before: int, after: int) -> dict[int, tuple[int, int, int]]:
    """The two frames that each frame between is made of, and its level."""
    if after == before + 1:
        return {}
    at = middle(before, after)
    return {at: (before, after, level(before, after)), **halved(before, at), **halved(at, after)}


def test_frames_between_are_made_from_the_middle_on() -> None:
    assert halved(4, 12) == {
        8: (4, 12, 2),
        6: (4, 8, 1),
        10: (8, 12, 1),
        **{at: (at - 1, at + 1, 0) for at in (5, 7, 9, 11)},
    }
    assert halved(0, 3) == {1: (0, 3, 1), 2: (1, 3, 0)}


def test_levels_grow_with_the_distance() -> None:
    assert [level(0, distance) for distance in range(2, 18)] == [0, 1, 1, 2, 2, 2, 2, *[3] * 8, 4]


def test_the_widest_gap_has_the_most_levels() -> None:
    assert level_count((0, 1, 2)) == 0
    assert level_count((0, 1, 3, 8)) == 3
    assert all(own < level_count((0, 13)) for _, _, own in halved(0, 13).values())
