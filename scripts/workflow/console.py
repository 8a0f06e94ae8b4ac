"""What a run prints: a line when a job ends, one before that while a long one runs, and in the end what was
found and what needs care.

Everything else is in the logs. Installed in Snakemake's main process in place of its own printing (its log
file keeps all), unless more or less is asked for (``--verbose``, ``--quiet``, ``--printshellcmds``, a dry
run).
"""

import logging
import os
import re
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TextIO

from dfim.errors import InputError, counted
from dfim.files.text import text_lines
from workflow.analyses import analyses_with, combinations, family_of
from workflow.attention import by_kind
from workflow.running import TOLD

LONG = 20  # seconds after which a job that runs is told of before it ends
_TAIL = 15  # lines of the log of a program that failed
# So many lines at most of what was found, and of warnings: what is more is in tables and logs.
_MOST_FOUND, _MOST_WARNINGS = 12, 10
# What Snakemake says after a job failed, which is told already.
_REPEATS = re.compile(r"^Exiting because a job|At least one job did not complete")
# What Snakemake adds to what a cluster says; the logs are named beside it.
_FURTHER = "For further error details see"
_SENTENCE = re.compile(r"\d\d:\d\d:\d\d (error|warning): (.*)")


class Console(logging.Handler):
    """Prints the events of a run; ``clock`` gives seconds."""

    def __init__(self, stream: TextIO = sys.stderr, clock=time.monotonic):
        super().__init__()
        self.stream, self.clock = stream, clock
        self.begun, self.total, self.done = clock(), 0, 0
        self.running: dict[int, tuple[str, float, list[str]]] = {}
        self.failed: dict[str, str] = {}
        self._told: set[int] = set()
        self.warnings: list[tuple[str, str]] = []  # job, or nothing, and sentence
        self._timers: dict[int, threading.Timer] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Print what a record says, if it is one of the events that are told."""
        try:
            event = str(getattr(record, "event", None) or "")
            tell = getattr(self, f"_{event}", None)
            if tell is not None:
                tell(record)
            elif record.levelno >= logging.ERROR and event in ("", "error"):
                self._trouble(record)
            elif record.levelno >= logging.WARNING:
                self.warnings.append(("", " ".join(record.getMessage().split())))
            elif record.getMessage().startswith("Nothing to be done"):
                self.say(record.getMessage())
        except Exception:
            self.handleError(record)

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, file=self.stream, flush=True)

    def _run_info(self, record: logging.LogRecord) -> None:
        jobs = {name: number for name, number in record.stats.items() if name not in ("all", "total")}
        self.total = sum(jobs.values())
        rules = counted(len(set(map(family_of, jobs))), "rule")
        self.say(
            f"{_now()} {counted(self.total, 'job')} of {rules}: "
            f"a line at the end of each, and one before of those that run for {LONG} s; the rest in logs"
        )

    def _job_info(self, record: logging.LogRecord) -> None:
        if record.rule_name == "all":
            return
        wildcards = " ".join(str(value) for value in dict(record.wildcards or {}).values())
        name = f"{family_of(record.rule_name)} {wildcards}".strip()
        self.running[record.jobid] = name, self.clock(), list(record.log or [])
        self._timers[record.jobid] = timer = threading.Timer(LONG, self.tell_long, [record.jobid])
        timer.daemon = True
        timer.start()

    def tell_long(self, job: int) -> None:
        """Say that a job runs, where it has not ended."""
        with self.lock:
            if job in self.running:
                name, start, _ = self.running[job]
                self.say(f"{_now()} runs   {name} (for {_span(self.clock() - start)})")

    def _over(self, job: int) -> None:
        if timer := self._timers.pop(job, None):
            timer.cancel()

    def _job_finished(self, record: logging.LogRecord) -> None:
        if record.job_id not in self.running:
            return
        name, start, logs = self.running.pop(record.job_id)
        self._over(record.job_id)
        self.done += 1
        self.failed.pop(name, None)  # an earlier attempt did
        for kind, sentence in sentences(logs):
            if kind == "warning":
                self.warnings.append((name, sentence))
        self.say(f"{_now()} ends   {name} ({_span(self.clock() - start)}; {self._rate()})")

    def _rate(self) -> str:
        """Say how far the run is, how fast, and how long the rest takes at that rate."""
        spent = max(self.clock() - self.begun, 1e-9)
        left = spent / self.done * max(0, self.total - self.done)
        rate = f"{60 * self.done / spent:.3g} a minute"
        return f"{self.done} of {counted(self.total, 'job')}, {rate}, {_span(left)} left"

    def _job_error(self, record: logging.LogRecord) -> None:
        if record.jobid in self._told and record.jobid not in self.running:
            return
        self._told.add(record.jobid)
        self._over(record.jobid)
        name, start, _ = self.running.pop(record.jobid, (record.rule_name, self.clock(), []))
        logs = list(record.log or [])
        told = [sentence for kind, sentence in sentences(logs) if kind == "error"]
        # What a cluster says of its job, as that it was cancelled or took too long.
        cluster = " ".join(str(getattr(record, "rule_msg", None) or "").split()).split(_FURTHER)[0]
        self.failed[name] = told[-1] if told else cluster or "see its log"
        self.say(f"{_now()} fails  {name} ({_span(self.clock() - start)}), log: {', '.join(logs) or 'none'}")
        if cluster:
            self.say(cluster)
        if told:
            self.say(f"error: {told[-1]}")
            return
        for line in _tail(logs):
            self.say(f"    {line}")

    def _group_error(self, record: logging.LogRecord) -> None:
        for info in record.job_error_info:
            logs = [*(info["log"] or []), *record.aux_logs]
            self._job_error(
                logging.makeLogRecord({"rule_name": info["rule_name"], "jobid": info["jobid"], "log": logs})
            )

    def _trouble(self, record: logging.LogRecord) -> None:
        """Print an error of Snakemake's own, but not that a job failed, which is told."""
        exception, text = str(getattr(record, "exception", "")), str(record.getMessage()).strip()
        repeats = "CalledProcessError" in text or exception in ("RuleException", "CalledProcessError")
        if text and not repeats and not _REPEATS.search(text):
            self.say(text)

    def end(self, found: Iterable[str] = (), see: Iterable[str] = ()) -> None:
        """Print how the run ended: what was found, what to open, and what needs attention."""
        for job in list(self._timers):
            self._over(job)
        self.say(f"{_now()} {counted(self.done, 'job')} done in {_span(self.clock() - self.begun)}")
        found = list(found)
        more = [f"and {len(found) - _MOST_FOUND} more, in the tables"] if len(found) > _MOST_FOUND else []
        self._list("Found", found[:_MOST_FOUND] + more)
        self._list("To open", see)
        care = [f"failed: {name}: {sentence}" for name, sentence in self.failed.items()]
        kinds = by_kind(self.warnings)
        care += kinds[:_MOST_WARNINGS]
        if len(kinds) > _MOST_WARNINGS:
            care.append(f"and {counted(len(kinds) - _MOST_WARNINGS, 'kind')} of warnings more, in the logs")
        if self.failed:
            care.append("what is finished is kept: mend what is said above, and run the same command again")
        self._list("Needs attention", care or ["nothing"])

    def _list(self, title: str, lines: Iterable[str]) -> None:
        lines = list(lines)
        if lines:
            self.say("\n".join([f"{title}:", *(f"  {line}" for line in lines)]))


