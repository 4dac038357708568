"""Data sets, the places of their sequences, and the frames and pixels that papers measure on."""
