"""A whole video, in segments that one process or many workers fit: only this room knows folders, leases and workers."""
