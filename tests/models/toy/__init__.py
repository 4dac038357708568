"""A model as somebody would add it: one colour for each frame, out of one number for each channel."""
