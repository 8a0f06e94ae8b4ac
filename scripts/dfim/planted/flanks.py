"""A library of flanks around a core with planted energies: additive terms, couplings of two bases, and noise.

Positions count from the core: −1 is the last base before it, +1 the first one after it.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dfim.errors import InputError
from dfim.interactions.aggregate import CELL
from dfim.sequences.bases import BASES, reverse_complement, to_bases, to_string

KEYS = {
    "core": str, "flank": int, "sequences": int, "symmetric": bool, "additive": dict, "couplings": list,
    "noise": (int, float), "replicates": list,
}  # fmt: skip
COUPLING_COLUMNS = ["first_position", "first_base", "second_position", "second_base", "energy"]
_CODE = np.zeros(256, np.int64)
_CODE[list(BASES.encode())] = range(4)


@dataclass
class EnergyModel:
    """Energies of flanks: ``additive`` (flank positions, 4), and couplings by :data:`COUPLING_COLUMNS`."""

    core: str
    flank: int
    additive: np.ndarray
    couplings: pd.DataFrame

    def column(self, position: int) -> int:
        """Return the column, among the flanks' bases from 5′ to 3′, of a position counted from the core."""
        return position + self.flank if position < 0 else position + self.flank - 1

    def energies(self, flanks: np.ndarray) -> np.ndarray:
        """Return the energies of flanks, uint8 (sequences, 2 · flank), without noise; float64."""
        codes = _CODE[flanks]
        total = self.additive[np.arange(codes.shape[1]), codes].sum(axis=1, dtype=float)
        for row in self.couplings.itertuples():
            first = codes[:, self.column(row.first_position)] == BASES.index(row.first_base)
            second = codes[:, self.column(row.second_position)] == BASES.index(row.second_base)
            total += row.energy * (first & second)
        return total


def read_model(design: dict, where: str) -> EnergyModel:
    """Return the energy model of a design, the mapping of a YAML file whose keys are described there.

    With ``symmetric``, every term also holds on the other strand: its mirror image is added, once. Raises
    InputError, beginning with ``where``, on a key that is missing, unknown or of the wrong type, and on a
    term for a position or base that there is not.
    """
    for key, kind in KEYS.items():
        if not isinstance(design.get(key), kind):
            raise InputError(
                f"{where}: the key {key!r} is {design.get(key)!r}, and config/planted_affinity.yaml shows "
                "what is needed."
            )
    unknown = [key for key in design if key not in KEYS]
    if unknown:
        raise InputError(f"{where}: the key {unknown[0]!r} is not known; the keys are {', '.join(KEYS)}.")
    core, flank = design["core"], design["flank"]
    to_bases(core, f"{where}: the core")
    if design["symmetric"] and reverse_complement(core) != core:
        raise InputError(f"{where}: the core {core} is no palindrome, so symmetric must be false.")
    additive = design["additive"].items()
    terms = {(position, base): energy for position, row in additive for base, energy in row.items()}
    pairs = {}
    for coupling in design["couplings"]:
        (first, a), (second, b), energy = coupling["first"], coupling["second"], coupling["energy"]
        pairs[tuple(sorted([(first, a), (second, b)]))] = energy
    if design["symmetric"]:
        terms |= {_mirror(term): energy for term, energy in terms.items()}
        pairs |= {tuple(sorted(map(_mirror, pair))): energy for pair, energy in pairs.items()}
    for position, base in [*terms, *(end for pair in pairs for end in pair)]:
        if not isinstance(position, int) or not 1 <= abs(position) <= flank or base not in tuple(BASES):
            raise InputError(
                f"{where}: there is no base {base!r} at position {position!r}: positions are -{flank} to -1 "
                f"and 1 to {flank}, bases A, C, G and T."
            )
    rows = [(*first, *second, energy) for (first, second), energy in sorted(pairs.items())]
    couplings = pd.DataFrame(rows, columns=COUPLING_COLUMNS)
    model = EnergyModel(core, flank, np.zeros((2 * flank, 4)), couplings)
    for (position, base), energy in terms.items():
        model.additive[model.column(position), BASES.index(base)] = energy
    return model


def _mirror(term: tuple[int, str]) -> tuple[int, str]:
    """Return where a base at a position is on the other strand."""
    position, base = term
    return -position, reverse_complement(base)


def expected_interactions(model: EnergyModel) -> pd.DataFrame:
    """Return what mutating each base does to what each other base is worth, one row per cell.

    The columns are those of :data:`dfim.interactions.aggregate.CELL`, positions 0-based in the sequence.
    ``expected`` is the energy of the target's base, compared with the mean over the four bases in its place,
    with the source's base minus the same with the mutant base: 0 unless a coupling joins the two positions.
    ``coupled`` is 1 where the target's base itself is coupled with the source's base or with the mutant, and
    0 where a coupling of the two positions changes the mean alone, or there is none.
    """
    size = 2 * model.flank
    energy = np.zeros((size, size, 4, 4))  # of two positions and their bases
    for row in model.couplings.itertuples():
        ends = [model.column(row.first_position), model.column(row.second_position)]
        bases = [BASES.index(row.first_base), BASES.index(row.second_base)]
        energy[ends[0], ends[1], bases[0], bases[1]] += row.energy
        energy[ends[1], ends[0], bases[1], bases[0]] += row.energy
    worth = energy - energy.mean(axis=3, keepdims=True)
    rows = []
    for source, target, base, mutant, seen in np.ndindex(size, size, 4, 4, 4):
        if source != target and base != mutant:
            expected = worth[source, target, base, seen] - worth[source, target, mutant, seen]
            coupled = int(energy[source, target, [base, mutant], seen].any())
            rows.append((source, BASES[base], BASES[mutant], target, BASES[seen], expected, coupled))
    table = pd.DataFrame(rows, columns=[*CELL, "expected", "coupled"])
    for column in ("source_position", "target_position"):  # the core lies between the flanks
        table[column] += (table[column] >= model.flank) * len(model.core)
    return table


def plant_library(
    design: dict, seed: int, where: str = "the planted library"
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Draw different flanks, each measured a few times with noise; return the library and its truth.

    The library has the columns ``sequence``, ``ddg`` (mean of the measurements), ``replicates`` (their
    number, any of ``replicates``) and ``noise_free``; ``noise`` is the standard deviation of one
    measurement. The truth is the table of couplings and that of :func:`expected_interactions`. Raises
    InputError as :func:`read_model`, and when more sequences are asked for than there are.
    """
    model = read_model(design, where)
    bases, possible = 2 * model.flank, 4 ** (2 * model.flank)
    if not 1 <= design["sequences"] <= possible:
        raise InputError(
            f"{where}: {design['sequences']} sequences are asked for, and there are {possible} flanks."
        )
    rng = np.random.default_rng(seed)
    numbers = rng.choice(possible, design["sequences"], replace=False)
    digits = numbers[:, np.newaxis] // 4 ** np.arange(bases) % 4
    flanks = np.frombuffer(BASES.encode(), np.uint8)[digits]
    energies = model.energies(flanks)
    replicates = rng.choice(design["replicates"], len(flanks))
    measured = energies + rng.normal(0, design["noise"], len(flanks)) / np.sqrt(replicates)
    halves = np.split(flanks, 2, axis=1)
    sequences = [
        f"{to_string(before)}{model.core}{to_string(after)}" for before, after in zip(*halves, strict=True)
    ]
    table = {"sequence": sequences, "ddg": measured, "replicates": replicates, "noise_free": energies}
    return pd.DataFrame(table), model.couplings, expected_interactions(model)
