#!/usr/bin/env bash
# SVT-AV1 4.1.0, through FFmpeg's libsvtav1: opening the encoder makes the thread that calls it real-time (SCHED_FIFO, priority 99) where
# the system allows it, as it does for root with CAP_SYS_NICE, and says nothing of it. Threads that are started later inherit that, and it
# stays when the encoder is gone: a program that measures, or computes with threads that wait actively, then takes the processors from
# everything else. x264 and x265 change nothing. Needs Linux and that root. Seen: policy 0 before, 1 with priority 99 after, also in a new
# thread.
source "$(dirname "$0")/environment"
install av==18.1.0
SVT_LOG=1 python - <<'PYTHON'
import os
from concurrent.futures import ThreadPoolExecutor

from streams import code


def policies():
    """Policy and priority of this thread, and of one that is started now."""
    with ThreadPoolExecutor(1) as pool:
        return [(os.sched_getscheduler(0), os.sched_getparam(0).sched_priority), pool.submit(os.sched_getscheduler, 0).result()]


assert os.geteuid() == 0, "only threads of root become real-time"
seen = {"before": policies()}
for encoder, muxer in (("libx264", "h264"), ("libx265", "hevc"), ("libsvtav1", "obu")):
    code(4, encoder, muxer, {"x265-params": "log-level=none"} if encoder == "libx265" else {})
    seen[encoder] = policies()
print(seen)
usual = [(os.SCHED_OTHER, 0), os.SCHED_OTHER]
assert seen["before"] == seen["libx264"] == seen["libx265"] == usual
assert seen["libsvtav1"] == [(os.SCHED_FIFO, 99), os.SCHED_FIFO]
PYTHON
