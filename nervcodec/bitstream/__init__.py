"""Reading and writing of files as bytes alone, without torch or models."""
