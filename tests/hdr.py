"""What an HDR10 video says of its light."""

from nervcodec.picture import ContentLight, MasteringDisplay

MASTERING = MasteringDisplay(
    red=(34000, 16000),
    green=(13250, 34500),
    blue=(7500, 3000),
    white=(15635, 16450),
    max_luminance=10_000_000,
    min_luminance=50,
)
LIGHT = ContentLight(max_content=1000, max_average=400)
