"""The command ``dfim``: maps, pairs, variants and scans of a network, as a table and a figure.

dfim map network.keras sequences.fa --example 0 --out map
dfim pairs network.keras sequences.fa --features features.bed --out pairs
dfim variants network.keras sequences.fa variants.tsv --out scored
dfim scan network.keras --motif TAL1=CAGATG --motif GATA1=AGATAAG --spacings 0-40 --out scan
"""

import argparse
import logging
import sys
from pathlib import Path

from dfim import backends
from dfim.datasets.spacing import ORIENTATIONS
from dfim.errors import InputError

# Arguments that name files.
_READ = ("network", "sequences", "features", "variants", "matrices")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 1 after one sentence on input that cannot be used."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    logging.getLogger("dfim").setLevel(logging.INFO)
    try:
        _check_out(asked)
        backends.use(asked.backend)
        asked.run(asked)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dfim", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(required=True, metavar="map|pairs|variants|scan")
    for name, run, words in (
        ("map", _map, "the interaction map of one sequence: every base against every position"),
        ("pairs", _pairs, "which pairs of features act together, with p, q and calls"),
        ("variants", _variants, "what variants change around them, against random substitutions"),
        ("scan", _scan, "motifs put into many backgrounds: their interaction at every spacing, with q"),
    ):
        command = commands.add_parser(name, help=words, description=words)
        command.add_argument("network", help="a file of a network: Keras, ONNX, or graph.npz of a run")
        if name == "scan":
            command.add_argument("sequences", nargs="?", help="to put motifs into; random ones if not given")
        else:
            command.add_argument("sequences", help="FASTA, or a one-hot array (.npy)")
        command.add_argument("--task", type=int, default=0, help="number of the output, from 0")
        _add_options_of_output(command)
        command.add_argument("--out", default=name, help="beginning of the names of what is written")
        command.add_argument("--threads", type=int, help="cores; all if not given")
        command.add_argument("--backend", help="of whole sequences: tensorflow (if not given), jax or torch")
        command.set_defaults(run=run)
    for command in (commands.choices["map"], commands.choices["variants"]):
        command.add_argument(
            "--method",
            default="deeplift",
            help="of the contribution scores: deeplift (if not given), gradient_input, integrated_gradients, "
            "in_silico_mutagenesis",
        )
    commands.choices["map"].add_argument("--example", type=int, default=0, help="the sequence, from 0")
    pairs = commands.choices["pairs"]
    pairs.add_argument("--features", help="BED: sequence, start, end, name, and strand as the sixth column")
    pairs.add_argument("--pattern", action="append", default=[], metavar="NAME=LETTERS", help="every match")
    pairs.add_argument("--seed", type=int, default=0)
    commands.choices["variants"].add_argument(
        "variants", help="table: sequence, position (0-based), reference, alternate"
    )
    _add_options_of_scan(commands.choices["scan"])
    return parser


def _check_out(asked: argparse.Namespace) -> None:
    """Refuse to write over a file that is read."""
    given = (getattr(asked, name, None) for name in _READ)
    read = {Path(path).resolve() for path in given if path}
    for suffix in (".tsv", ".pairs.tsv", ".png", ".pdf"):
        if Path(f"{asked.out}{suffix}").resolve() in read:
            raise InputError(
                f"the results would take the place of {asked.out}{suffix}, which is read: give another --out."
            )


def _add_options_of_output(command: argparse.ArgumentParser) -> None:
    command.add_argument("--head", help="name or number of the output, where there are several, or positions")
    command.add_argument("--unit", type=int, help="number of the unit or channel of that output, from 0")
    command.add_argument("--reduction", help="of its positions: sum, mean, max, position or profile")
    command.add_argument("--position", type=int, help="for --reduction position, from 0")


def _output(asked: argparse.Namespace) -> dict | None:
    """Return the output that is asked for by its parts, None where the task says all."""
    head = int(asked.head) if asked.head is not None and asked.head.isdigit() else asked.head
    parts = {"head": head, "unit": asked.unit, "reduction": asked.reduction, "position": asked.position}
    given = {key: value for key, value in parts.items() if value is not None}
    if given and asked.task:
        raise InputError(f"either --task or --{next(iter(given))} says what the output is: give one of them.")
    return given or None


