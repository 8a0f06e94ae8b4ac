"""The workflow through its profile on a real SLURM of one node, with SLURM's own records as the witness."""

import os
import re
import shutil
import subprocess
import time

import pandas as pd
import pytest
import yaml
from support.snakemake_command import OWN, ROOT, SNAKEMAKE

pytestmark = pytest.mark.workflow

SLURM = ROOT / "tests/slurm"
NEEDED = ("slurmctld", "slurmd", "sbatch", "scontrol", "munged")
FOLDER = "results/interactions/motif_pairs/simulation/ELF1_SIX5"
TABLES = ("pairs.tsv.gz", "null.tsv.gz", "nulls.tsv", "comparisons.tsv", "agreement.tsv")


@pytest.fixture(scope="module")
def cluster():
    """A running SLURM with one mock GPU; skips where it cannot be started."""
    missing = [program for program in NEEDED if shutil.which(program, path=PATH) is None]
    if missing or os.geteuid() != 0:
        lacking = f"{', '.join(missing)} missing" if missing else "not root"
        pytest.skip(f"no SLURM can be started here: {lacking} (bash tests/slurm/install.sh as root)")
    environment = {**os.environ, "GPUS": "1", "PATH": PATH}
    started = subprocess.run(
        [SLURM / "start.sh"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if started.returncode == 2:
        pytest.skip(started.stdout.strip())
    assert started.returncode == 0, started.stdout
    yield
    subprocess.run([SLURM / "start.sh", "stop"], env=environment, check=True)


PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"


def adapted_profile(path, marked=(), **changes):
    """Write the profile as a user of a small cluster without accounting adapts it, with more marked lines."""
    text = (ROOT / "profiles/slurm/config.yaml").read_text()
    for line in ("slurm-status-command: squeue", "slurm_partition: main", *marked):
        assert text.count(f"# {line}") == 1
        text = text.replace(f"# {line}", line)
    profile = yaml.safe_load(text)
    # As many as such small jobs have without a cluster: with others, sums are added in another order.
    threads = dict.fromkeys(profile["set-threads"], 1)
    # The profile's own times are for clusters of many users, and seconds count here.
    quick = {
        "latency-wait": 5,
        "slurm-init-seconds-before-status-checks": 2,
        "seconds-between-status-checks": 2,
    }
    profile |= {"cores": 2, "set-threads": threads} | quick | changes
    (path / "slurm").mkdir()
    (path / "slurm/config.yaml").write_text(yaml.safe_dump(profile))


def jobs_of(folder):
    """Return SLURM's records of the jobs that were submitted from a folder, a dictionary for each."""
    shown = subprocess.run(
        ["scontrol", "--oneliner", "show", "job"], capture_output=True, text=True, check=True
    )
    records = [dict(re.findall(r"(\w+)=(\S*)", line)) for line in shown.stdout.splitlines()]
    return [record for record in records if record.get("WorkDir") == str(folder.path)]


def jobs_of_rule(folder, name):
    """Return the records of the jobs of a rule, or of a group of rules, oldest first."""
    found = [job for job in jobs_of(folder) if job["Comment"].startswith(f"rule_{name}_")]
    return sorted(found, key=lambda job: int(job["JobId"]))


def megabytes(job):
    number, unit = re.fullmatch(r"([\d.]+)([MG])", job["MinMemoryNode"]).groups()
    return round(float(number) * (1024 if unit == "G" else 1))


def minutes(job):
    hours, minute, _ = map(int, job["TimeLimit"].split(":"))
    return 60 * hours + minute


# What needs no finished run comes first: another process makes that meanwhile.
@pytest.fixture
def simulation(cluster, folder):
    """A folder whose only job is a simulation."""
    adapted_profile(folder.path)
    return folder, "results/datasets/simulation/examples.tsv.gz"


def test_a_job_out_of_memory_is_tried_again_with_more(cluster, folder):
    """The limit is made real for the script: it fails with less than it takes, and passes with more."""
    memory = {"simulate_sequences": {"mem_mb": "attempt ** 3 * 40"}}  # too little for Python, and then enough
    adapted_profile(folder.path, **{"set-resources": memory})
    target = "results/datasets/simulation/examples.tsv.gz"
    result = folder.run(
        "--profile", "slurm", target, PATH=PATH, PYTHONPATH=str(SLURM), DFIM_LIMITED="simulate_sequences"
    )
    assert result.returncode == 0, result.stdout[-5000:]
    jobs = jobs_of_rule(folder, "simulate_sequences")
    assert [megabytes(job) for job in jobs] == [40 * attempt**3 for attempt in range(1, len(jobs) + 1)]
    assert [job["JobState"] for job in jobs] == ["FAILED"] * (len(jobs) - 1) + ["COMPLETED"]
    assert len(jobs) > 1
    assert result.stdout.count("error: the memory was not enough (more than 40 MB)") == 1


def test_a_cancelled_job_is_reported_with_its_log(simulation):
    folder, target = simulation
    folder.write_configuration()
    environment = {**os.environ, "PATH": PATH, "PYTHONPATH": str(SLURM), "DFIM_HANGING": "simulate_sequences"}
    arguments = ["--configfile", "config.yaml", "--profile", "slurm", "--retries", "0", target]
    command = [*SNAKEMAKE, *OWN, *arguments]
    with subprocess.Popen(
        command, cwd=folder.path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        try:
            (job,) = wait_for(lambda: [job for job in jobs_of(folder) if job["JobState"] == "RUNNING"])
            subprocess.run(["scancel", job["JobId"]], check=True)
            printed, _ = running.communicate(timeout=120)
        finally:
            running.kill()
    assert running.returncode != 0
    assert f"SLURM-job '{job['JobId']}' failed, SLURM status is: 'CANCELLED'" in printed
    assert "log: results/logs/simulate_sequences/simulation.log" in printed
    assert f"simulate_sequences/simulation/{job['JobId']}.log" in printed
    assert not (folder.path / target).exists()


def wait_for(found, seconds=90):
    """Return what a function finds, as soon as it is something."""
    end = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < end, "nothing came"
        time.sleep(1)
    return result


def test_the_sentence_of_a_failed_job_reaches_the_console(cluster, folder):
    adapted_profile(folder.path)
    # Small files are read before the first job; what is wrong in this one its job must say.
    many = "".join(f">{number}\nACGTACGTAC\n" for number in range(400_000))
    (folder.path / "mine.fa").write_text(f">one\nACGTACGTAC\n>two\nACGTJCGTAC\n{many}")
    folder.config["datasets"]["mine"] = {"sequences": {"file": "mine.fa"}}
    target = "results/datasets/mine/examples.tsv.gz"
    result = folder.run("--profile", "slurm", "--retries", "0", target, PATH=PATH)
    assert result.returncode != 0
    assert "error: mine.fa" in result.stdout
    assert "results/logs/build_own_dataset/mine.log" in result.stdout
    assert "Traceback" not in result.stdout


@pytest.fixture(scope="module")
def ran(cluster, finished, tmp_path_factory):
    """A folder in which analysis A ran through SLURM, and Snakemake's log of it."""
    folder = type(finished)(tmp_path_factory.mktemp("slurm"))
    folder.config["analyses"] = {
        "motif_pairs": folder.config["analyses"]["motif_pairs"] | {"methods": ["deeplift"]}
    }
    folder.config["claims"] = []
    adapted_profile(folder.path)
    targets = [f"{FOLDER}/deeplift/{table}" for table in TABLES]
    targets.append("results/figures/motif_pairs/simulation/ELF1_SIX5/deeplift/pair_significance.png")
    result = folder.run("--profile", "slurm", *targets, PATH=PATH)
    assert result.returncode == 0, result.stdout[-5000:]
    log = min((folder.path / ".snakemake/log").glob("*.snakemake.log"))  # of the first process to start
    return folder, log.read_text()


def test_rules_run_as_jobs_with_what_they_declare(ran):
    folder, logged = ran
    jobs = jobs_of(folder)
    assert all(job["JobState"] == "COMPLETED" for job in jobs)
    assert all(job["Partition"] == "main" for job in jobs)
    declared = dict(re.findall(r"rule (\w+):\n(?:    .*\n)*?    resources: (.*)\n", logged))
    for rule in ("simulate_sequences", "train_model", "measure_reach", "select_examples"):
        (job,) = jobs_of_rule(folder, rule)
        named = dict(part.split("=", 1) for part in declared[rule].split(", "))
        assert megabytes(job) == int(named["mem_mb"]), rule
        assert minutes(job) == int(named["runtime"]), rule
    (simulation,) = jobs_of_rule(folder, "simulate_sequences")
    assert simulation["NumCPUs"] == "1"
    assert "TresPerJob" not in simulation


def test_training_is_given_cores_and_its_gpu_and_says_that_tensorflow_does_not_see_it(
    cluster, folder, finished
):
    """SLURM gives what is no more than a file, which no driver knows."""
    dataset = "results/datasets/simulation"
    shutil.copytree(finished.path / dataset, folder.path / dataset)
    adapted_profile(folder.path, ["train_model: {gpu: 1}"], **{"set-threads": {"train_model": 2}})
    target = "results/models/simulation/model.keras"
    result = folder.run("--profile", "slurm", "--retries", "0", target, PATH=PATH)
    assert result.returncode != 0
    (training,) = jobs_of_rule(folder, "train_model")
    assert training["NumCPUs"] == "2"
    assert "gres:gpu:1" in training["TresPerJob"] + training.get("TresPerNode", "")
    assert training["JobState"] == "FAILED"
    assert "error: the job of train_model was given a GPU (gpu=1 among its resources)" in result.stdout
    assert not (folder.path / target).exists()


def test_shards_share_jobs(ran):
    """Three shards of scores and three of mutagenesis, at most four in a job; table and figure in another."""
    folder, _ = ran
    assert len(jobs_of_rule(folder, "shards")) == 2
    assert len(jobs_of_rule(folder, "tables")) == 1


def test_tables_equal_those_of_a_local_run(ran, finished):
    folder, _ = ran
    for table in TABLES:
        local, remote = (
            pd.read_csv(one.path / FOLDER / "deeplift" / table, sep="\t") for one in (finished, folder)
        )
        assert len(local) > 0
        pd.testing.assert_frame_equal(local, remote, rtol=1e-6, atol=1e-6)
