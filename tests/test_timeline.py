from fractions import Fraction
from itertools import pairwise

import pytest

from nervcodec.errors import RequestError, ResourceError
from nervcodec.timeline import Clock, Moment, Playback, Schedule, Timeline

RATES = [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(60)]
AFTER_THE_END = Fraction(99)
"""A time in seconds long after the end of a video of ten frames."""


@pytest.mark.parametrize(("step", "length", "positions"), [(2, 7, (0, 2, 4, 6)), (2, 6, (0, 2, 4, 5)), (5, 3, (0, 2))])
def test_every_frame_that_is_left_out_has_two_neighbours(step: int, length: int, positions: tuple[int, ...]) -> None:
    timeline = Timeline.every(step, length)
    assert timeline.positions == positions
    assert all(positions[0] < time < positions[-1] for time in timeline.missing)
    assert sorted([*positions, *timeline.missing]) == list(range(length))


def test_one_frame_is_a_timeline() -> None:
    timeline = Timeline.every(2, 1)
    assert timeline.is_whole
    assert list(timeline.moments([0, Fraction(1, 2)])) == [Moment(0, Fraction(0))] * 2


def test_moments_lie_between_the_frames_around() -> None:
    timeline = Timeline((0, 2, 4, 5), 6)
    times: list[Fraction | int] = [0, Fraction(1, 2), 2, 3, Fraction(9, 2), 5, Fraction(11, 2)]
    expected = [(0, 0), (0, Fraction(1, 4)), (1, 0), (1, Fraction(1, 2)), (2, Fraction(1, 2)), (3, 0), (3, 0)]
    assert [(m.frame, m.fraction) for m in timeline.moments(times)] == expected


@pytest.mark.parametrize("source", RATES)
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("step", [1, 2])
def test_a_frame_rate_has_the_frames_that_begin_before_the_video_ends(
    source: Fraction, rate: Fraction, step: int
) -> None:
    timeline = Timeline.every(step, 50)
    schedule = Playback(frame_rate=rate).schedule(timeline, source)
    duration = 50 / source
    assert schedule.clock.ticks == tuple(range(len(schedule.moments)))
    assert (len(schedule.clock.ticks) - 1) / rate < duration <= len(schedule.clock.ticks) / rate
    for tick, moment in zip(schedule.clock.ticks, schedule.moments, strict=True):
        before, after = (*timeline.positions, 50)[moment.frame : moment.frame + 2]
        shown = before + moment.fraction * (after - before)
        assert shown == min(tick / rate * source, timeline.positions[-1])


def test_a_factor_is_a_frame_rate() -> None:
    timeline = Timeline.every(2, 9)
    by_factor = Playback(factor=4).schedule(timeline, RATES[0])
    assert by_factor == Playback(frame_rate=4 * RATES[0]).schedule(timeline, RATES[0])
    assert len(by_factor.clock.ticks) == 36


def test_without_a_wish_the_frames_of_the_file_are_shown_at_their_own_times() -> None:
    even = Playback().schedule(Timeline.every(2, 9), Fraction(50))
    assert even.frame_rate == 25
    assert even.clock == Clock(time_base=Fraction(1, 50), ticks=(0, 2, 4, 6, 8), end=9)
    uneven = Playback().schedule(Timeline.every(2, 8), Fraction(50))
    assert uneven.frame_rate == 50
    assert uneven.clock.ticks == (0, 2, 4, 6, 7)
    assert all(moment.fraction == 0 for moment in (*even.moments, *uneven.moments))


def test_all_times_are_those_of_the_video() -> None:
    schedule = Playback(all_times=True).schedule(Timeline.every(3, 8), Fraction(50))
    assert schedule.frame_rate == 50
    assert schedule.clock.ticks == tuple(range(8))
    assert all((a.frame, a.fraction) < (b.frame, b.fraction) for a, b in pairwise(schedule.moments))


@pytest.mark.parametrize("wish", [{"all_times": True, "factor": 2}, {"factor": 2, "frame_rate": Fraction(5)}])
def test_wishes_exclude_each_other(wish: dict[str, object]) -> None:
    with pytest.raises(RequestError, match="exclude"):
        Playback(**wish)  # type: ignore[arg-type]


@pytest.mark.parametrize("wish", [{"frame_rate": Fraction(0)}, {"factor": 0}])
def test_nothing_is_no_frame_rate(wish: dict[str, object]) -> None:
    with pytest.raises(RequestError, match="positive"):
        Playback(**wish)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wish", "first", "stop"),
    [
        ({}, 0, 10),
        ({"start": Fraction(1, 25)}, 1, 10),
        ({"start": Fraction(1, 25) + Fraction(1, 1000)}, 2, 10),  # no frame begins then; the next one is first
        ({"start": 3, "stop": Fraction(5, 25)}, 3, 5),  # what begins at the end is not shown
        ({"start": 3, "count": 2}, 3, 5),
        ({"start": 8, "count": 20}, 8, 10),
        ({"stop": AFTER_THE_END}, 0, 10),
        ({"stop": Fraction(1, 1000)}, 0, 1),
    ],
)
def test_a_part_begins_with_the_first_frame_that_is_shown_no_earlier(
    wish: dict[str, object], first: int, stop: int
) -> None:
    playback = Playback(**wish)  # type: ignore[arg-type]
    schedule = playback.schedule(Timeline.every(1, 10), Fraction(25))
    assert playback.numbers(schedule) == range(first, stop)


