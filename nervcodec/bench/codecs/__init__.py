"""Codecs under one roof: ours, those that people use, scalable ones."""

DEFAULT_CODECS = ("dnerv", "hnerv", "sdmn", "x264", "x265", "svt-av1")
