"""Where sources are found: every one by name, and each line of the functions that find them is needed."""

import ast
import functools
import inspect
import types
from collections.abc import Callable, Container, Iterator

import pytest

from dfim.errors import InputError
from workflow import datasets, sources
from workflow.samples import SampleSheet, SampleTasks
from workflow.schema import ROOT, complete
from workflow.sheets import Sheets

WINDOWS = {"genome": "mapped", "tasks": "tf.tsv"}
FLAT = [0.25, 0.25, 0.25, 0.25]
MAPS = {
    "dataset": "simulated",
    "models": ["whole"],
    "tasks": ["x"],
    "background": FLAT,
    "sources": {"nucleotides": "all"},
    "targets": {"positions": "all"},
}
CONFIG = {
    "seed": 1,
    "results": "out/",
    "data": "mine/",
    "genomes": {
        "mapped": {"fasta": {"location": "https://a.b/genome.fa.gz", "md5": "a" * 32}},
        "mini": {"planted": "grammar.yaml"},
    },
    "libraries": {"flanks": "library.yaml"},
    "reads": {
        "atac": {"samples": "s.tsv", "genome": "mini", "blacklist": "black.bed", "tss": "{data}/tss.bed"},
        "public": {"samples": "p.tsv", "genome": "mini"},
    },
    "simulated_reads": {"one": {"genome": "mini", "peaks": "A", "open": 1, "background": 1, "lanes": 1}},
    "datasets": {
        "simulated": {
            "simulation": {
                "length": 9,
                "background": FLAT,
                "task": "x",
                "sets": {"one": {"sequences": 1, "label": 1, "motifs": {}}},
                "split": {"train": 1, "validation": 1, "test": 1},
            }
        },
        "windows": {
            "peaks": {
                **WINDOWS,
                "examples": "summits",
                "accessible": "open.bed",
                "known_sites": "{results}/planted/mini/truth/sites.tsv.gz",
            }
        },
        "variants": {"variants": {"genome": "mini", "table": "variants.tsv", "overlapping": "tf.tsv"}},
        "published": {
            "variants": {
                "genome": "mini",
                "table": "book.xlsx",
                "worksheet": {"sheet": "S2"},
                "overlapping": "own.tsv",
            }
        },
        "given_variants": {"variants": {"sequences": "windows.npy", "table": {"location": "here.tsv"}}},
        "regions": {
            "sequences": {
                "genome": "mini",
                "regions": "regions.bed",
                "features": "resources/own/features.bed",
            }
        },
        "own": {
            "sequences": {
                "file": {"location": "here.fa", "sha256": "b" * 64},
                "pwms": {"M": {"matrix": "one.pwm"}, "N": {"pwm": "TAL1_known1"}, "O": {"matrix": "two.pwm"}},
            }
        },
        "table": {"values": {"task": "v", "table": "{results}/planted/flanks/library.tsv.gz"}},
        "array": {"values": {"task": "v", "array": "flanks.npy", "core": "CAC"}},
        "spaced": {
            "spacing": {
                "length": 100,
                "motifs": {"A": "GATA", "B": "CACC"},
                "backgrounds": {"file": "back.fa"},
            }
        },
    },
    "models": {
        "whole": {"source": {"model": "net.keras", "tasks": ["x"]}},
        "parts": {"source": {"architecture": "net.json", "weights": "net.h5", "tasks": ["x"]}},
        "trained": {"dataset": "simulated", "architecture": "any"},
    },
    "scans": {
        "s": {"models": ["whole"], "tasks": ["x"], "motifs": {"A": "GATA", "B": "CA"}, "sequences": "scan.fa"}
    },
    "analyses": {"maps": MAPS | {"aggregate": {"expected": "expected.tsv"}}, "others": MAPS},
}
ROWS = [
    {"task": "listed", "peaks": "peaks.bed", "sha256": "c" * 64},
    {"task": "piped", "peaks": "{data}/run", "peak_set": "overlap"},
    {"task": "piped_by_default", "peaks": "{data}/run"},
    {"task": "counted", "peaks": "counts.txt", "samples": "a*, b*", "least": "0.5"},
    {"task": "counted_by_default", "peaks": "counts.txt", "samples": "a*"},
    {"task": "read", "reads": "atac"},
    {"task": "planted", "peaks": "{results}/planted/mini/peaks/A.narrowPeak.gz"},
    {"task": "simulated", "peaks": "{results}/simulated_reads/one_L1_R2.fastq.gz"},
]
QUERIED = [
    {"task": "q", "peaks": "the answer", "query": "q"},
    {"task": "found", "peaks": "f.bed", "md5": "f" * 32},
]
LANES = [{"fastq_1": "r1.fq", "fastq_2": "r2.fq", "md5_1": "d" * 32, "md5_2": "e" * 32}, {"fastq_1": "s.fq"}]
ACCESSION = {"task": "away", "replicate": "", "accession": "GSM1", "ends": "", "assay": "ATAC-seq"}
PUBLIC = SampleTasks(SampleSheet("p.tsv", [("p.tsv, line 2", ACCESSION)], "no_lock.tsv"))
SHEETS = Sheets(
    {"tf.tsv": ROWS, "own.tsv": QUERIED},
    {"atac": {"read": {"1": LANES, "2": []}}, "public": PUBLIC},
    {"mini": ["A"]},
)
OVERLAP = "run/peak/overlap_reproducibility/overlap.optimal_peak.narrowPeak.gz"
IDR = "run/peak/idr_reproducibility/idr.optimal_peak.narrowPeak.gz"

