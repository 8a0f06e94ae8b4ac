"""Planted data, whose truth is known: a genome with a grammar, and a library of flanks."""
