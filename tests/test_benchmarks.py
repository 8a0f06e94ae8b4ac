"""Benchmarks: what is counted and how it is told, on contenders that take no time."""

from pathlib import Path

import contributions
import dataset_memory
import given_networks
import gpu
import known_answers
import numpy as np
import pandas as pd
import pytest
import timing
from contenders import Contender, Running
from pair_tests import job as pair_job
from paper_networks import operations, paper_network
from support import naive_deeplift
from support.small_networks import normalised

from dfim.attribution.simplification import simplify
from dfim.datasets.dataset import read_dataset


@pytest.mark.parametrize(
    ("name", "rule", "expected"),
    [
        ("A", "genomics_default", 2 * (2 * 182 * 19 * 4 * 40 + 4 * 18 * 40 * 200)),
        ("A", "rescale", 2 * (2 * 182 * 19 * 4 * 40 + 2 * 18 * 40 * 200)),
        ("B", "genomics_default", 4 * 25 * 10 * (991 * 4 + (982 + 973 + 964 + 955) * 25)),
    ],
)
def test_operations_are_those_counted_by_hand(name, rule, expected):
    assert operations(simplify(paper_network(name)), rule) == expected


@pytest.fixture
def table(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "support"))
    monkeypatch.setattr(contributions, "paper_network", lambda name: normalised())
    monkeypatch.setattr(contributions, "gemm_rate", lambda: 1e9)
    monkeypatch.setattr(contributions, "LEAST_SECONDS", 0)
    kinds = [layer.kind for layer in normalised()]
    folded = [layer.kind for layer in simplify(normalised())]

    def nothing(name: str, kinds: list[str], **more) -> Contender:
        return Contender(name, "fake_contender:Nothing", "rescale", {"kinds": kinds}, **more)

    found = contributions.contributions_table(
        [
            nothing("deeplift package", folded, batch_sizes=(2, 4)),
            nothing("a part", folded, share=0.25),
            nothing("as trained", kinds, as_trained=True),
            nothing("refuses", kinds),
            Contender("absent", "no_such_module:Thing", "rescale"),
        ],
        "X",
        runs=3,
        sequences={"X": 20},
    )
    return found.set_index("contender")


def test_the_table_has_a_row_for_every_contender(table):
    measured = table.loc[["deeplift package", "a part", "as trained"]]
    assert (measured["note"] == "").all()
    assert (measured["runs"] == 3).all()
    assert measured["sequences"].tolist() == [20, 5, 20]
    assert (measured["per_second_min"] <= measured["per_second"]).all()
    assert (measured["per_second"] <= measured["per_second_max"]).all()
    assert (measured["memory_mb"] > 5).all()
    assert table.loc["deeplift package", "times_package"] == 1
    assert table.loc["deeplift package", "batch_size"] in (2, 4)
    # Scores of 0 are off by all that there is.
    assert (measured[["difference", "difference_max"]] == 1).all(axis=None)
    np.testing.assert_allclose(
        measured["share_of_floor"], measured["per_second"] / measured["floor_per_second"]
    )
    assert (measured["floor_per_second"] == 1e9 / operations(simplify(normalised()), "rescale")).all()


def test_the_columns_are_the_same_without_the_package_to_compare_with(monkeypatch):
    monkeypatch.setattr(contributions, "paper_network", lambda name: normalised())
    contenders = [Contender("absent", "no_such_module:Thing", "rescale")]
    found = contributions.contributions_table(contenders, "X", runs=1, sequences={"X": 4})
    assert tuple(found.columns) == contributions.COLUMNS
    assert len(found) == 1


def test_a_contender_that_is_not_there_or_refuses_is_noted(table):
    missing = "not measured: ModuleNotFoundError: No module named 'no_such_module'"
    assert table.loc["absent", "note"] == missing
    refusal = "not measured: ValueError: these are not the layers that were promised"
    assert table.loc["refuses", "note"] == refusal
    assert table.loc[["absent", "refuses"], "per_second"].isna().all()


