"""What a run prints, event by event, and its end."""

import io
import logging
import time

import pandas as pd
import pytest

from dfim.files.tables import write_table
from workflow.attention import by_kind
from workflow.console import (
    Console,
    found,
    found_by_pairs,
    found_by_scans,
    found_by_sources,
    install,
    to_open,
)


class Clock:
    """A clock that a test moves."""

    seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def told(tmp_path):
    """A console, its clock, and functions that send it events."""
    clock = Clock()
    console = Console(io.StringIO(), clock)

    def send(event=None, level=logging.INFO, message="", **values):
        console.emit(logging.makeLogRecord({"event": event, "levelno": level, "msg": message, **values}))

    def lines():
        return [line[9:] if line[2:3] == ":" else line for line in console.stream.getvalue().splitlines()]

    def job(number, rule="score_pairs", log=""):
        path = tmp_path / f"{number}.log"
        path.write_text(log)
        send("job_info", jobid=number, rule_name=rule, wildcards={"a": "mine", "b": number}, log=[str(path)])
        return str(path)

    console.clock_, console.send, console.lines, console.job = clock, send, lines, job
    return console


def test_a_line_while_a_long_job_runs_and_when_it_ends_with_rate_and_time_left(told):
    told.send("run_info", stats={"score_pairs": 3, "all": 1, "total": 4})
    told.job(1)
    told.clock_.seconds = 20
    told.tell_long(1)
    told.clock_.seconds = 30
    told.send("job_finished", job_id=1)
    told.send("progress", done=1, total=4)
    told.send("shellcmd", shellcmd="x" * 15_000)
    told.send(None, message="Select jobs to execute...")
    assert told.lines() == [
        "3 jobs of 1 rule: a line at the end of each, and one before of those that run for 20 s; the rest in "
        "logs",
        "runs   score_pairs mine 1 (for 20 s)",
        "ends   score_pairs mine 1 (30 s; 1 of 3 jobs, 2 a minute, 60 s left)",
    ]


def test_the_rules_of_the_figures_of_analyses_are_told_as_one(told):
    told.send("run_info", stats={"plot_interactions_mine": 2, "plot_interactions_other": 1, "plot_model": 1})
    told.job(1, rule="plot_interactions_mine")
    told.clock_.seconds = 6
    told.send("job_finished", job_id=1)
    assert told.lines()[0].startswith("4 jobs of 2 rules: ")
    assert told.lines()[1].startswith("ends   plot_interactions mine 1 (6 s; 1 of 4 jobs")


def test_warnings_wait_for_the_end_and_failures_are_told_once(told):
    told.send("run_info", stats={"score_pairs": 2})
    told.job(1, log="10:00:00 warning: few peaks\n10:00:01 all well\n")
    told.send("job_finished", job_id=1)
    path = told.job(2, log="10:00:00 reading\n10:00:01 error: a.bed, line 3: end is 'x'.\n")
    for _ in range(2):
        told.send("job_error", logging.ERROR, "Error in rule", rule_name="score_pairs", jobid=2, log=[path])
    told.send("error", logging.ERROR, "CalledProcessError in file x", exception="CalledProcessError")
    told.send(None, logging.WARNING, "storage is slow")
    before = told.lines()
    assert before[-2:] == [
        f"fails  score_pairs mine 2 (0 s), log: {path}",
        "error: a.bed, line 3: end is 'x'.",
    ]
    assert not any("few peaks" in line or "slow" in line for line in before)
    told.end(["3 pairs"], ["results/x"])
    assert told.lines()[len(before) :] == [
        "1 job done in 0 s",
        "Found:",
        "  3 pairs",
        "To open:",
        "  results/x",
        "Needs attention:",
        "  failed: score_pairs mine 2: a.bed, line 3: end is 'x'.",
        "  score_pairs mine 1: few peaks",
        "  storage is slow",
        "  what is finished is kept: mend what is said above, and run the same command again",
    ]


def test_a_program_that_fails_without_a_sentence_shows_the_end_of_its_log(told):
    path = told.job(1, rule="align", log="".join(f"line {number}\n" for number in range(40)))
    told.send("job_error", logging.ERROR, rule_name="align", jobid=1, log=[path])
    assert told.lines()[-15:] == [f"    line {number}" for number in range(25, 40)]


