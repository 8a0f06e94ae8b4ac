"""Every sentence of InputError, from the source: what was found, what is needed, and a number that agrees."""

import ast
import functools
import re
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
# Words that say what is needed or what to do.
_WORDS = """
    need must give use choose allowed name write remove rename mend lower raise make run_again fetch
    change save loosen leave select train match check add start_each deeper convert supported can_be
    cannot_be expected install larger one_of keep move ask_for plant called the_keys_are look_at
    understood did_you_mean are_known shows_what in_the_genome not_1 is_no_palindrome there_are put
    is_no_matrix be_analysed separate lies set gzip_file build measure_a begins_with make_them
    do_not_fit no_labels leads_back is_an_example has_the_tasks it_has it_knows counted_from 0-based
    downloaded answered again
"""
REMEDY = re.compile(
    "|".join(word.replace("_", " ") for word in _WORDS.split())
    # what is needed is one of a list that follows
    + r"|(options|tasks|names|reads|positions|\{\}) are"
)


def text_of(node) -> str:
    """Return a message as it is written, what is filled in as {}."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    if isinstance(node, ast.BinOp):
        return text_of(node.left) + text_of(node.right)
    if isinstance(node, ast.IfExp):
        return text_of(node.body)
    return "{}"


@functools.cache
def nodes_of(path: Path) -> list[ast.AST]:
    """Return the calls and the handlers of exceptions of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call | ast.ExceptHandler)]


def nodes(word: str = ""):
    """Yield the calls and the handlers of exceptions of every module that has a word, with its path."""
    for path in sorted(SCRIPTS.rglob("*.py")):
        if word in path.read_text(encoding="utf-8"):
            for node in nodes_of(path):
                yield path.relative_to(SCRIPTS), node


def calls(name: str):
    """Yield module, line and arguments of every call of a function or method of this name."""
    for path, node in nodes(name):
        called = getattr(node, "func", None)
        if isinstance(node, ast.Call) and name in (getattr(called, "id", ""), getattr(called, "attr", "")):
            yield f"{path}:{node.lineno}", node


SENTENCES = {where: text_of(node.args[0]) for where, node in calls("InputError") if node.args}


def test_there_are_many():
    assert len(SENTENCES) > 200


@pytest.mark.parametrize("where", SENTENCES)
def test_a_sentence_tells_what_is_needed_and_ends(where):
    sentence = SENTENCES[where]
    if where.startswith("workflow/sentences") or re.fullmatch(
        r"(\{\}[:, ]*)+\.?|.*\{\}", sentence
    ):  # made elsewhere, or by another program
        return
    assert sentence.endswith((".", "?", ".)")), sentence
    assert "\n" not in sentence
    assert REMEDY.search(sentence), sentence


# A number and what it counts, as it would read for one: "1 inputs". Where the number cannot be one, or the
# verb would have to change, the sentence is written so that it need not.
PLURAL = re.compile(
    r"\{\} (inputs|outputs|rows|columns|tasks|features|sites|sequences|shards|arrays|motifs|bases|reads)\b"
)
# Numbers that are a share of others, or never 1.
NEVER_ONE = {"networks", "planted", "training", "reads"}


@pytest.mark.parametrize("where", [where for where in SENTENCES if PLURAL.search(SENTENCES[where])])
def test_numbers_agree_with_what_they_count(where):
    sentence = SENTENCES[where]
    assert set(where.split("/")) & NEVER_ONE or "2 are needed" in sentence, sentence


def test_whoever_reads_text_does_it_by_the_reading_module():
    """``open`` of text, ``read_text`` and ``read_csv`` are in the reading modules; others are stated here."""
    stated = {
        # what reads: the one reading module, and tables of the project and of other programs
        "dfim/files/text.py", "dfim/files/tables.py",
        # bytes: checksums, downloads, arrays by their first bytes, FASTA that is written
        "dfim/files/whole.py", "dfim/files/fetching.py", "dfim/datasets/sequence_files.py",
        "dfim/genomes/fasta.py", "dfim/reads/tagalign.py", "dfim/planted/genome.py", "dfim/files/arrivals.py",
        # what the system tells, nothing of a user's
        # locks and sheets that are written, and Excel, which is binary
        "dfim/accessions/lock.py", "dfim/accessions/queries.py", "dfim/files/spreadsheets.py",
        "dfim/memory.py", "dfim/datasets/simulation.py", "dfim/reads/fastq.py",
        # logs and tables that are written
        "workflow/running.py", "workflow/watching.py", "write_plan.py",
        # the page's own templates, and pictures
        "dfim/page/maps.py", "dfim/page/writing.py", "dfim/page/pictures.py",
        # what other programs read: arrays and tracks that are written
        "dfim/exports/maps.py", "dfim/exports/modisco.py", "dfim/exports/tracks.py",
        # FASTQ that is written for tests of reads
        "dfim/reads/simulated.py",
    }  # fmt: skip
    found = set()
    for name in ("open", "read_csv", "genfromtxt", "loadtxt", "read_table_csv"):
        for where, node in calls(name):
            receiver = getattr(getattr(node.func, "value", None), "id", "")
            if name == "open" and receiver in ("h5py", "gzip", "urllib", "os", "request"):
                found |= {where.split(":")[0]} if receiver == "gzip" else set()
                continue
            found.add(where.split(":")[0])
    for where, node in calls("read_text"):
        if isinstance(node.func, ast.Attribute):  # Path.read_text, not the reading module's
            found.add(where.split(":")[0])
    assert found - stated == set()


def is_text(node) -> bool:
    """Tell whether a call of ``open`` asks for text."""
    mode = node.args[1] if len(node.args) > 1 else ast.Constant("r")
    modes = [part.value for part in ast.walk(mode) if isinstance(part, ast.Constant)]
    return not any("b" in str(part) for part in modes)


def test_text_is_opened_with_a_named_encoding():
    opened = [
        (where, node) for where, node in calls("open") if isinstance(node.func, ast.Name) and is_text(node)
    ]
    written = list(calls("write_text"))
    assert opened
    assert written
    for where, node in opened + written:
        assert "encoding" in [keyword.arg for keyword in node.keywords], where


def test_whoever_names_a_remedy_names_the_cause():
    """An ``except`` that raises InputError tells the error that was caught, or its class says all."""
    exact = {"FileNotFoundError", "IsADirectoryError", "UnicodeDecodeError", "EmptyDataError"}
    exact |= {"_GivenTwiceError", "InputError"}
    silent = []
    for path, node in nodes():
        if not isinstance(node, ast.ExceptHandler):
            continue
        raised = [
            one
            for one in ast.walk(node)
            if isinstance(one, ast.Call) and getattr(one.func, "id", "") == "InputError"
        ]
        caught = {one.id for one in ast.walk(node.type) if isinstance(one, ast.Name)} if node.type else set()
        if raised and not caught <= exact and (node.name is None or node.name not in ast.unparse(node)):
            silent.append(f"{path}:{node.lineno}")
    assert silent == []