@pytest.mark.parametrize(("least", "times"), [(0, 1), (1.0, 3), (1.25, 4)])
def test_short_jobs_are_done_again_until_enough_time_has_gone_by(monkeypatch, least, times):
    clock, done = [100.0], []
    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock[0])

    def job() -> int:
        clock[0] += 0.4
        done.append(len(done))
        return done[-1]

    seconds, given = timing.timed(job, least)
    assert seconds == pytest.approx(0.4)
    assert given == times - 1
    assert len(done) == times


def test_memory_is_watched_while_a_contender_works(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "support"))
    running = Running(Contender("hoarder", "fake_contender:Hoarder", "none"))
    try:
        running.ask("build", "fake_contender:Hoarder", {})
        before = running.memory()
        with running.watched() as peak:
            running.ask("contributions", np.zeros(1), 0)
        assert 90e6 < peak[0] - before < 150e6
        assert running.memory() - before < 50e6
    finally:
        running.end()


@pytest.mark.parametrize("patterns", [False, True])
def test_a_dataset_of_so_many_windows_is_measured(tmp_path, patterns):
    dataset_memory.make_genome(tmp_path, 440)
    measured = dataset_memory.build(tmp_path, 220, patterns)
    assert measured["windows"] == 220  # none lost to a chromosome's end, none merged with another
    # GATA is at 1 of 256 places, and CA**TG as often: about eight in a window.
    assert 6 * 220 < measured["features"] < 10 * 220 if patterns else measured["features"] == 0
    assert read_dataset(tmp_path).labels.shape == (220, dataset_memory.TASKS)


def test_partners_of_a_heterodimer_lie_as_they_are_said_to():
    bases, features = known_answers.heterodimers(number=30)
    ends = features.pivot(index="sequence", columns="name", values=["start", "end"])
    ends = ends.loc[[f"sequence_{number}" for number in range(60)]]
    between = (ends["start", "IRF"] - ends["end", "SPI1"]).to_numpy()
    assert set(between[:30]) == {2, 3, 4, 5}
    assert between[30:].min() >= 20
    assert ends["end", "IRF"].max() <= bases.shape[1]
    # SPI1's core is where the table has it, in nearly all of the words drawn from its matrix.
    words = [
        bases[row, start:end].tobytes()
        for row, (start, end) in enumerate(zip(ends["start", "SPI1"], ends["end", "SPI1"], strict=True))
    ]
    assert np.mean([b"GGAA" in word or b"TTCC" in word for word in words]) > 0.5


def test_labels_of_a_rule_are_those_of_the_motifs_that_are_there():
    present = pd.DataFrame({"AP1": [1, 1, 0, 0], "TAL1": [1, 0, 1, 0], "ELF1": 1, "SIX5": 1}, dtype=bool)
    both, either, drawn = (rule(present) for rule, _ in known_answers.RULES.values())
    assert both.tolist() == [True, False, False, False]
    assert either.tolist() == [True, True, True, False]
    many = pd.DataFrame(np.repeat([[0, 1, 1, 0], [0, 0, 0, 0]], 4000, axis=0), columns=known_answers.MOTIFS)
    share = np.asarray(known_answers.additive(many)).reshape(2, -1).mean(axis=1)
    np.testing.assert_allclose(share, 1 / (1 + np.exp([-2, 4])), atol=0.02)
    assert len(drawn) == 4


class FakeWorker:
    """A device whose every job takes so many seconds of a clock, and gives numbers of its own."""

    def __init__(self, clock: list[float], seconds: float, rate: float, error: float):
        self.name, self.clock, self.seconds = f"of {rate}", clock, seconds
        self.answer = {"units": 10, "runs": 3, "per_second": rate, "first_seconds": 1.0}
        self.numbers = [1.0, 2 + error, -4.0]

    def ask(self, job: str, seconds: float) -> dict:
        self.clock[0] += self.seconds
        if self.seconds > seconds:
            raise gpu.NotMeasured("the time was up")
        return self.answer | {"numbers": None if job == "training" else self.numbers}

    def end(self) -> None:
        return None


