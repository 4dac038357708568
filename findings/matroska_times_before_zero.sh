#!/usr/bin/env bash
# FFmpeg's Matroska (PyAV 18.1.0), written with avoid_negative_ts=disabled so that times before 0 stay: they do stay as long as the
# cluster in which they lie reaches to 0 or beyond. Where sound begins earlier, so that a cluster (5 s) ends before 0, all
# packets before 0 come back as if the first of them were at 0, and those after 0 where they were: time goes back in
# the middle of the stream, and nothing says so when writing or reading. Seen: 10 s of sound from -4 s come back right; from
# -6 s on, the first 60 packets of 100 ms come back 6 s late. Shorter sound that ends before 0 is moved as a whole.
source "$(dirname "$0")/environment"
install av==18.1.0 numpy==2.4.0
python - <<'PYTHON'
import io
from fractions import Fraction
from itertools import groupby

import av
import numpy as np


def moved(start, count):
    """Runs of packets of 100 ms that are read later than written, from a sound that begins at `start` milliseconds."""
    made, written = io.BytesIO(), []
    with av.open(made, "w", format="matroska", options={"avoid_negative_ts": "disabled"}) as container:
        stream = container.add_stream("pcm_s16le", rate=48000)
        for number in range(count):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 48000, 4800 * number, Fraction(1, 48000)
            for packet in stream.encode(frame):
                packet.pts += 48 * start
                packet.dts = packet.pts
                written.append(packet.pts // 48)
                container.mux(packet)
    made.seek(0)
    with av.open(made) as container:
        read = [packet.pts for packet in container.demux() if packet.size]
    assert len(read) == len(written)
    return [(late, len(list(run))) for late, run in groupby(b - a for a, b in zip(written, read))]


expected = {(-4000, 100): [(0, 100)], (-6000, 100): [(6000, 60), (0, 40)], (-4000, 30): [(4000, 30)]}
for (start, count), runs in expected.items():
    found = moved(start, count)
    print(f"{count} packets from {start} ms on:", ", ".join(f"{length} are {late} ms late" for late, length in found))
    assert found == runs
PYTHON
