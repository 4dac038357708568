"""Conversion of networks to chunks of a file and back; uses the bitstream and the models, but no fits."""
