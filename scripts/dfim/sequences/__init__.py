"""Sequences: bases, shuffles, motifs and their hits, features."""
