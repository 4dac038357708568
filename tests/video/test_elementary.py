import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from nervcodec.picture import VideoFormat
from nervcodec.video.colour import Frame
from nervcodec.video.elementary import Coding, write_elementary


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root's threads become real-time")
def test_an_encoder_makes_no_thread_real_time() -> None:
    """SVT-AV1 would make all of them so (findings/svtav1_real_time.sh)."""
    policies: list[set[int]] = []

    def frames() -> Iterator[Frame]:
        for number in range(3):
            threads = Path("/proc/self/task").iterdir()
            policies.append({os.sched_getscheduler(int(thread.name)) for thread in threads})
            yield np.full((64, 64, 3), 40 * number, np.uint8)

    video = VideoFormat(width=64, height=64, frame_rate=Fraction(25))
    assert write_elementary(frames(), video, Coding("libsvtav1", "obu", "yuv420p", {"crf": "40", "preset": "10"}))
    assert policies == 3 * [{os.SCHED_OTHER}]
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