def _add_options_of_scan(scan: argparse.ArgumentParser) -> None:
    scan.add_argument(
        "--motif", action="append", default=[], metavar="NAME=LETTERS",
        help="two or more; NAME alone is one of --matrices, or of the ENCODE motifs, such as GATA_known1",
    )  # fmt: skip
    scan.add_argument("--matrices", help="file of motifs: MEME, JASPAR, HOMER or plain")
    scan.add_argument("--spacings", default="0-40", help="bases between the two: 0-40, or 0,5,10")
    scan.add_argument(
        "--orientations", default=",".join(ORIENTATIONS), help="strands of both: --orientations=++,+-"
    )
    scan.add_argument("--both-orders", action="store_true", help="also with the second motif upstream")
    scan.add_argument("--backgrounds", type=int, default=50, help="how many sequences motifs are put into")
    scan.add_argument("--shuffled", action="store_true", help="put motifs into shuffles of the sequences")
    scan.add_argument("--length", type=int, help="of random sequences, where the network takes any length")
    scan.add_argument("--draws", type=int, help="of other sequence in a motif's place; enough if not given")
    scan.add_argument("--level", type=float, default=0.05, help="of q")
    scan.add_argument("--least-share", type=float, default=0.1, help="that an interaction has to be called")
    scan.add_argument("--seed", type=int, default=0)


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
    found = api.map(
        asked.network, chosen, asked.task, output=_output(asked), method=asked.method, threads=asked.threads
    )
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
        given = "both are given" if asked.features else "features are needed"
        raise InputError(f"{given}: give either --features or --pattern NAME=LETTERS.")
    found = api.pairs(
        asked.network,
        asked.sequences,
        asked.features or _patterns(asked.pattern),
        asked.task,
        output=_output(asked),
        seed=asked.seed,
        threads=asked.threads,
    )
    write_table(found.tests, f"{asked.out}.pairs.tsv")
    print(f"{asked.out}.pairs.tsv is written: every pair")
    _write(kinds.draw({"kinds": found.kinds}, {}), asked.out, found.kinds)


def _patterns(given: list[str]) -> dict[str, str]:
    patterns = {}
    for pattern in given:
        name, _, letters = pattern.partition("=")
        if not name or not letters:
            raise InputError(f"the pattern {pattern!r} is no NAME=LETTERS: write it like AP1=ATGASTCA.")
        if name in patterns:
            raise InputError(f"two patterns are named {name!r}: give each a name of its own.")
        patterns[name] = letters
    return patterns


def _variants(asked: argparse.Namespace) -> None:
    from dfim import api
    from dfim.plots import variants

    table = api.variants(
        asked.network,
        asked.sequences,
        asked.variants,
        asked.task,
        output=_output(asked),
        method=asked.method,
        threads=asked.threads,
    )
    _write(variants.draw({"sources": table}, {}), asked.out, table)


def _scan(asked: argparse.Namespace) -> None:
    from dfim import api
    from dfim.plots import scan

    table = api.scan(
        asked.network,
        _motifs(asked.motif, asked.matrices),
        asked.sequences,
        asked.task,
        output=_output(asked),
        spacings=asked.spacings,
        orientations=asked.orientations.split(","),
        both_orders=asked.both_orders,
        backgrounds=asked.backgrounds,
        shuffled=asked.shuffled,
        length=asked.length,
        draws="auto" if asked.draws is None else asked.draws,
        level=asked.level,
        least_share=asked.least_share,
        seed=asked.seed,
        threads=asked.threads,
    )
    called = table[table["called"] == 1]
    print(f"{len(called)} of {int(table['within_reach'].sum())} cells are called")
    _write(scan.draw({"scan": table}, {}), asked.out, table)


def _motifs(named: list[str], matrices: str | None) -> dict:
    """Return the motifs that were asked for by name: letters, or matrices of a file or of ENCODE."""
    from dfim.sequences.matrices import read_matrices
    from dfim.sequences.motifs import load_pwm

    there = read_matrices(matrices) if matrices else {}
    motifs = {}
    for motif in named:
        name, said, letters = motif.partition("=")
        if name in motifs:
            raise InputError(f"two motifs are named {name!r}: give each a name of its own.")
        if said and not letters:
            raise InputError(
                f"the motif {motif!r} has no letters behind =: give NAME=LETTERS, or NAME alone."
            )
        if letters:
            motifs[name] = letters
        elif not matrices:
            motifs[name] = load_pwm(name)
        elif name in there:
            motifs[name] = there[name]
        else:
            names = ", ".join(there) if any(there) else "one without a name"
            raise InputError(
                f"there is no motif {name!r} in {matrices}, which has {names}: name one of them, or give "
                "NAME=LETTERS."
            )
    return motifs


def _write(drawn: tuple, out: str, table=None) -> None:
    """Write a figure as PNG and PDF, and a table, by default what the figure shows, as TSV."""
    from dfim.plots import style

    figure, data = drawn
    Path(out).absolute().parent.mkdir(parents=True, exist_ok=True)
    style.save(figure, data if table is None else table, f"{out}.pdf", f"{out}.png", f"{out}.tsv")
    print(f"{out}.tsv, {out}.png and {out}.pdf are written")


if __name__ == "__main__":
    sys.exit(main())
