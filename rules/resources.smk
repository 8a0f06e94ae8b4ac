# Memory and runtime that the jobs of a rule ask for, from the size of what they work on (scripts/demands.py), more with
# each attempt. What is not made yet is taken as expected (expected_sizes of the configuration). Threads are set below
# for one machine; a profile may set others.

import demands
from sizes import Sizes

SIZES = Sizes(config, TASKS, RESULTS)


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