# What is fetched: its kind, and what is there beside its location.
FETCHED = {
    "https://a.b/genome.fa.gz": ("fasta", {"md5": "a" * 32}),
    "open.bed": ("peaks", {}),
    "variants.tsv": ("table", {}),
    "windows.npy": ("", {}),
    "regions.bed": ("peaks", {}),
    "here.fa": ("", {"sha256": "b" * 64}),
    "one.pwm": ("", {}),
    "two.pwm": ("", {}),
    "flanks.npy": ("", {}),
    "back.fa": ("", {}),
    "scan.fa": ("", {}),
    "peaks.bed": ("peaks", {"sha256": "c" * 64}),
    "counts.txt": ("table", {}),
    "net.keras": ("network", {}),
    "net.json": ("json", {}),
    "net.h5": ("hdf5", {}),
    "expected.tsv": ("", {}),
    "black.bed": ("", {}),
    "mine/tss.bed": ("", {}),
    "r1.fq": ("", {"md5": "d" * 32}),
    "r2.fq": ("", {"md5": "e" * 32}),
    "s.fq": ("", {}),
    "book.xlsx": ("", {}),
    "the answer": (
        "peaks",
        {"missing": "the query q was not asked yet: run 'snakemake accessions' with this configuration."},
    ),
    "f.bed": ("peaks", {"md5": "f" * 32}),
}


@pytest.fixture(scope="module")
def completed():
    filled = {**CONFIG, "architectures": {"any": [{"kind": "dense", "units": 1}]}}
    complete(filled, "config.yaml")
    return filled


