"""What each kind of figure shows, in words that hold whatever it was drawn from."""

from collections.abc import Mapping

from dfim.plots.options import read_options

_SIGNS = "Above zero is synergy, below zero redundancy."
CAPTIONS = {
    "kinds": (
        "Interaction of pairs by mutagenesis against the bases between the two features. A mark is the "
        "median of a bin of distances, a bar its 95 % interval (whole blocks resampled). A triangle is a "
        "kind that is called, up synergy, down redundancy; a circle is not called: its q is large, or its "
        "interaction small beside the effects of its features. The grey band is that of the null, the same "
        "medians with other sequence in the place of either feature. At most {most} pairs of names are "
        "drawn, those with the smallest q where none are chosen. " + _SIGNS
    ),
    "pair_significance": (
        "FIS, signed sum, p and q of ordered pairs, one row for each two names. Boxes are quantiles "
        "over pairs. The level of p and q is {level:g}. " + _SIGNS
    ),
    "distance": (
        "FIS and signed sum against the distance of source and target. A dot is an ordered pair. "
        "On the side, pairs up to {near} bp apart are held against those farther apart. "
        "Lines and bands are explained below the figure, where some are drawn. " + _SIGNS
    ),
    "spacing": (
        "Median score of two motifs against the distance of their starts, by orientation and by the "
        "motif that is mutated, with the middle half of the backgrounds as a band."
    ),
    "scan": (
        "Interaction of two motifs put into the same backgrounds, against the bases between them, by "
        "orientation. A mark is the mean over the backgrounds, a bar its 95 % interval (backgrounds "
        "resampled). A triangle is a spacing that is called, up synergy, down redundancy; a circle is not "
        "called. The grey band is that of the null, the same mean with other sequence in the place of "
        "either motif. At most {most} pairs of motifs are drawn, those with the smallest q. " + _SIGNS
    ),
    "mutagenesis": (
        "Signed sum and FIS, which come from contribution scores, against the interaction by "
        "mutagenesis, which comes from the network's outputs alone. Rank correlations have 95 % "
        "intervals. A method that says the same as the network lies on a rising line. "
        "Colours tell the names; grey is a score of 0."
    ),
    "calibration": (
        "Do p-values hold their level? Observed against expected quantiles of p of scores that should "
        "not stand out: held-out scores of the null and, where a truth is known, real rows that do not "
        "interact. Above the diagonal p is too small. "
        "A cross marks a line whose share at .05 is off."
    ),
    "variants": (
        "Signed sum of every variant, from the largest to the smallest. Marked are variants with q "
        "below {level:g}."
    ),
    "groups": (
        "Scores of two groups of sources: the share of sources up to a score, and boxes of quantiles. "
        "An auROC of .5 says that the groups do not differ. p is Mann and Whitney's, which takes scores "
        "to be independent."
    ),
    "tracks": (
        "Importance along the sequence before and after a mutation, and the change. Changes with p "
        "above {level:g} are blanked. The position is relative to the mutated source."
    ),
    "interaction_map": (
        "Change of importance at every position (column) when one position (row) is mutated. The "
        "diagonal is the mutated base itself and is left out. "
        "Changes nearer than {apart} bp set neither the scale nor the region. " + _SIGNS
    ),
    "aggregate_map": (
        "Mean change of each cell (source base to mutant base; target base) over aligned sequences. "
        "Cells that are called, with q below {level:g}, are dotted. Light grey cells have too few "
        "sequences, grey ones none. Planted couplings are framed."
    ),
    "training": (
        "Loss and performance on the validation split by epoch. Marked is the epoch whose weights were kept."
    ),
    "performance": (
        "Performance on the test split, which training has not seen: ROC and precision–recall curves by "
        "task, or predicted against measured values. Brackets are 95 % intervals over examples, overlapping "
        "windows taken together."
    ),
    "quality": (
        "Reads left after each step, measures of quality with their thresholds (a ring marks a "
        "warning), and the peaks that each two libraries agree on."
    ),
}


def caption(kind: str, options: Mapping | None = None) -> str:
    """Return the caption of a kind of figure with its options filled in."""
    filled = {} if kind == "quality" else read_options(kind, options)
    return CAPTIONS[kind].format(**filled)
