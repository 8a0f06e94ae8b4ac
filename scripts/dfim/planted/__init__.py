"""Data with a planted truth: a miniature genome with a grammar, and a library with energies."""
