"""The papers that we repeat: published figures, and ours beside them."""