def clock_of(playback: Playback, schedule: Schedule) -> tuple[int, ...]:
    part = playback.numbers(schedule)
    return schedule.clock.cut(part.start, part.stop).ticks


def test_a_part_is_one_of_what_is_shown_and_its_times_begin_at_0() -> None:
    uneven = Timeline((0, 2, 4, 6, 7), 8)
    own = Playback(start=Fraction(3, 50))
    schedule = own.schedule(uneven, Fraction(50))
    assert clock_of(own, schedule) == (0, 2, 3)
    faster = Playback(factor=4, start=Fraction(3, 50), count=5)
    schedule = faster.schedule(uneven, Fraction(50))
    assert faster.numbers(schedule) == range(12, 17)
    assert clock_of(faster, schedule) == (0, 1, 2, 3, 4)


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"stop": 3, "count": 3}, "exclude"),
        ({"count": 0}, "at least 1, not 0"),
        ({"start": Fraction(-1)}, "before the first"),
        ({"start": 10}, "at frame 10 or later: the last is frame 9, at 0.36 s"),
        ({"start": Fraction(2, 5)}, r"at 0.4 s or later"),
        ({"start": 4, "stop": Fraction(4, 25)}, "from frame 4 to 0.16 s"),
    ],
)
def test_a_part_that_holds_nothing_is_refused(wish: dict[str, object], reason: str) -> None:
    with pytest.raises(RequestError, match=reason):
        (playback := Playback(**wish)).numbers(playback.schedule(Timeline.every(1, 10), Fraction(25)))  # type: ignore[arg-type]


def jittered(*ticks: int, end: int, per_second: int = 1000) -> Clock:
    """A clock with frames at the given ticks, `per_second` of which make a second."""
    return Clock(time_base=Fraction(1, per_second), ticks=ticks, end=end)


@pytest.mark.parametrize("rate", [*RATES, Fraction(120)])
def test_milliseconds_keep_a_frame_rate(rate: Fraction) -> None:
    ticks = [round(1000 * number / rate) for number in range(500)]
    assert jittered(*ticks, end=ticks[-1] + round(1000 / rate)).keeps(rate)
    assert not jittered(*ticks, end=ticks[-1] + 5 + round(1000 / rate)).keeps(rate)
    assert not jittered(*ticks[:-1], ticks[-1] + 2, end=ticks[-1] + round(1000 / rate)).keeps(rate)


def test_what_the_time_base_could_say_must_be_said() -> None:
    assert jittered(0, 40, 80, end=120).keeps(Fraction(25))
    assert not jittered(0, 40, 81, end=120).keeps(Fraction(25))
    assert not jittered(0, 40, 80, end=121).keeps(Fraction(25))
    assert not jittered(0, 1, 2, 4, end=5, per_second=25).keeps(Fraction(20))


def test_a_clock_says_when_frames_are_shown() -> None:
    clock = jittered(0, 40, 100, 110, 300, end=400)
    kept = Timeline((0, 2, 4), 5)
    every = Playback(all_times=True).schedule(kept, Fraction(25), clock)
    assert every.clock == clock
    assert [(m.frame, m.fraction) for m in every.moments] == [
        (0, 0),
        (0, Fraction(2, 5)),
        (1, 0),
        (1, Fraction(1, 20)),
        (2, 0),
    ]
    own = Playback().schedule(kept, Fraction(25), clock)
    assert own.clock == jittered(0, 100, 300, end=400)
    even = Playback(frame_rate=Fraction(20)).schedule(kept, Fraction(25), clock)
    assert even.clock == Clock.even(Fraction(20), 8)
    assert [(m.frame, m.fraction) for m in even.moments[:4]] == [
        (0, 0),
        (0, Fraction(1, 2)),
        (1, 0),
        (1, Fraction(1, 4)),
    ]


def test_a_part_of_a_clock_begins_with_0() -> None:
    assert jittered(0, 40, 100, 110, 300, end=400).cut(1, 4) == jittered(0, 60, 70, end=260)


def test_no_more_is_shown_than_anybody_watches() -> None:
    """A few bytes of a file can say that a frame lasts for a very long time."""
    clock = Clock(time_base=Fraction(1 << 30), ticks=(0,), end=1 << 34)
    with pytest.raises(ResourceError, match="frames would be shown"):
        Playback(frame_rate=Fraction(30)).schedule(Timeline.every(1, 1), Fraction(25), clock)