def install(logger: logging.Logger, settings, dryrun: bool) -> Console | None:
    """Put a console in the place of Snakemake's own printing; None where something else is asked for."""
    if "--lint" in sys.argv:  # whose findings are what is printed
        return None
    if dryrun or settings.quiet or settings.verbose or settings.printshellcmds or settings.debug_dag:
        return None
    own = [handler for handler in logger.handlers if type(handler).__name__ == "ColorizingTextHandler"]
    if not own:  # a logger plugin prints
        return None
    for handler in own:
        logger.removeHandler(handler)
    console = Console()
    logger.addHandler(console)
    os.environ[TOLD] = "1"
    return console


def _now() -> str:
    return time.strftime("%H:%M:%S")


def _span(seconds: float) -> str:
    """Write a time in words: 12 s, 3 min, 2 h 5 min."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def sentences(logs: Iterable[str]) -> list[tuple[str, str]]:
    """Return the errors and warnings in logs of scripts, as (``error`` or ``warning``, sentence)."""
    found = []
    for line in _lines(logs):
        if match := _SENTENCE.match(line):
            found.append((match[1], match[2]))
    return found


def _lines(logs: Iterable[str]) -> list[str]:
    lines = []
    for path in logs:
        path = str(path).split(" (")[0]
        if Path(path).is_file():
            try:
                lines += [line for _, line in text_lines(path, "a log")]
            except InputError:  # the log of a program may hold anything
                continue
    return lines


def _tail(logs: Iterable[str]) -> list[str]:
    """Return the last lines of logs, for a program that failed without a sentence."""
    return [line for line in _lines(logs) if line.strip()][-_TAIL:]


def found(config: Mapping, results: str) -> list[str]:
    """Say what a run found: pairs of features first, then scans, then sources."""
    return [
        line for said in (found_by_pairs, found_by_scans, found_by_sources) for line in said(config, results)
    ]


def found_by_pairs(config: Mapping, results: str) -> list[str]:
    """Say what each analysis of pairs of features found: how many of the tested pairs are called."""
    from dfim.files.tables import read_table
    from workflow.results import pair_tests_folder

    lines = []
    for name, analysis in config["analyses"].items():
        for model in analysis["models"]:
            for task in analysis["tasks"]:
                path = Path(pair_tests_folder(results, name, model, task)) / "pair_tests.tsv.gz"
                if path.is_file():
                    tests = read_table(path)
                    tested = counted(int(tests["p"].notna().sum()), "tested pair")
                    act = int((tests["called"] == 1).sum())
                    lines.append(f"{name}, {model}, {task}: {act} of {tested} act together")
    return lines


def found_by_sources(config: Mapping, results: str) -> list[str]:
    """Say what each analysis of positions found: how many sources stand out by FIS, by method."""
    from dfim.files.tables import read_table
    from workflow.results import interactions_folder

    lines = []
    for name in analyses_with(config, "profiles"):
        level = config["analyses"][name]["level"]
        for place in combinations(config["analyses"][name]):
            path = Path(interactions_folder(results, name, *place)) / "sources.tsv.gz"
            if path.is_file():
                sources = read_table(path)
                what = "variant" if (sources["kind"] == "variant").all() else "source"
                tested = counted(int(sources["fis_q"].notna().sum()), what)
                out = int((sources["fis_q"] < level).sum())
                lines.append(f"{', '.join((name, *place))}: {out} of {tested} with q of FIS below {level:g}")
    return lines


def found_by_scans(config: Mapping, results: str) -> list[str]:
    """Say what each scan found: at how many of the cells within reach two motifs act together."""
    from dfim.files.tables import read_table
    from workflow.results import scan_file
    from workflow.scans import scan_places

    lines = []
    for place in scan_places(config):
        path = Path(scan_file(results, *place))
        if path.is_file():
            cells = read_table(path)
            tested = counted(int(cells["within_reach"].sum()), "cell")
            act = int((cells["called"] == 1).sum())
            lines.append(f"{', '.join(place)}: two motifs act together in {act} of {tested}")
    return lines


def to_open(config: Mapping, results: str, ended: bool = True) -> list[str]:
    """Name what a run is read from: its page first, then figures, tables, claims and logs.

    Of a run that has not ``ended`` well the page is missing, or that of an earlier run, and is not named.
    """
    page = {"index.html": "what was asked and found; open it in a browser"} if ended else {}
    places = page | {
        "interactions": "tables of each analysis",
        "scans": "the table of each scan",
        "figures": "every figure, with its data",
        "models": "networks, their metrics and figures",
        "reproduction.tsv": "what was found, claim by claim",
        "data_checks.tsv": "the configuration read back",
        "logs": "everything that was not printed",
    }
    return [
        f"{results}/{place}: {what}" for place, what in places.items() if (Path(results) / place).exists()
    ]
