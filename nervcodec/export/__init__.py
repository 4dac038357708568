"""Files that play or compute a `.nerv` file without this package: web pages, and networks in ONNX."""
