"""Everything that is computed of whole sequences, by one backend, in a process of its own:

python backend_scores.py BACKEND FOLDER, where FOLDER has networks (*.npz) and gets {BACKEND}.h5.

No other framework can be imported there.
"""

import sys
from pathlib import Path

import h5py
import numpy as np

METHODS = {
    "deeplift": {"engine": "whole_sequences"},
    "rescale": {"engine": "whole_sequences", "rule": "rescale"},
    "gradient_input": {},
    "integrated_gradients": {"steps": 7},
}
BACKGROUND = np.array([0.25, 0.3125, 0.1875, 0.25], np.float32)
THREADS = 1
SEQUENCES = 5


def scores(network) -> dict[str, np.ndarray]:
    """Return contributions, changes, mutants, edited logits and logits, in 32 and in 64 bits, by name."""
    from dfim.attribution import FORWARD, open_scorer
    from dfim.attribution.edits import NONE, Block
    from dfim.attribution.gradients import GradientInput
    from dfim.attribution.integrated_gradients import IntegratedGradients
    from dfim.attribution.mutants import Mutants
    from dfim.attribution.simplification import simplify
    from dfim.attribution.whole_sequences import DeepLift
    from dfim.sequences.bases import one_hot

    rng = np.random.default_rng(5)
    bases = rng.choice(np.frombuffer(b"ACGT", np.uint8), (SEQUENCES, network.length))
    bases[1, 7] = ord("N")
    x, rows = one_hot(bases), np.repeat(BACKGROUND[None, None], 4, axis=1)
    last, layers, found = network.length, simplify(network), {}
    mutants = Mutants(
        *(np.array(values) for values in ([0, 0, 3], [2, 20, 9], [4, 4, 4])),
        np.repeat(rows, 3, axis=0), np.array([0, 0, 5]), np.array([last, 12, last]),
    )  # fmt: skip
    copies = [[(NONE, NONE)], [(0, 1)] * 3, [(0, NONE)] * 2]
    edits = [(), ((4, rows), (19, rows)), ((11, rows),)]
    blocks = [Block(*one) for one in zip((0, 2, 4), edits, map(np.array, copies), strict=True)]
    for name, options in METHODS.items():
        method = "deeplift" if name == "rescale" else name
        with open_scorer(
            method, network, BACKGROUND, {"threads": THREADS, "batch_size": 3, **options}
        ) as one:
            found[f"{name}, contributions"] = one.contributions(x, 1)
            found[f"{name}, changes"] = one.changes(x, 1)
            found[f"{name}, mutants"] = one.score_mutants(bases, mutants, 1).delta
    with open_scorer(FORWARD, network, BACKGROUND) as one:
        found["edited logits"], found["logits"] = one.edited_logits(bases, blocks, 1), one.logits(x)
    exact = {
        "deeplift": DeepLift(layers, BACKGROUND, dtype="float64"),
        "rescale": DeepLift(layers, BACKGROUND, "rescale", dtype="float64"),
        "gradient_input": GradientInput(layers, BACKGROUND, dtype="float64"),
        "integrated_gradients": IntegratedGradients(layers, BACKGROUND, 7, dtype="float64"),
    }
    for name, one in exact.items():
        found[f"{name}, contributions, 64 bits"] = one.contributions(x, 1)
        found[f"{name}, changes, 64 bits"] = one.changes(x, 1)
    return found


class Without:
    """A finder of modules that does not find some, as if they were not installed."""

    def __init__(self, finder, hidden: set[str]):
        self._finder, self._hidden = finder, hidden

    def find_spec(self, name: str, path=None, target=None):
        return None if name.split(".")[0] in self._hidden else self._finder.find_spec(name, path, target)

    def __getattr__(self, name: str):
        return getattr(self._finder, name)


def xla_threads() -> int:
    """Return how many threads of this process compute for XLA, by the names that Linux has of them."""
    names = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
    return names.count("tf_XLAEigen")


def main(backend: str, folder: Path) -> None:
    from dfim import backends
    from dfim.networks.graph_files import load_graph

    sys.meta_path[:] = [Without(finder, set(backends.NAMES) - {backend}) for finder in sys.meta_path]
    backends.use(backend)
    with h5py.File(folder / f"{backend}.h5", "w") as handle:
        for path in sorted(folder.glob("*.npz")):
            for name, values in scores(load_graph(path)).items():
                handle[f"{path.stem}/{name}"] = values
        handle.attrs["device"] = backends.chosen().device_name()
        handle.attrs["xla_threads"] = xla_threads()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
