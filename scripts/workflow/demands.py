"""What the jobs of each rule take: processor time, memory and disk, from the size of what they work on.

The rates were measured on one core of a machine of 2 cores (Xeon, 2.1 GHz or so) with the default run and
with the paper's networks; ``docs/cluster.md`` has the measurements beside what these functions say.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from dfim.statistics.draw_numbers import MOST_OUTPUTS, MOST_SCORES, draws_of, scan_draws_of, shared_draws_of
from dfim.statistics.resolution import AUTO, draws_needed
from workflow import reads_demands
from workflow.analyses import analysis_figures, pair_draws
from workflow.costs import PLAIN, Demand
from workflow.datasets import PRODUCERS
from workflow.scans import cells_of
from workflow.sizes import DatasetSize, NetworkSize, Sizes

# What is asked for beyond what is expected; memory less, because it varies less from machine to machine.
MEMORY_MARGIN = 1.4
TIME_MARGIN = 1.6
LONG = 900.0  # seconds of one core from which on a job gets a second one
SHORTEST = 10  # minutes that any job gets: below, the start of Python on a busy file system decides
# Start of Python with the library and TensorFlow: seconds, MB.
NETWORK = (5.0, 700.0)
# Multiplications in a second on one core: forward; forward, back and the step of the optimiser.
FORWARD, TRAINING = 18e9, 13e9
# Mutants as changes of their sequence: features, and all bases of a map, which share most work.
FEATURE_MUTANTS, BASE_MUTANTS = 100e9, 250e9
PER_MUTANT = 1.5e-4  # seconds, whatever the network
PER_SOURCE = 2e-4
# Methods without such an engine score every mutant whole: passes forward and back for each.
PASSES = {"gradient_input": 2, "integrated_gradients": 100, "deeplift_package": 30}
A_PASS_A_BASE = "in_silico_mutagenesis"
BATCH_MEMORY = 1000.0  # MB that batches of scores grow to where there is as much
BYTES_A_VALUE = 27  # of a batch in training or prediction
# Training stops by itself long before the largest number of epochs; what goes on longer is asked for again.
USUAL_EPOCHS = 20


def demand(rule: str, wildcards: Mapping[str, str], sizes: Sizes) -> Demand:
    """Return what a job of a rule takes. Raises KeyError for a rule that is not in :data:`RULES`."""
    return RULES[rule](wildcards, sizes)


def memory_mb(found: Demand, attempt: int = 1) -> int:
    """Return the MB to ask for: more with each attempt."""
    return attempt * (int(MEMORY_MARGIN * found.memory / 100) + 1) * 100


def minutes(found: Demand, threads: int = 1, attempt: int = 1) -> int:
    """Return the minutes to ask for on ``threads`` cores, of which four fifths are used."""
    wall = found.seconds / (1 + 0.8 * (threads - 1))
    return attempt * max(SHORTEST, int(TIME_MARGIN * wall / 60) + 1)


def threads(rule: str, sizes: Sizes) -> Callable[[Mapping[str, str]], int]:
    """Return the threads of a job of a rule that may have two: one where it is short.

    A small network leaves half of a second core idle, which another job can have.
    """
    return lambda wildcards: 2 if demand(rule, wildcards, sizes).seconds >= LONG else 1


def resources(rule: str, sizes: Sizes) -> dict[str, Callable]:
    """Return the resources of a rule of :data:`RULES`, as Snakemake calls for them."""
    return {
        "mem_mb": lambda wildcards, attempt: memory_mb(demand(rule, wildcards, sizes), attempt),
        "runtime": lambda wildcards, threads, attempt: minutes(
            demand(rule, wildcards, sizes), threads, attempt
        ),
    }


def _sequences_mb(size) -> float:
    return size.examples * (size.length + size.tasks) / 1e6


def _tables_mb(size) -> float:
    """Return the MB of the tables of a dataset's examples and features, which have names."""
    return 1.5e-4 * size.examples * (1 + size.features)


def _held_mb(size, copies: float = 1.5) -> float:
    """Return the MB of a dataset that is read whole, the sequences and what is made of them so often."""
    return copies * _sequences_mb(size) + _tables_mb(size)


