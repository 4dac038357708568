"""Comparisons of results: curves, differences, tables, a page."""
