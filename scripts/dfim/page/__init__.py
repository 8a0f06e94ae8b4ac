"""The page of a run: what was asked and found, in one HTML file that needs no network."""
