"""Comparing codecs: data sets, codecs to compare with, runs that can be resumed, reports."""
