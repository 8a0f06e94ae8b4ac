"""Genomes: FASTA, intervals, narrowPeak files, and which assembly they are of."""
