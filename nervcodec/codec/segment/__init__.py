"""One segment of a video from its frames to its bytes: knows `stream`, `decoding` and `training`, nothing of jobs."""
