"""The codec: turns videos into files of fitted networks, and files into frames."""
