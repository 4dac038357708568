#!/usr/bin/env bash
# x265 4.2, through FFmpeg's libx265: a constant rate factor is no fixed quality of pictures. The same pictures with the same
# -crf take about three times the bytes when they are labelled with 5 frames a second instead of 120, because the
# quantizer follows how long a picture is shown. A comparison of encoders must keep the frame rate of its source.
source "$(dirname "$0")/environment"
install av==18.1.0
python - <<'PYTHON'
from streams import code

options = {"preset": "medium", "crf": "30", "x265-params": "log-level=error"}
sizes = {rate: len(code(50, "libx265", "hevc", options, rate)) for rate in (5, 25, 120)}
print("bytes of the same pictures by frame rate:", sizes)
assert sizes[5] > 2 * sizes[120]
assert sizes[5] > sizes[25] > sizes[120]
PYTHON
