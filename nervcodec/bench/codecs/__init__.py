"""Codecs under one roof: ours, those that people use, scalable ones."""
