#!/usr/bin/env bash
# VVenC in FFmpeg (libvvenc): `-g 250`, the option of every other encoder for the distance between key frames, changes no byte
# and brings no warning. Intra pictures come every second, by the labelled frame rate, unless `-period N` says N seconds.
# A comparison with x264 or x265, whose default is 250 frames, has to say `-period`. Seen: in 3 seconds 3 intra
# pictures by default and with -g 250, one with -period 10, which takes fewer bytes.
source "$(dirname "$0")/environment"
install imageio-ffmpeg==0.8.1 av==18.1.0
ffmpeg=$(python -c "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())")
"$ffmpeg" -hide_banner -version | head -1

code() {
    "$ffmpeg" -v error -f lavfi -i testsrc2=size=320x192:rate=25:duration=3 -pix_fmt yuv420p10le -c:v libvvenc -preset faster -qp 34 "${@:2}" "$1"
}

code plain.vvc
code g.vvc -g 250
code period.vvc -period 10
python - <<'PYTHON'
from pathlib import Path

import av
from av.video.frame import PictureType

found = {}
for name in ("plain", "g", "period"):
    with av.open(f"{name}.vvc") as container:
        intra = sum(frame.pict_type == PictureType.I for frame in container.decode(video=0))
    found[name] = (intra, Path(f"{name}.vvc").stat().st_size)
    print(f"{name}: {intra} intra pictures, {found[name][1]} bytes")
assert Path("plain.vvc").read_bytes() == Path("g.vvc").read_bytes()
assert found["plain"][0] >= 3
assert found["period"][0] == 1
assert found["period"][1] < found["plain"][1]
PYTHON
