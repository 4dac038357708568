"""Comparing codecs: data sets, codecs to compare with, runs that can be taken up again, reports."""
