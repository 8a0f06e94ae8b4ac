"""Files that changed after they were written, and a machine that has not enough: one sentence each."""

import errno
import os
import shutil
import subprocess

import numpy as np
import pytest
from small_run import Run, flipped, sentence_of

from dfim.errors import InputError, machine_trouble
from dfim.files.whole import atomic_path, check_unchanged, checksum_path

FLIPS = int(os.environ.get("DFIM_FLIPS", "3"))
# Each kind of file that a job of the small configuration reads from another.
KINDS = {
    "datasets/simulation/sequences.h5": "h5",
    "datasets/simulation/examples.tsv.gz": "tsv.gz",
    "models/simulation/model.keras": "keras",
    "models/simulation/reach.tsv": "tsv",
    "interactions/nucleotide_maps/simulation/ELF1_SIX5/gradient_input/shards/0.h5": "shard h5",
}


def copy_of(run: Run, path) -> Run:
    shutil.copytree(run.path, path, ignore=shutil.ignore_patterns("locks"))
    return Run(path)


@pytest.mark.workflow
def test_a_flipped_byte_is_found_in_every_file(undisturbed, tmp_path):
    rng, flips = np.random.default_rng(4), 0
    results = copy_of(undisturbed, tmp_path / "copy").results
    skipped = {"logs", "benchmarks"}
    files = [path for path in results.rglob("*") if path.is_file() and not path.name.startswith(".")]
    files = [path for path in files if not skipped & set(path.parts)]
    assert {str(path.relative_to(results)) for path in files} >= set(KINDS)
    for path in files:
        content = path.read_bytes()
        check_unchanged([path])
        for _ in range(FLIPS):
            path.write_bytes(flipped(content, rng))
            with pytest.raises(InputError, match=f"^{path} is damaged, or was changed"):
                check_unchanged([path])
            flips += 1
        path.write_bytes(content)
    print(f"{flips} flipped bytes found in {len(files)} files")


@pytest.mark.workflow
def test_a_job_names_the_damaged_file(undisturbed, tmp_path):
    run = copy_of(undisturbed, tmp_path / "copy")
    model = run.results / "models/simulation/model.keras"
    times = os.stat(model)
    model.write_bytes(flipped(model.read_bytes(), np.random.default_rng(0)))
    os.utime(model, ns=(times.st_atime_ns, times.st_mtime_ns))
    (run.results / "models/simulation/metrics.tsv").unlink()
    sentence = "error: results/models/simulation/model.keras is damaged, or was changed after it was made"
    assert sentence in sentence_of(run.run())


def test_a_users_own_file_has_no_checksum_to_fail(tmp_path):
    path = tmp_path / "mine.tsv"
    path.write_text("a\n1\n")
    check_unchanged([path, tmp_path / "missing"])


def test_what_a_killed_process_left_goes_with_the_next_try(tmp_path):
    (tmp_path / ".unfinished-1-table.tsv").write_text("half")
    other = tmp_path / ".unfinished-1-other.tsv"
    other.write_text("half")
    with atomic_path(tmp_path / "table.tsv") as temporary:
        temporary.write_text("whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        checksum_path("table.tsv").name,
        other.name,
        "table.tsv",
    ]


@pytest.fixture
def small_disk(tmp_path):
    """A function that mounts a file system in memory, of so many bytes, with these options."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    mounted = []

    def mount(options: str):
        folder = tmp_path / f"disk_{len(mounted)}"
        folder.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True)
        if done.returncode:
            pytest.skip(f"a small file system cannot be mounted here: {done.stderr.decode().strip()}")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.workflow
@pytest.mark.long
def test_a_full_disk(undisturbed, small_disk, tmp_path):
    """The data set fits, and nothing that is made from it; more room, and the run goes on with it."""
    disk = small_disk("size=200k")
    run = Run(tmp_path / "run", str(disk))
    assert "error: no space is left on the disk" in sentence_of(run.run())
    assert not list(disk.rglob(".unfinished-*"))
    subprocess.run(["mount", "-o", "remount,size=50m", disk], check=True)
    ran = run.run()
    assert ran.returncode == 0, ran.stdout[-5000:]
    for found, expected in zip(run.tables(), undisturbed.tables(), strict=True):
        assert found.equals(expected)


@pytest.mark.workflow
def test_results_that_cannot_be_written(small_disk, tmp_path):
    disk = small_disk("size=1m,ro")
    assert f"the folder {disk} cannot be written" in sentence_of(Run(tmp_path / "run", str(disk)).run())


LIMIT = """
import os, resource, sys, threading, time

def limit():
    while not hasattr(sys.modules["__main__"], "log"):  # it has begun, all modules are there
        time.sleep(0.001)
    with open("/proc/self/statm") as handle:
        used = int(handle.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 20), resource.RLIM_INFINITY))

if sys.argv and sys.argv[0].endswith("score_pairs.py"):
    threading.Thread(target=limit, daemon=True).start()
"""


@pytest.mark.workflow
def test_a_shard_out_of_memory(undisturbed, tmp_path):
    run = copy_of(undisturbed, tmp_path / "copy")
    shards = run.results / "interactions/motif_pairs/simulation/ELF1_SIX5/gradient_input/shards"
    (shards / "1.tsv.gz").unlink()
    (shards.parent / "pairs.tsv.gz").unlink()
    finished = (shards / "0.tsv.gz").stat().st_mtime_ns
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(LIMIT)
    sentences = []
    for _ in range(3):  # where memory ends is left to chance; some libraries take that for a missing module
        ran = run.run(PYTHONPATH=str(tmp_path / "site"))
        assert ran.returncode != 0
        assert not (shards / "1.tsv.gz").exists()
        sentences.append("error: the memory was not enough" in ran.stdout)
        if sentences[-1]:
            break
    assert any(sentences), ran.stdout[-3000:]
    assert run.run().returncode == 0
    assert (shards / "0.tsv.gz").stat().st_mtime_ns == finished


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "a.tsv"),
            "no space is left on the disk under a.tsv",
        ),
        (OSError("write failed: errno = 28, error message = 'No space'"), "no space is left on the disk"),
        (PermissionError(errno.EACCES, "Permission denied", "a.tsv"), "a.tsv cannot be read or written"),
        (MemoryError("Unable to allocate 3 GiB"), "the memory was not enough (Unable to allocate 3 GiB)"),
        (ImportError("x.so: failed to map segment from shared object"), "the memory was not enough"),
    ],
)
def test_trouble_of_the_machine_is_told_from_other_errors(error, sentence):
    assert machine_trouble(error).startswith(sentence)
    later = InputError("make it again")
    later.__context__ = error  # as after ``raise ... from None``
    assert machine_trouble(later).startswith(sentence)
    assert machine_trouble(ValueError("something else")) is None