CANCELLED = "SLURM-job '7' failed, SLURM status is: 'CANCELLED'. Detailed failure reason unavailable."
FURTHER = "For further error details see the cluster/cloud log and the log files of the involved rule(s)."


def test_what_a_cluster_says_of_its_job_is_told_with_its_log(told, tmp_path):
    path, slurm = told.job(1), str(tmp_path / "7.log")
    told.send(
        "job_error", logging.ERROR, rule_name="score_pairs", jobid=1, log=[path, slurm],
        rule_msg=f"{CANCELLED}{FURTHER}",
    )  # fmt: skip
    assert told.lines() == [f"fails  score_pairs mine 1 (0 s), log: {path}, {slurm}", CANCELLED]
    told.end()
    assert f"  failed: score_pairs mine 1: {CANCELLED}" in told.lines()


def test_jobs_of_a_group_are_told_once_with_the_log_of_the_group(told, tmp_path):
    path, slurm = told.job(1, log="10:00:01 error: a.bed, line 3: end is 'x'.\n"), str(tmp_path / "7.log")
    info = {"rule_name": "score_pairs", "jobid": 1, "log": [path]}
    told.send("group_error", logging.ERROR, job_error_info=[info], aux_logs=[slurm])
    told.send("job_error", logging.ERROR, **info)
    assert told.lines() == [
        f"fails  score_pairs mine 1 (0 s), log: {path}, {slurm}",
        "error: a.bed, line 3: end is 'x'.",
    ]


def test_a_job_that_fails_and_is_done_by_another_attempt_needs_no_attention(told):
    path = told.job(1)
    told.send("job_error", logging.ERROR, rule_name="score_pairs", jobid=1, log=[path])
    told.job(1)
    told.send("job_finished", job_id=1)
    told.end()
    assert told.lines()[-2:] == ["Needs attention:", "  nothing"]


def test_errors_of_snakemake_itself_are_printed(told):
    told.send(
        "error", logging.ERROR, "MissingInputException in rule x:\nb.tsv", exception="MissingInputException"
    )
    told.send(None, logging.ERROR, "Exiting because a job execution failed. Look below for error messages")
    told.send("error", logging.ERROR, "WorkflowError:\nAt least one job did not complete successfully.")
    assert told.lines() == ["MissingInputException in rule x:", "b.tsv"]


def test_a_short_job_is_told_once_and_a_long_one_twice_by_a_timer(told, monkeypatch):
    monkeypatch.setattr("workflow.console.LONG", 0.5)
    told.job(1)
    told.send("job_finished", job_id=1)
    told.job(2)
    deadline = time.monotonic() + 10
    while len(told.lines()) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    told.send("job_finished", job_id=2)
    time.sleep(0.1)
    assert [line.split(" (")[0] for line in told.lines()] == [
        "ends   score_pairs mine 1",
        "runs   score_pairs mine 2",
        "ends   score_pairs mine 2",
    ]


def test_203_jobs_of_which_a_third_is_long_print_less_than_310_lines(told):
    told.send("run_info", stats={f"rule_{number}": 1 for number in range(203)})
    for number in range(203):
        told.job(number, rule=f"rule_{number % 28}", log=f"10:00:00 warning: {number} % of 9 are lost\n")
        if number % 3 == 0:
            told.tell_long(number)
        told.send("job_finished", job_id=number)
    told.end([f"{number}" for number in range(20)], ["a", "b"])
    assert len(told.lines()) < 310
    assert told.lines()[-1] == "  and 18 kinds of warnings more, in the logs"


FEW = (
    "the null {!r} of {} has 300 null scores for the {} rows, so that {} rows must stand out together before "
    "one can have q < 0.05: raise the key 'shuffles'."
)


