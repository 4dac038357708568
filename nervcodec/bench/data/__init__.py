"""Data sets, where their sequences lie, and what of them papers measure on."""
