# The configuration with its sheets and sources, what rules look up in them, and where results lie (scripts/workflow/).

import gc
import sys
from functools import partial
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger as snakemake_logger

# Beside this file, whichever workflow includes it.
ROOT = Path(workflow.current_basedir.get_path_or_uri(secret_free=False)).parent
sys.path.insert(0, str(ROOT / "scripts"))

from dfim.errors import InputError
from workflow import console, demands, early, exports, scheduling
from workflow import results as places
from workflow.analyses import (
    analyses_with,
    analysis_figures,
    figures_rule,
    given_models,
    trained_models,
)
from workflow.configuration import read_configuration
from workflow.environment import check_environment, put_first
from workflow.datasets import made_by, matched_datasets, tasks_of_datasets
from workflow.figures import captions_of, figure_outputs, figure_params, params_of_analysis
from workflow.lookups import Lookups, one_of
from workflow.page import page_contents
from workflow.replicates import Replicates, need
from workflow.samples import located_or_new, locks_folder, locks_of
from workflow.schema import check_files, locate
from workflow.sheets import query_sheets
from workflow.sizes import Sizes
from workflow.sources import find_sources


def ending_in_a_sentence(function, *arguments):
    """Call a function; what a user can mend ends the workflow with one sentence."""
    try:
        return function(*arguments)
    except InputError as error:
        raise WorkflowError(str(error)) from None


# What was imported stays: Python need not search it for garbage, now and when it ends.
gc.freeze()
put_first(ROOT / "scripts")
ending_in_a_sentence(check_environment)
CONSOLE = None
if workflow.is_main_process:
    CONSOLE = console.install(snakemake_logger, workflow.output_settings, workflow.output_settings.dryrun)
WHERE = ", ".join(map(str, workflow.configfiles)) or "the configuration"
ending_in_a_sentence(check_files, workflow.configfiles)
SHEETS = ending_in_a_sentence(read_configuration, config, WHERE)
SOURCES = ending_in_a_sentence(find_sources, config, SHEETS)
LOOKUPS = Lookups(config, SHEETS, SOURCES)
REPLICATES = Replicates(config, SHEETS, SOURCES, lambda lock: checkpoints.resolve_accessions.get(lock=lock))

RESULTS = places.results_folder(config)
LOGS = f"{RESULTS}/logs"
BENCHMARKS = f"{RESULTS}/benchmarks"
PAIR_TESTS = places.pair_tests_folder(RESULTS, "{analysis}", "{model}", "{task}")
INTERACTIONS = places.interactions_folder(RESULTS, "{analysis}", "{model}", "{task}", "{method}")
READS = places.reads_folder(RESULTS, "{reads}", "{task}")

# Memory and runtime that the jobs of a rule ask for, from the size of what they work on, more with each attempt. What is
# not made yet is taken as expected (expected_sizes of the configuration). Threads are set by the rules for one machine;
# a profile may set others.
SIZES = Sizes(config, tasks_of_datasets(config, SHEETS.tasks), RESULTS, samples=SHEETS.samples)
demanded = partial(demands.resources, sizes=SIZES)
threads_of = partial(demands.threads, sizes=SIZES)
# Datasets, and what they are made from, before training, and training before all else: what waits for them is long, and
# begun late a core idles at the end.
FIRST = 20


wildcard_constraints:
    genome=one_of(config["genomes"]),
    library=one_of(config["libraries"]),
    dataset=one_of(config["datasets"]),
    model=one_of(config["models"]),
    analysis=one_of(config["analyses"]),
    scan=one_of(config["scans"]),
    method="[a-z_]+",
    shard=r"\d+",
    # A task is a name in a sheet: no slash, and the parts around it are constrained, so it cannot run over.
    task="[^/]+",
