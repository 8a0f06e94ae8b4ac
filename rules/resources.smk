# Memory and runtime that the jobs of a rule ask for, from the size of what they work on (scripts/demands.py), more with
# each attempt. What is not made yet is taken as expected (expected_sizes of the configuration). Threads are set below
# for one machine; a profile may set others.

import demands
from reads_sizes import expected_lanes
from sizes import Sizes


class LanesOfReads(dict):
    """The rows of samples by set of reads, task and replicate: looked up when asked for, for a lock may come in a run."""

    def __missing__(self, reads):
        return lanes_of(reads)


SIZES = Sizes(config, TASKS, RESULTS, lanes=LanesOfReads())


def lanes_of(reads):
    """Return the rows of a set of reads by task and replicate; as they are expected where accessions are not resolved."""
    sheet = SAMPLE_SHEETS[reads]
    known = {one.asked for one in lock_files(reads)} if sheet.accessions else set()
    if known >= set(sheet.accessions):
        return samples_of(reads)
    return expected_lanes(sheet, SIZES.reads.expected(reads))


def demanded(rule):
    """Return the resources of a rule of scripts/demands.py."""
    return {
        "mem_mb": lambda wildcards, attempt: demands.memory_mb(
            demands.demand(rule, wildcards, SIZES), attempt
        ),
        "runtime": lambda wildcards, threads, attempt: demands.minutes(
            demands.demand(rule, wildcards, SIZES), threads, attempt
        ),
    }


# The rule that builds the datasets of each producer.
BUILDERS = {
    "simulation": "simulate_sequences",
    "peaks": "build_peak_dataset",
    "variants": "build_variant_dataset",
    "sequences": "build_own_dataset",
    "spacing": "build_spacing_dataset",
    "values": "build_value_dataset",
}
