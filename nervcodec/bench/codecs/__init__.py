"""Codecs behind one interface: our networks, conventional codecs, and scalable codecs."""

DEFAULT_CODECS = ("dnerv", "hnerv", "sdmn", "x264", "x265", "svt-av1")
