"""Networks alone: configs (free of torch), the decoders that they describe, and their encoders."""
