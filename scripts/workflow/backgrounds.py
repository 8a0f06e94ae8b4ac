"""The shares of the bases, which are said once: what the key ``background`` is the default of."""

from workflow.datasets import PRODUCERS, check_background, producer_of


def set_backgrounds(config: dict) -> None:
    """Give the configuration's background to all that have none of their own, in place.

    These are datasets of random sequences or of hits of matrices, contribution scores, analyses, and scans;
    not datasets and scans whose backgrounds are sequences of a file. Raises InputError when its probabilities
    do not sum to 1.
    """
    check_background("background", config["background"])
    takers = [*config["analyses"].values()]
    takers += [entry for model in config["models"].values() for entry in model["contributions"]]
    takers += [scan for scan in config["scans"].values() if "sequences" not in scan]
    for dataset in config["datasets"]:
        producer, options = producer_of(config, dataset)
        if PRODUCERS[producer].background and "backgrounds" not in options:
            takers.append(options)
    for options in takers:
        options.setdefault("background", list(config["background"]))
