"""The papers that we repeat: their published figures, and ours beside these."""
