"""Coding of integer symbols into bytes and back, with probabilities that are integers too."""
