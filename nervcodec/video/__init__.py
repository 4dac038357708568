"""Pixels in and out of video files, image folders and pipes; the only door to PyAV."""
