"""Everything that only fits need; the decoder never imports this package."""
