"""Names of videos, with their aliases and spellings."""

import pytest

from nervcodec.bench.data.catalogue import video_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bospho", "Bosphorus"),
        ("Honey", "HoneyBee"),
        ("Bee", "honeybee"),
        ("ReadySetGo", "Ready"),
        ("SHAKE", "ShakeNDry"),
    ],
)
def test_videos_are_the_same_by_any_name(one: str, other: str) -> None:
    assert video_key(one) == video_key(other) != video_key("Beauty")
    assert video_key("Beauty_1920x1080_120fps_420_8bit_YUV") == video_key("beauty")
