#!/usr/bin/env bash
# PyAV 18.1.0 opens every encoder with thread_type SLICE and as many threads as there are cores; the ffmpeg program uses frame
# threads. x264 then cuts each picture into as many slices as threads, and no slice predicts from another: the same
# options take more bits on a machine with more cores. Seen: 4 threads take 9 % more bytes than 1 with slices, and
# the same with `thread_type = "FRAME"`.
source "$(dirname "$0")/environment"
install av==18.1.0
python - <<'PYTHON'
from streams import code


def size(threads, kind=None):
    def prepare(context):
        context.thread_count = threads
        context.thread_type = kind or context.thread_type

    return len(code(50, "libx264", "h264", {"preset": "medium", "crf": "28"}, prepare=prepare))


one = size(1)
slices, frames = size(4) / one, size(4, "FRAME") / one
print(f"bytes with 4 threads against 1: PyAV's default {slices:.3f}, thread_type FRAME {frames:.3f}")
assert slices > 1.03
assert abs(frames - 1) < 0.01
PYTHON
