"""Fitting of one segment, from its frames to its bytes; uses `stream`, `decoding` and `training`, but no jobs."""