def gpu_table(seconds: float, started: list, has_gpu: bool = True, networks=("A", "B")) -> pd.DataFrame:
    """Return the table of all jobs, each of which takes 10 s, and the start of a process 5 s."""
    clock = [100.0]

    def start(device: str, network: str, trains: bool, left: float) -> FakeWorker:
        clock[0] += 5
        started.append((device, network, trains))
        if device == "processor":
            return FakeWorker(clock, 10, 4, 0)
        if has_gpu:
            return FakeWorker(clock, 10, 20, 0.04)
        raise gpu.NoGpu("the machine has no driver of a GPU")

    rows = gpu.rows(list(networks), list(gpu.JOBS), seconds, start, lambda: clock[0])
    return pd.DataFrame(rows, columns=list(gpu.COLUMNS))


def test_processor_and_gpu_stand_beside_each_other():
    started = []
    table = gpu_table(1e4, started)
    assert len(table) == 2 * len(gpu.JOBS) * 2
    assert started == [
        (device, network, trains)
        for network in "AB"
        for trains in (False, True)
        for device in ("processor", "gpu")
    ]
    ours = table[table["device"] == "gpu"]
    assert (ours["times_processor"] == 5).all()
    scores = ours["job"] != "training"
    np.testing.assert_allclose(ours.loc[scores, "difference"], 0.01)
    assert ours.loc[~scores, "difference"].isna().all()
    assert (table["note"] == "").all()


def test_without_a_gpu_the_processor_is_measured_alone(capsys):
    started = []
    table = gpu_table(1e4, started, has_gpu=False)
    assert len(table) == 2 * len(gpu.JOBS)
    assert set(table["device"]) == {"processor"}
    assert (table["per_second"] == 4).all()
    assert [device for device, *_ in started].count("gpu") == 1
    assert capsys.readouterr().err == "No GPU was measured: the machine has no driver of a GPU.\n"


def test_rows_for_which_there_is_no_time_say_so():
    """Two starts and three jobs of two devices take 70 s of 100, the processor's training 15: 15 are left."""
    table = gpu_table(100, [], networks="A")
    assert table["per_second"].notna().tolist() == [True] * 7 + [False]
    assert table["note"].tolist() == [""] * 7 + ["not measured: the time was up"]


def test_training_is_not_measured_where_there_is_no_tensorflow():
    with pytest.raises(gpu.NotMeasured, match="training needs TensorFlow"):
        gpu.Worker("jax", "gpu", "A", True, 30)


def test_a_job_is_run_until_its_time_is_over():
    runs = []

    def job():
        runs.append(None)
        return 6, np.array([[1.0, 2.0]])

    found = gpu.measured(job, seconds=0.01)
    assert found["runs"] == len(runs) - 1 >= 1
    assert (found["units"], found["numbers"]) == (6, [1, 2])
    assert found["per_second"] > 6 / 0.01


def test_a_larger_job_of_pairs_begins_with_the_usual_one():
    (bases, features, pairs), (more, further, all_pairs) = pair_job("residual"), pair_job("residual", 3)
    assert (more[: len(bases)] == bases).all()
    pd.testing.assert_frame_equal(further[: len(features)], features)
    pd.testing.assert_frame_equal(all_pairs[: len(pairs)], pairs)
    assert len(all_pairs) == 3 * len(pairs)


def test_what_a_given_network_gives_itself_is_compared_with_outputs_and_pair_tests():
    network = simplify(normalised())
    bases = np.frombuffer(b"ACGT", np.uint8)[np.random.default_rng(0).integers(4, size=(2, 30))]
    outputs = naive_logits(network)
    entry = given_networks.Given("mine", Path("mine.onnx"), own=outputs)
    same = given_networks._compared(network, entry, bases)
    assert max(map(float, same.values())) < 1e-5
    # A network that gives the square of that has other outputs, and other interactions.
    entry = given_networks.Given("other", Path("other.onnx"), own=lambda x: outputs(x) ** 2)
    other = given_networks._compared(network, entry, bases)
    assert min(map(float, other.values())) > 1e-2


def naive_logits(network):
    return lambda x: np.array([naive_deeplift.logits(network, one)[0] for one in x.astype(np.float64)])
