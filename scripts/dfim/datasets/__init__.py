"""Datasets: sequences, labels or values, a split and features; one module a producer."""
