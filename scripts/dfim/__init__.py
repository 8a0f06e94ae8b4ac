"""Deep Feature Interaction Maps: which features of a sequence act together in a trained network.

A library of pure functions on arrays and tables. It knows no Snakemake and no configuration, and takes
every path as an argument; the scripts one level up connect it to files.
"""