@pytest.fixture
def config(completed, tmp_path, monkeypatch):
    """The configuration above, in a folder that has some of its files."""
    monkeypatch.chdir(tmp_path)
    for name in ("here.tsv", "here.fa", f"mine/{OVERLAP}", f"mine/{IDR}"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return completed


def read(tree, found):
    """Return paths with what is fetched by its location, and the digests of peaks left out."""
    if isinstance(tree, dict):
        return {key: read(branch, found) for key, branch in tree.items()}
    if isinstance(tree, list):
        return [read(branch, found) for branch in tree]
    folder, _, name = tree.rpartition("/")
    if folder == "out/sources":
        return f"fetched {found.fetched[name]['location']}"
    return f"{folder}/{name.split('-', 1)[1]}" if folder == "out/count_peaks" else tree


def compare(module, config):
    """Check everything that a version of the module finds."""
    found = module.find_sources(config, SHEETS)
    listed = {
        parts["location"]: (parts["kind"], {k: v for k, v in parts.items() if k not in ("location", "kind")})
        for parts in found.fetched.values()
    }
    assert listed == FETCHED
    assert all(
        name == f"{name[:8]}-{parts['location'].rsplit('/')[-1]}" for name, parts in found.fetched.items()
    )
    counted = {
        name.split("-")[1]: (read(peaks.matrix.path, found), peaks.samples, peaks.least)
        for name, peaks in found.count_peaks.items()
    }
    assert counted == {
        "counted.bed.gz": ("fetched counts.txt", ["a*", "b*"], 0.5),
        "counted_by_default.bed.gz": ("fetched counts.txt", ["a*"], 1.0),
    }
    mapped, mini = (
        {"fasta": path, "fai": f"{path}.fai", "sizes": f"{path}.sizes"}
        for path in ("out/genomes/mapped.fa", "out/genomes/mini.fa")
    )
    peaks = [
        "fetched peaks.bed",
        f"mine/{OVERLAP}",
        f"mine/{IDR}",
        "out/count_peaks/counted.bed.gz",
        "out/count_peaks/counted_by_default.bed.gz",
        "out/reads/atac/read/peaks.narrowPeak.gz",
        "out/planted/mini/peaks/A.narrowPeak.gz",
        "out/simulated_reads/one_L1_R2.fastq.gz",
    ]
    sites = "out/planted/mini/truth/sites.tsv.gz"
    assert read(found.datasets, found) == {
        "simulated": {},
        "windows": mapped | {"peaks": peaks, "accessible": "fetched open.bed", "known_sites": sites},
        "variants": mini | {"peaks": peaks, "variants": "fetched variants.tsv"},
        "published": mini
        | {
            "peaks": ["fetched the answer", "fetched f.bed"],
            "workbook": "fetched book.xlsx",
            "variants": "out/worksheets/published.tsv",
        },
        "given_variants": {"variants": "here.tsv", "sequences": "fetched windows.npy"},
        "regions": mini
        | {
            "regions": "fetched regions.bed",
            "features": str(ROOT / "resources/own/features.bed"),
            "matrices": [],
        },
        "own": {"file": "fetched here.fa", "matrices": ["fetched one.pwm", "fetched two.pwm"]},
        "table": {"library": "out/planted/flanks/library.tsv.gz"},
        "array": {"library": "fetched flanks.npy"},
        "spaced": {"file": "fetched back.fa"},
    }
    fasta = {"mapped": "fetched https://a.b/genome.fa.gz", "mini": "out/planted/mini/genome.fa"}
    assert read(found.genomes, found) == fasta
    assert read(found.models, found) == {
        "whole": {"model": "fetched net.keras"},
        "parts": {"architecture": "fetched net.json", "weights": "fetched net.h5"},
        "trained": {},
    }
    assert read(found.expected, found) == {"maps": "fetched expected.tsv"}
    given = {"blacklist": "fetched black.bed", "tss": "fetched mine/tss.bed"}
    assert read(found.reads, found) == {"atac": given, "public": {}}
    lanes = [["fetched r1.fq", "fetched r2.fq"], ["fetched s.fq"]]
    assert read(found.fastqs, found) == {"atac": {"read": {"1": lanes, "2": []}}}


def refuse(module, config):
    """Check what a version of the module refuses."""
    misspelt = Sheets(
        {"tf.tsv": [{"task": "x", "peaks": "{results}/planted/mini/peaks/B.bed"}]}, {}, {"mini": []}
    )
    config = config | {"libraries": {}, "simulated_reads": {}}
    with pytest.raises(InputError) as error:
        module.find_sources(config, misspelt)
    assert str(error.value) == (
        "the source {results}/planted/mini/peaks/B.bed is no file that the workflow makes; below {results}/ "
        "there are those of planted genomes and libraries, and of reads: out/planted/mini/genome.fa, "
        "out/planted/mini/variants.tsv, out/planted/mini/truth/elements.tsv.gz, "
        "out/planted/mini/truth/instances.tsv.gz, out/planted/mini/truth/variants.tsv, "
        "out/planted/mini/truth/sites.tsv.gz."
    )


def keep_apart(module, config):
    """Check that files of one name, and peaks of one task of two matrices, have paths of their own."""
    files = [{"task": place, "peaks": f"{place}/peaks.bed"} for place in ("a", "b")]
    matrices = [{"task": "a", "peaks": f"{matrix}.txt", "samples": "s"} for matrix in ("one", "two")]
    found = module.find_sources(config, Sheets({"tf.tsv": files + matrices}, {}, {"mini": ["A"]}))
    assert len(set(found.datasets["variants"]["peaks"])) == 4
    # The same matrix on another genome, whose chromosomes are others.
    variants = config["datasets"]["variants"]["variants"] | {"genome": "mapped"}
    other = config | {"datasets": config["datasets"] | {"variants": {"variants": variants}}}
    elsewhere = module.find_sources(other, Sheets({"tf.tsv": files + matrices}, {}, {"mini": ["A"]}))
    here, there = (one.datasets["variants"]["peaks"][2:] for one in (found, elsewhere))
    assert not set(here) & set(there)
    sizes = {peaks.path: peaks.sizes for peaks in (elsewhere.count_peaks | found.count_peaks).values()}
    assert {sizes[path] for path in here} == {"out/genomes/mini.fa.sizes"}
    assert {sizes[path] for path in there} == {"out/genomes/mapped.fa.sizes"}


def test_every_source_is_found(config):
    compare(sources, config)


def test_a_misspelt_file_of_the_workflow_is_refused(config):
    refuse(sources, config)


def test_files_of_one_name_stay_apart(config):
    keep_apart(sources, config)


def test_the_same_source_is_found_twice_the_same(config):
    assert sources.find_sources(config, SHEETS) == sources.find_sources(config, SHEETS)


def _is_docstring(statement) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


# Hundreds of sources, which only the process that runs their tests need write.
def _without_statements(source: str, inside: Container[int]) -> Iterator[tuple[int, Callable[[], str]]]:
    """Yield line and source with ``pass`` in the place of each statement of a function but docstrings."""
    tree = ast.parse(source)
    for statements, place in list(_statements(tree)):
        if statements[place].lineno in inside:
            yield statements[place].lineno, functools.partial(_written_without, tree, statements, place)


def _written_without(tree: ast.Module, statements: list, place: int) -> str:
    statement, statements[place] = statements[place], ast.Pass()
    rest = ast.unparse(tree)
    statements[place] = statement
    return rest


def _statements(tree: ast.Module) -> Iterator[tuple[list, int]]:
    """Yield the list of each statement in a function of a syntax tree, and its place there."""
    for function in tree.body:
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                for statements in (getattr(node, "body", None), getattr(node, "orelse", None)):
                    for place, statement in enumerate(statements if isinstance(statements, list) else []):
                        if not _is_docstring(statement):
                            yield statements, place


def _without_lines(source: str, inside: Container[int]) -> Iterator[tuple[int, Callable[[], str]]]:
    """Yield number and source without each line of a function or a table whose rest still parses."""
    lines = source.splitlines()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.Assign):
            start = node.body[0].end_lineno if isinstance(node, ast.FunctionDef) else node.lineno
            for number in filter(lambda number: number + 1 in inside, range(start, node.end_lineno)):
                own = lines[node.lineno - 1 : number] + lines[number + 1 : node.end_lineno]
                line = lines[number].strip()
                if line and not line.startswith("#") and _parses("\n".join(own)):
                    yield number + 1, functools.partial("\n".join, lines[:number] + lines[number + 1 :])


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def _removals(module: types.ModuleType, inside: Container[int] = range(10**6)) -> list:
    """Return what writes a module's source without a line, for each line of what finds sources in it.

    ``inside``: the numbers of the lines that are looked at.
    """
    source = inspect.getsource(module)
    found = {}
    for line, rest in (*_without_statements(source, inside), *_without_lines(source, inside)):
        found[f"{module.__name__}, line {line}, {len(found)}"] = rest
    return [pytest.param(rest, id=name) for name, rest in found.items()]


