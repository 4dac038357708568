"""Bytes only: knows neither torch nor models."""
