"""Decoding of a `.nerv` file to frames and videos; uses `stream`, and nothing that can train."""
