#!/usr/bin/env bash
# FFmpeg dithers when it makes 8 bits of more (`-pix_fmt yuv420p`, `format=yuv420p`, and PyAV's `reformat`): an even plane of
# 401 of 1023 becomes a pattern of 100 and 101, where 401 / 4 rounds to 100. Whoever measures a 10-bit decode (VVenC knows no
# other depth) against an 8-bit source this way measures the dither too. `scale=sws_dither=none` rounds. Seen: the better the
# stream, the more it costs, 0.33 dB of luma PSNR here.
source "$(dirname "$0")/environment"
install imageio-ffmpeg==0.8.1 numpy==2.3.5
ffmpeg=$(python -c "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())")
"$ffmpeg" -hide_banner -version | head -1

"$ffmpeg" -v error -f lavfi -i testsrc2=size=320x192:rate=25:duration=1 -pix_fmt yuv420p source.y4m
"$ffmpeg" -v error -i source.y4m -pix_fmt yuv420p10le -c:v libvvenc -preset faster -qp 20 decoded.vvc

measure() {
    "$ffmpeg" -hide_banner -i decoded.vvc -i source.y4m -lavfi "[0:v]$1[a];[a][1:v]psnr" -f null - 2>&1 | grep -o "PSNR y:[0-9.]*" | cut -d: -f2
}

dithered=$(measure format=yuv420p)
rounded=$(measure scale=sws_dither=none,format=yuv420p)
echo "luma PSNR: $dithered dB as FFmpeg converts, $rounded dB rounded"
FFMPEG=$ffmpeg python - "$dithered" "$rounded" <<'PYTHON'
import os
import subprocess
import sys

import numpy as np

plane = np.full(64 * 64 * 3 // 2, 401, "<u2").tobytes()
raw = ["-f", "rawvideo", "-s", "64x64"]
for convert in ("format=yuv420p", "scale=sws_dither=none,format=yuv420p"):
    command = [os.environ["FFMPEG"], "-v", "error", *raw, "-pix_fmt", "yuv420p10le", "-i", "-", "-vf", convert]
    made = subprocess.run([*command, *raw, "-"], input=plane, capture_output=True, check=True).stdout
    values = np.unique(np.frombuffer(made, np.uint8)).tolist()
    print(f"{convert}: 401 of 1023 becomes {values}")
    assert values == ([100] if "none" in convert else [100, 101])
dithered, rounded = map(float, sys.argv[1:])
assert rounded > dithered + 0.1
PYTHON
