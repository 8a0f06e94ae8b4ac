"""Training networks, asking them, and measuring how good they are."""