def _run(source: str, name: str, **names) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__dict__.update(names)
    exec(compile(source, name, "exec"), module.__dict__)
    module.__dict__.update(names)
    return module


def differs(mutant: types.ModuleType, config) -> bool:
    """Tell whether the tests above fail for a version of the module."""
    try:
        compare(mutant, config)
        refuse(mutant, config)
        keep_apart(mutant, config)
    except (AssertionError, KeyError, TypeError, AttributeError, NameError, pytest.fail.Exception):
        return True
    return False


@pytest.mark.parametrize("rest", _removals(sources))
def test_no_line_of_the_functions_that_find_sources_can_go(rest, config):
    assert differs(_run(rest(), sources.__name__), config)


FINDING = (
    "_keys",
    "_variant_sources",
    "_own_sources",
    "_value_sources",
    "PRODUCERS",
    "producer_of",
    "sheet_of",
)


def _entries() -> list:
    """Return the removals that concern sources: their functions, and the sheets and sources of producers."""
    source = inspect.getsource(datasets)
    lines = source.splitlines()
    inside = set()
    for node in ast.parse(source).body:
        name = getattr(node, "name", None) or getattr(getattr(node, "targets", [None])[0], "id", None)
        if name in FINDING:
            numbers = range(node.lineno, node.end_lineno + 1)
            words = ("sheet=", "given=") if name == "PRODUCERS" else ("",)
            inside |= {n for n in numbers if any(word in lines[n - 1] for word in words)}
    return _removals(datasets, inside)


@pytest.mark.parametrize("rest", _entries())
def test_no_source_of_a_producer_can_go(rest, config):
    names = ("PRODUCERS", "producer_of", "sheet_of")
    mutant = _run(rest(), datasets.__name__)
    changed = {name: getattr(mutant, name) for name in names}
    assert differs(_run(inspect.getsource(sources), sources.__name__, **changed), config)
