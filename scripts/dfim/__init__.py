"""Deep Feature Interaction Maps: which features of a sequence act together in a trained network.

    import dfim
    maps = dfim.map("network.keras", "sequences.fa")
    found = dfim.pairs("network.keras", "sequences.fa", "features.bed")
    table = dfim.variants("network.keras", "sequences.fa", "variants.tsv")
    table = dfim.scan("network.keras", {"TAL1": "CAGATG", "GATA1": "AGATAAG"})

A library of pure functions on arrays and tables. It knows no Snakemake and no configuration, and takes
every path as an argument. Input that cannot be used raises ``dfim.InputError``, one sentence.
"""

from dfim.errors import InputError as InputError

_FACE = ("map", "pairs", "variants", "scan", "Maps", "Pairs")


def __dir__() -> list[str]:
    return sorted(["InputError", *_FACE])


def __getattr__(name: str):
    """Import the face when it is asked for: rooms of the library are imported without it."""
    if name in _FACE:
        from dfim import api

        return getattr(api, name)
    raise AttributeError(f"module 'dfim' has no attribute {name!r}")
