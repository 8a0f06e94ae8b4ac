"""What is found, as files that other programs read: genome browsers, motif discovery, NumPy."""
