#!/usr/bin/env bash
# SVT-AV1 4.1.0, through FFmpeg's libsvtav1: the presets 11, 12 and 13 give one and the same stream for random access, so
# a table with all three has one codec three times; preset 10 is another. `tune=1`, which tunes for PSNR, is the default:
# asking for it changes no byte. Seen: 10 takes another number of bytes; 11, 12, 13 are equal; tune=0 differs from both.
source "$(dirname "$0")/environment"
install av==18.1.0
SVT_LOG=1 python - <<'PYTHON'
from streams import code


def stream(preset, **more):
    return code(40, "libsvtav1", "obu", {"preset": preset, "crf": "40", **more})


fast = {preset: stream(preset) for preset in ("10", "11", "12", "13")}
print({preset: len(data) for preset, data in fast.items()})
assert fast["11"] == fast["12"] == fast["13"] != fast["10"]
plain, tuned, other = stream("6"), stream("6", **{"svtav1-params": "tune=1"}), stream("6", **{"svtav1-params": "tune=0"})
print(f"preset 6: {len(plain)} bytes, with tune=1 {len(tuned)}, with tune=0 {len(other)}")
assert plain == tuned != other
PYTHON