def _dataset(seconds_an_example: float, text: float = 0.0) -> Callable[[Mapping, Sizes], Demand]:
    def found(wildcards, sizes):
        size = sizes.dataset(wildcards["dataset"])
        held = _sequences_mb(size)
        features = size.examples * size.features
        seconds = PLAIN[0] + seconds_an_example * size.examples + 2e-5 * features
        memory = 270 + 2.5 * held + text * size.examples + 3e-4 * features
        return Demand(seconds, memory, 0.35 * held + 1e-5 * features)

    return found


def _twin(seconds_an_example: float) -> Callable[[Mapping, Sizes], Demand]:
    """A dataset, and the terms of the fit that it is drawn from, as in :func:`fit_additive`."""

    def found(wildcards, sizes):
        one = _dataset(seconds_an_example)(wildcards, sizes)
        return replace(one, memory=one.memory + 2.4e-3 * sizes.dataset(wildcards["dataset"]).examples)

    return found


def select_examples(wildcards, sizes) -> Demand:
    """A look at the labels of a dataset, all of which is read."""
    size = sizes.dataset(sizes.config["analyses"][wildcards["analysis"]]["dataset"])
    return Demand(0.5 + 3e-6 * size.examples, PLAIN[1] + _held_mb(size), 2e-5 * size.examples)


def _batch_mb(network, batch: int) -> float:
    return network.values * batch * BYTES_A_VALUE / 1e6 + 16 * network.weights / 1e6


def train_model(wildcards, sizes) -> Demand:
    """The usual number of epochs, or the largest where that is smaller."""
    options = sizes.config["models"][wildcards["model"]]
    size, network = sizes.dataset(options["dataset"]), sizes.network(wildcards["model"])
    training = options["training"]
    an_example = network.multiplications / TRAINING + 1e-5
    epochs = min(USUAL_EPOCHS, training["wait"] + training["epochs"])
    seconds = NETWORK[0] + 5 + epochs * size.examples * an_example
    memory = NETWORK[1] + 60 + _batch_mb(network, training["batch_size"]) + _held_mb(size, 3.5)
    return Demand(seconds, memory, 4 * network.weights / 1e6)


def evaluate_model(wildcards, sizes) -> Demand:
    size = sizes.dataset(sizes.config["models"][wildcards["model"]]["dataset"])
    network = sizes.network(wildcards["model"])
    seconds = NETWORK[0] + size.examples * (network.multiplications / FORWARD + 2e-6 * size.tasks)
    memory = NETWORK[1] + _batch_mb(network, 128) + _held_mb(size, 3)
    return Demand(seconds, memory, 4e-6 * size.examples * size.tasks)


def fit_additive(wildcards, sizes) -> Demand:
    """Terms of all examples, with pairs a few hundred, and resampled losses, for each task."""
    size = sizes.dataset(sizes.config["models"][wildcards["model"]]["dataset"])
    held = 8e-6 * 300 * size.examples
    return Demand(PLAIN[0] + size.tasks * (2 + 2e-4 * size.examples), PLAIN[1] + 3 * held, 0.1)


def score_contributions(wildcards, sizes) -> Demand:
    size = sizes.dataset(sizes.config["models"][wildcards["model"]]["dataset"])
    network = sizes.network(wildcards["model"])
    passes = 3 * _passes(wildcards["method"], size.length) / 2
    seconds = NETWORK[0] + size.examples * (passes * network.multiplications / FORWARD + 6e-7 * size.length)
    memory = NETWORK[1] + min(BATCH_MEMORY, 30e-6 * network.values * size.examples / 100)
    return Demand(seconds, memory + _held_mb(size), 4e-6 * size.examples * size.length)


def _passes(method: str, length: int) -> int:
    """Return the evaluations of a sequence of a length, or as many as a method's take the time of."""
    return length if method == A_PASS_A_BASE else PASSES.get(method, 2)


