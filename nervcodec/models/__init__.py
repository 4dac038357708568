"""Networks and nothing else: configs (free of torch), the decoders they describe, and their encoders."""
