"""Interactions: what is mutated, how the scores change, and what of it is significant."""