def export_contributions(wildcards, sizes) -> Demand:
    """The contributions of all four bases of the selected examples, and a copy or two of them."""
    analysis = wildcards["analysis"]
    size = sizes.dataset(sizes.config["analyses"][analysis]["dataset"])
    network = sizes.network(wildcards["model"], sizes.config["analyses"][analysis]["dataset"])
    examples = sizes.selected(analysis, wildcards["model"], wildcards["task"])
    passes = 3 * _passes(wildcards["method"], size.length) / 2
    seconds = NETWORK[0] + examples * (passes * network.multiplications / FORWARD + 1e-5 * size.length)
    held = examples * size.length
    memory = NETWORK[1] + min(BATCH_MEMORY, 30e-6 * network.values * examples / 100) + _held_mb(size)
    return Demand(seconds, memory + 1e-4 * held, 1e-5 * held)


@dataclass(frozen=True)
class _Shard:
    """Sequences (replicates), their sources, mutants of each source, and feature targets of each source."""

    size: DatasetSize
    network: NetworkSize
    replicates: float
    sources: float
    mutants: int
    targets: float

    @property
    def pairs(self) -> float:
        return self.sources * self.targets


def _repeats(options) -> int:
    """Return how often each source is scored: on its sequence, on shuffles of it, and at random places."""
    counts = [options["shuffles"], *(null.get("draws", AUTO) for null in options["nulls"] if _drawn(null))]
    # As many as ``auto`` can ask for.
    return 1 + sum(draws_needed(1, two_tailed=True) if count == AUTO else count for count in counts)


def _drawn(null) -> bool:
    return null["model"] == "substitutions"


