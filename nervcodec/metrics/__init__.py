"""Measures of the quality of pictures, and of the distance between rate-distortion curves."""
