"""From a `.nerv` file to frames and videos: knows `stream`, and nothing that can train."""
