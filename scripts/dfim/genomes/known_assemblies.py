"""Sizes of the chromosomes of human assemblies, in bp, as UCSC's chrom.sizes have them."""

from collections.abc import Mapping

import pandas as pd

_CHROMOSOMES = [*(f"chr{number}" for number in range(1, 23)), "chrX", "chrY"]

_IN_ORDER = {
    "hg18": [
        247249719, 242951149, 199501827, 191273063, 180857866, 170899992,
        158821424, 146274826, 140273252, 135374737, 134452384, 132349534,
        114142980, 106368585, 100338915, 88827254, 78774742, 76117153,
        63811651, 62435964, 46944323, 49691432, 154913754, 57772954,
    ],
    "hg19": [
        249250621, 243199373, 198022430, 191154276, 180915260, 171115067,
        159138663, 146364022, 141213431, 135534747, 135006516, 133851895,
        115169878, 107349540, 102531392, 90354753, 81195210, 78077248,
        59128983, 63025520, 48129895, 51304566, 155270560, 59373566,
    ],
    "hg38": [
        248956422, 242193529, 198295559, 190214555, 181538259, 170805979,
        159345973, 145138636, 138394717, 133797422, 135086622, 133275309,
        114364328, 107043718, 101991189, 90338345, 83257441, 80373285,
        58617616, 64444167, 46709983, 50818468, 156040895, 57227415,
    ],
}  # fmt: skip
SIZES = {name: dict(zip(_CHROMOSOMES, sizes, strict=True)) for name, sizes in _IN_ORDER.items()}


def known_assembly(sizes: Mapping[str, int]) -> str | None:
    """Return the known assembly that a genome has the sizes of, for all chromosomes of both; else None."""
    for name, known in SIZES.items():
        shared = known.keys() & sizes.keys()
        if shared and all(sizes[chrom] == known[chrom] for chrom in shared):
            return name
    return None


def other_assemblies(intervals: pd.DataFrame, sizes: Mapping[str, int]) -> list[str]:
    """Return the known assemblies, other than the genome's own, into which all intervals fit.

    ``intervals`` has ``chrom`` and ``end`` (exclusive), ``sizes`` are those of the genome. Nothing is said of
    a genome that is itself of no known assembly.
    """
    own = known_assembly(sizes)
    ends = intervals.groupby("chrom")["end"].max()
    return [
        name
        for name, known in SIZES.items()
        if own not in (None, name) and all(end <= known.get(chrom, 0) for chrom, end in ends.items())
    ]
