"""Between the learned side and the bytes: fitted networks to files, files to frames."""
