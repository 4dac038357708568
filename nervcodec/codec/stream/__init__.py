"""Networks to chunks of a file and back: knows the bitstream and the models, nothing of fits."""
