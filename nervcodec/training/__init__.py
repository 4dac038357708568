"""Everything that only fitting needs; the decoder never imports it."""