def test_warnings_of_one_kind_are_one_line_with_their_number_and_the_worst():
    missed = "contributions miss the change of the logit by {} % of it in the median, on {} sequences"
    warnings = [
        ("assign x A", FEW.format("dinucleotide", "fis", 300, 40)),
        ("score a 0", missed.format(8.4, 20)),
        ("score a 1", missed.format(11, 9)),
        ("assign y B", FEW.format("matched", "signed_sum", 200, 98)),
        ("score b 0", missed.format("2.8", 1)),
        ("", "storage is slow"),
        ("other c", missed.format(1, 1)),
        ("assign y B", FEW.format("matched", "fis", 200, 97)),
        ("measure q", "results/a.bed: few peaks"),
        ("measure q", "results/b.bed: few peaks"),
    ]
    assert by_kind(warnings) == [
        f"assign, 2 jobs, 3 times; the worst, y B: {warnings[3][1]}",
        f"score, 3 jobs; the worst, a 1: {warnings[2][1]}",
        "measure q: results/a.bed: few peaks (the worst of 2)",
        "storage is slow",
        f"other c: {warnings[6][1]}",
    ]


@pytest.mark.parametrize("asked", ["quiet", "verbose", "printshellcmds", "debug_dag", "dryrun", None])
def test_who_asks_for_more_or_less_gets_snakemakes_own_printing(asked, monkeypatch):
    monkeypatch.setenv("DFIM_TOLD_FROM_LOGS", "")
    names = ["quiet", "verbose", "printshellcmds", "debug_dag"]
    settings = type("Settings", (), {name: name == asked for name in names})
    handler = type("ColorizingTextHandler", (logging.NullHandler,), {})()
    logger = logging.Logger("x")
    logger.addHandler(handler)
    console = install(logger, settings, asked == "dryrun")
    assert logger.handlers == [console or handler]
    assert (console is None) == (asked is not None)


def test_what_was_found_is_counted_in_the_table_of_pair_tests(tmp_path):
    tests = pd.DataFrame({"p": [0.01, 0.2, None], "called": [1, 0, 0]})
    write_table(tests, tmp_path / "interactions/a/m/T/pair_tests.tsv.gz")
    config = {"analyses": {"a": {"models": ["m", "other"], "tasks": ["T"]}}}
    assert found_by_pairs(config, str(tmp_path)) == ["a, m, T: 1 of 2 tested pairs act together"]


def test_what_scans_found_is_counted_within_reach(tmp_path):
    config = {"scans": {"s": {"models": ["m"], "tasks": ["T", "U"]}}}
    folder = tmp_path / "scans/s/m/T"
    folder.mkdir(parents=True)
    (folder / "scan.tsv").write_text("within_reach\tcalled\n1\t1\n1\t0\n0\t0\n")
    assert found_by_scans(config, str(tmp_path)) == ["s, m, T: two motifs act together in 1 of 2 cells"]


@pytest.mark.parametrize(
    ("kinds", "what"),
    [(["variant"] * 4, "variants"), (["motif"] * 4, "sources"), (["motif", *["variant"] * 3], "sources")],
)
def test_what_sources_found_is_counted_below_the_level_by_each_method(tmp_path, kinds, what):
    sources = pd.DataFrame({"kind": kinds, "fis_q": [0.005, 0.01, 0.2, None], "signed_sum_q": 0.0})
    write_table(sources, tmp_path / "interactions/a/m/T/deeplift/sources.tsv.gz")
    asked = {"models": ["m", "other"], "tasks": ["T"], "methods": ["deeplift"], "level": 0.01}
    config = {"analyses": {"a": asked | {"targets": {"positions": 100}}}}
    line = f"a, m, T, deeplift: 1 of 3 {what} with q of FIS below 0.01"
    assert found_by_sources(config, str(tmp_path)) == [line]
    assert found(config | {"scans": {}}, str(tmp_path)) == [line]
    config["analyses"]["a"]["targets"] = {"features": "all"}
    assert found_by_sources(config, str(tmp_path)) == []


def test_the_page_of_a_run_is_named_first_and_not_where_the_run_failed(tmp_path):
    for name in ("index.html", "reproduction.tsv"):
        (tmp_path / name).touch()
    page = f"{tmp_path}/index.html: what was asked and found; open it in a browser"
    claims = f"{tmp_path}/reproduction.tsv: what was found, claim by claim"
    assert to_open({}, str(tmp_path)) == [page, claims]
    assert to_open({}, str(tmp_path), ended=False) == [claims]
