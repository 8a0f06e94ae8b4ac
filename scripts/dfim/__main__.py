"""The command ``dfim``: maps, pairs and variants of a network and sequences, as a table and a figure.

dfim map network.keras sequences.fa --example 0 --out map
dfim pairs network.keras sequences.fa --features features.bed --out pairs
dfim variants network.keras sequences.fa variants.tsv --out variants
"""

import argparse
import logging
import sys
from pathlib import Path

from dfim.errors import InputError


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 1 after one sentence on input that cannot be used."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    logging.getLogger("dfim").setLevel(logging.INFO)
    try:
        asked.run(asked)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dfim", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(required=True, metavar="map|pairs|variants")
    for name, run, words in (
        ("map", _map, "the interaction map of one sequence: every base against every position"),
        ("pairs", _pairs, "which pairs of features act together, with p, q and calls"),
        ("variants", _variants, "what variants change around them, against random substitutions"),
    ):
        command = commands.add_parser(name, help=words, description=words)
        command.add_argument("network", help="a file of a Keras network")
        command.add_argument("sequences", help="FASTA, or a one-hot array (.npy)")
        command.add_argument("--task", type=int, default=0, help="number of the output, from 0")
        command.add_argument("--out", default=name, help="beginning of the names of what is written")
        command.add_argument("--threads", type=int, help="cores; all if not given")
        command.set_defaults(run=run)
    for command in (commands.choices["map"], commands.choices["variants"]):
        command.add_argument("--method", default="deeplift", help="of the contribution scores")
    commands.choices["map"].add_argument("--example", type=int, default=0, help="the sequence, from 0")
    pairs = commands.choices["pairs"]
    pairs.add_argument("--features", help="BED: sequence, start, end, name, and strand as the sixth column")
    pairs.add_argument("--pattern", action="append", default=[], metavar="NAME=LETTERS", help="every match")
    pairs.add_argument("--seed", type=int, default=0)
    commands.choices["variants"].add_argument(
        "variants", help="table: sequence, position (0-based), reference, alternate"
    )
    return parser


def _map(asked: argparse.Namespace) -> None:
    from dfim import api
    from dfim.datasets.sequence_files import read_sequences
    from dfim.interactions.sources import nucleotide_sources
    from dfim.plots import interaction_map

    names, bases = read_sequences(asked.sequences)
    if not 0 <= asked.example < len(names):
        raise InputError(
            f"there is no sequence {asked.example}: choose one of 0 to {len(names) - 1} in {asked.sequences}."
        )
    chosen = [bases[asked.example].tobytes().decode()]
    found = api.map(asked.network, chosen, asked.task, method=asked.method, threads=asked.threads)
    sources = nucleotide_sources(found.bases, [0]).rename_axis("source").reset_index()
    importance = found.importance.repeat(len(sources), axis=0)
    profiles = {"delta": found.delta[0], "importance": importance}
    tables = {"sources": sources, "profiles": profiles, "sequences": found.bases}
    _write(interaction_map.draw(tables, {}), asked.out)


def _pairs(asked: argparse.Namespace) -> None:
    from dfim import api
    from dfim.files.tables import write_table
    from dfim.plots import kinds

    if bool(asked.features) == bool(asked.pattern):
        raise InputError("features are needed: give either --features or --pattern NAME=LETTERS.")
    features = asked.features or dict(pattern.split("=", 1) for pattern in asked.pattern if "=" in pattern)
    found = api.pairs(
        asked.network, asked.sequences, features, asked.task, seed=asked.seed, threads=asked.threads
    )
    write_table(found.tests, f"{asked.out}.pairs.tsv")
    _write(kinds.draw({"kinds": found.kinds}, {}), asked.out, found.kinds)


def _variants(asked: argparse.Namespace) -> None:
    from dfim import api
    from dfim.plots import variants

    table = api.variants(
        asked.network, asked.sequences, asked.variants, asked.task, method=asked.method, threads=asked.threads
    )
    _write(variants.draw({"sources": table}, {}), asked.out, table)


def _write(drawn: tuple, out: str, table=None) -> None:
    """Write a figure as PNG and PDF, and a table, by default what the figure shows, as TSV."""
    from dfim.plots import style

    figure, data = drawn
    Path(out).absolute().parent.mkdir(parents=True, exist_ok=True)
    style.save(figure, data if table is None else table, f"{out}.pdf", f"{out}.png", f"{out}.tsv")
    print(f"{out}.tsv, {out}.png and {out}.pdf are written")


if __name__ == "__main__":
    sys.exit(main())
