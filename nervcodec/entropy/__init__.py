"""Integer symbols to bytes and back, by probabilities that are integers too."""
