#!/usr/bin/env bash
# PyAV 18.1.0: the attribute `side_data` of a frame raises ValueError for each picture with EXIF, as cameras write it, because
# FFmpeg gives EXIF as side data of a kind (31) that the enumeration `av.sidedata.sidedata.Type` does not have. Decoding
# itself and all other attributes are right. Seen: "31 is not a valid Type".
source "$(dirname "$0")/environment"
install av==18.1.0 Pillow==11.3.0
python - <<'PYTHON'
import av
from PIL import Image

exif = Image.Exif()
exif[0x010F] = "a camera"
Image.new("RGB", (64, 48)).save("plain.jpg")
Image.new("RGB", (64, 48)).save("exif.jpg", exif=exif)
answers = {}
for name in ("plain.jpg", "exif.jpg"):
    with av.open(name) as container:
        frame = next(container.decode(video=0))
    try:
        answers[name] = f"{len(frame.side_data)} entries"
    except ValueError as error:
        answers[name] = f"ValueError: {error}"
print(answers)
assert answers["plain.jpg"] == "0 entries"
assert answers["exif.jpg"].startswith("ValueError")
PYTHON