def _shard(wildcards, sizes) -> _Shard:
    """Return what one shard holds, the shuffles of its sequences included."""
    options = sizes.config["analyses"][wildcards["analysis"]]
    selection = wildcards["analysis"], wildcards["model"], wildcards["task"]
    examples = -(-sizes.selected(*selection) // options["shards"])
    replicates = examples * _repeats(options)
    an_example, mutants = sizes.sources(*selection)
    targets = max(0.0, an_example - 1) if "features" in options["targets"] else 0.0
    return _Shard(
        sizes.dataset(options["dataset"]),
        sizes.network(wildcards["model"], options["dataset"]),
        replicates,
        replicates * an_example,
        mutants,
        targets if options["same_name"] else targets / 2,
    )


def score_profiles(wildcards, sizes) -> Demand:
    """A shard of profiles, on the sequences and on their shuffles."""
    return _scored(_shard(wildcards, sizes), wildcards, sizes)


def _scored(shard: _Shard, wildcards, sizes) -> Demand:
    """Return what mutating the sources of a shard and reading their targets takes."""
    method = wildcards["method"]
    multiplications, mapped = shard.network.multiplications, shard.mutants > 1
    a_mutant = PER_MUTANT + multiplications / (BASE_MUTANTS if mapped else FEATURE_MUTANTS)
    if method in PASSES or method == A_PASS_A_BASE:
        a_mutant = PER_MUTANT + _passes(method, shard.size.length) * multiplications / FORWARD
    seconds = NETWORK[0] + shard.replicates * multiplications / 30e9
    seconds += shard.sources * (PER_SOURCE * mapped + shard.mutants * a_mutant)
    batches = min(BATCH_MEMORY, 60e-6 * shard.network.values * shard.sources * shard.mutants)
    memory = NETWORK[1] + (0.35 * batches if mapped else batches) + 5e-4 * shard.pairs
    features = "features" in sizes.config["analyses"][wildcards["analysis"]]["targets"]
    disk = 1.3e-5 * shard.pairs if features else 4e-6 * shard.sources * shard.size.length
    return Demand(seconds, memory + _held_mb(shard.size), disk)


def _draws(wildcards, sizes, shard: _Shard, key: str, most: int) -> int:
    """Return how many draws of each pair are made, as if all were within the network's reach."""
    options = sizes.config["analyses"][wildcards["analysis"]]
    pairs = shard.pairs * options["shards"] / _repeats(options)
    return draws_of(pair_draws(options)[key], int(pairs), most)


def score_pairs(wildcards, sizes) -> Demand:
    """A shard of pairs: on the sequences, their shuffles, and with other sequence in each feature's place."""
    shard = _shard(wildcards, sizes)
    draws = _draws(wildcards, sizes, shard, "score_draws", MOST_SCORES)
    examples = shard.replicates / _repeats(sizes.config["analyses"][wildcards["analysis"]])
    an_example = shard.sources / max(1.0, shard.replicates)
    sequences = examples * an_example * draws
    drawn = replace(
        shard,
        replicates=shard.replicates + sequences,
        sources=shard.sources + sequences * an_example,
        targets=shard.targets if not draws else min(shard.targets, 1.0),
    )
    own, all_of_them = (_scored(one, wildcards, sizes) for one in (shard, drawn))
    # Draws come in small batches: they add half of what as many other mutants would.
    return replace(all_of_them, memory=(own.memory + all_of_them.memory) / 2)


def mutate_pairs(wildcards, sizes) -> Demand:
    """Outputs of features removed and replaced, and of pairs; shared draws are most, and take less each."""
    options, shard = sizes.config["analyses"][wildcards["analysis"]], _shard(wildcards, sizes)
    draws = _draws(wildcards, sizes, shard, "draws", MOST_OUTPUTS)
    sources, pairs = shard.sources / _repeats(options), shard.pairs / 2 / _repeats(options)
    removals = options["removal"]["draws"] if options["removal"]["way"] == "shuffled" else 1
    shared, multiplied = shared_draws_of(pair_draws(options)["shared_draws"]), shard.network.multiplications
    outputs = sources * (removals + draws) + pairs * removals * (1 + 2 * draws)
    seconds = NETWORK[0] + outputs * (2e-5 + multiplied / FORWARD) + 1e-4 * pairs * draws
    seconds += shared * (sources + 2 * pairs * removals) * (1e-5 + multiplied / FEATURE_MUTANTS)
    return Demand(seconds, NETWORK[1] + 500 + _held_mb(shard.size), 1e-5 * pairs * (6 + draws + shared))


def judge_pairs(wildcards, sizes) -> Demand:
    """All pair tests in one table, and the shared draws of all pairs, held a few times."""
    found, options = assign_significance(wildcards, sizes), sizes.config["analyses"][wildcards["analysis"]]
    drawn = _analysis_rows(wildcards, sizes)[0] / _repeats(options) / 2
    drawn *= shared_draws_of(pair_draws(options)["shared_draws"])
    return replace(found, memory=found.memory + 4.5e-5 * drawn, disk=found.disk + 8e-6 * drawn)


def scan_motifs(wildcards, sizes) -> Demand:
    """Outputs of every cell and of its draws, in every background."""
    scan, cells = sizes.config["scans"][wildcards["scan"]], cells_of(sizes.config["scans"][wildcards["scan"]])
    outputs = scan["backgrounds"] * cells * (1 + 2 * scan_draws_of(scan["draws"], scan["level"]))
    network = sizes.network(wildcards["model"])
    return Demand(NETWORK[0] + outputs * (2e-5 + network.multiplications / FORWARD), NETWORK[1] + 500, 1.0)


def _null_checks(rules: Callable[..., list[Callable]]) -> Callable[[Mapping, Sizes], Demand]:
    """Return what checking a null on some examples takes: as much as its rules on all of them, in proportion.

    ``rules`` are the functions of the jobs that do the same on a shard, given the methods.
    """

    def found(wildcards, sizes):
        name = wildcards["analysis"]
        options = sizes.config["analyses"][name]
        selected = sizes.selected(name, wildcards["model"], wildcards["task"])
        part = min(1.0, options["null_checks"] / max(1, -(-selected // options["shards"])))
        parts = [one(wildcards, sizes) for one in rules(options["methods"])]
        seconds = sum(max(0.0, each.seconds - NETWORK[0]) for each in parts)
        # Each pair has two decoys and is asked beside them, and once more of an untrained network.
        return Demand(NETWORK[0] + 4 * part * seconds, max(each.memory for each in parts), 0.5)

    return found


def _with_method(rule: Callable, method: str) -> Callable[[Mapping, Sizes], Demand]:
    return lambda wildcards, sizes: rule({**wildcards, "method": method}, sizes)


def _analysis_rows(wildcards, sizes) -> tuple[float, float, float]:
    """Return an analysis's pairs, shuffles included, and its sources and positions, without shuffles."""
    options, shard = sizes.config["analyses"][wildcards["analysis"]], _shard(wildcards, sizes)
    sources = shard.sources * options["shards"] / _repeats(options)
    return shard.pairs * options["shards"], sources, sources * shard.size.length


def assign_significance(wildcards, sizes) -> Demand:
    """All shards of an analysis in one table, or in arrays along the sequence."""
    pairs, sources, positions = _analysis_rows(wildcards, sizes)
    tables = _tables_mb(sizes.dataset(sizes.config["analyses"][wildcards["analysis"]]["dataset"]))
    if pairs:
        return Demand(PLAIN[0] + 5e-5 * pairs, PLAIN[1] + tables + 9e-4 * pairs, 4.5e-5 * pairs)
    seconds = PLAIN[0] + 4e-6 * positions + 4e-4 * sources
    return Demand(seconds, PLAIN[1] + tables + 3e-4 * positions, 8e-6 * positions)


def aggregate_maps(wildcards, sizes) -> Demand:
    _, _, positions = _analysis_rows(wildcards, sizes)
    return Demand(PLAIN[0] + 1e-6 * positions, PLAIN[1] + 1e-4 * positions)


def compare_groups(wildcards, sizes) -> Demand:
    pairs, sources, _ = _analysis_rows(wildcards, sizes)
    rows = pairs or sources
    return Demand(1.2 + 1e-5 * rows, PLAIN[1] + 2e-4 * rows)


def plot_interactions(wildcards, sizes) -> Demand:
    """Tables of pairs are read whole, and drawn by each figure; of arrays at most the map of one example."""
    shard = _shard(wildcards, sizes)
    figures = analysis_figures(sizes.config["analyses"][wildcards["analysis"]])
    pairs, sources, positions = _analysis_rows(wildcards, sizes)
    mapped = min(positions, shard.size.length**2)
    seconds = 1.5 + len(figures) * (1.5 + 8e-6 * pairs + 2e-6 * mapped + 1e-4 * sources)
    memory = PLAIN[1] + 50 + 4e-4 * pairs + 7e-5 * mapped + 2e-3 * sources
    return Demand(seconds, memory, 0.5 * len(figures))


def _small(seconds: float, memory: float) -> Callable[[Mapping, Sizes], Demand]:
    return lambda wildcards, sizes: Demand(seconds, memory)


RULES: dict[str, Callable[[Mapping, Sizes], Demand]] = {
    **{producer.rule: _dataset(producer.seconds, producer.text) for producer in PRODUCERS.values()},
    "draw_twin": _twin(next(one.seconds for one in PRODUCERS.values() if one.rule == "draw_twin")),
    "match_controls": _dataset(5e-4),
    "train_model": train_model,
    "evaluate_model": evaluate_model,
    "score_contributions": score_contributions,
    "fit_additive": fit_additive,
    "measure_reach": _small(1, 240),
    "provide_model": _small(NETWORK[0], NETWORK[1]),
    "select_examples": select_examples,
    "score_pairs": score_pairs,
    "score_profiles": score_profiles,
    "mutate_pairs": mutate_pairs,
    "check_null_pairs": _null_checks(
        lambda methods: [mutate_pairs, *(_with_method(score_pairs, method) for method in methods)]
    ),
    "check_null_profiles": _null_checks(
        lambda methods: [_with_method(score_profiles, method) for method in methods]
    ),
    "export_pairs": assign_significance,
    "export_maps": assign_significance,
    "export_tracks": export_contributions,
    "export_modisco": export_contributions,
    "judge_pairs": judge_pairs,
    "compare_networks": judge_pairs,
    "scan_motifs": scan_motifs,
    "describe_kinds": assign_significance,
    "assign_significance_pairs": assign_significance,
    "assign_significance_profiles": assign_significance,
    "aggregate_maps": aggregate_maps,
    "compare_groups": compare_groups,
    "plot_model": _small(3, 212),
    "plot_given_model": _small(3, 212),
    "plot_interactions": plot_interactions,
    "plot_scan": _small(3, 212),
    "write_reproduction": _small(15, 440),
    "write_page": _small(30, 500),
    **reads_demands.RULES,
}
