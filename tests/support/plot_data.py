"""Realistic inputs of the figures, made up from a seed, in the files' schemas."""

from itertools import combinations_with_replacement

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from dfim.statistics.agreement import agreement
from dfim.statistics.calibration import calibration
from dfim.statistics.null_tables import describe_nulls
from dfim.statistics.nulls import NullModel

MOTIFS = ["ELF1", "SIX5", "AP1", "TAL1", "GATA1_disc1"]


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Return q-values by the definition: the smallest p·n/rank of all at or above each rank."""
    order = np.argsort(p)
    ranked = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum.accumulate(ranked[::-1])[::-1]
    return np.minimum(q, 1)


def make_pairs(motifs: int = 4, per_pair: int = 300, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ``pairs`` and ``null``: ELF1–SIX5 synergistic, same-motif redundant, some FIS exactly 0."""
    rng = np.random.default_rng(seed)
    null = np.abs(rng.gamma(0.8, 0.012, 4000))
    tables = []
    for first, second in combinations_with_replacement(sorted(MOTIFS[:motifs]), 2):
        planted = {first, second} == {"ELF1", "SIX5"}
        fis = rng.lognormal(-1.5, 0.4, per_pair) if planted else rng.gamma(0.8, 0.015, per_pair)
        fis[rng.random(per_pair) < (0 if planted else 0.08)] = 0
        sign = 1.0 if planted else -1.0 if first == second else 0.0
        signed = (
            fis * 3 * np.where(sign == 0, rng.normal(0, 0.3, per_pair), sign * rng.uniform(0.4, 1, per_pair))
        )
        swap = rng.random(per_pair) < 0.5
        tables.append(
            pd.DataFrame(
                {
                    "example": rng.integers(0, 1000, per_pair),
                    "pair": f"{first}–{second}",
                    "source_name": np.where(swap, second, first),
                    "target_name": np.where(swap, first, second),
                    "distance": rng.integers(-180, 180, per_pair),
                    "fis": fis,
                    "signed_sum": signed,
                }
            )
        )
    pairs = pd.concat(tables, ignore_index=True)
    ranked = np.sort(null)
    for score in ("fis", "signed_sum"):
        above = len(null) - np.searchsorted(ranked, pairs[score].abs())
        pairs[f"{score}_p"] = (1 + above) / (len(null) + 1)
        pairs[f"{score}_q"] = benjamini_hochberg(pairs[f"{score}_p"].to_numpy())
    return pairs, pd.DataFrame({"fis": null, "signed_sum": null})


def make_nulls(null: pd.DataFrame) -> pd.DataFrame:
    """Return ``nulls`` of the null scores of pairs."""
    return describe_nulls(null, null.assign(example=0), ["fis", "signed_sum"], [NullModel()])


def make_calibration(n: int = 2000, seed: int = 7, plain: bool = False) -> dict:
    """Return ``calibration``, ``quantiles``, ``nulls`` of skewed scores; ``plain``: no distance, no truth."""
    rng = np.random.default_rng(seed)
    null = pd.DataFrame(
        {"example": np.arange(n) // 4, "fis": rng.gamma(0.3, size=n), "signed_sum": rng.normal(size=n)}
    )
    models = [NullModel(), NullModel("matched", "fis > 0.01")]
    if not plain:
        null["distance"] = rng.integers(-90, 91, n)
    idle = None if plain else np.ones(n, dtype=bool)
    scores = ["fis", "signed_sum"]
    shares, quantiles = calibration(null, null, scores, models, idle)
    nulls = describe_nulls(null, null, scores, models)
    return {"calibration": shares, "quantiles": quantiles, "nulls": nulls}


def make_mutagenesis(n: int = 300, seed: int = 8) -> dict:
    """Return ``pairs`` with interactions by mutagenesis that the signed sum follows, and ``agreement``."""
    rng = np.random.default_rng(seed)
    interaction = rng.normal(size=n)
    pairs = pd.DataFrame(
        {
            "example": np.arange(n) // 2, "source": np.arange(n), "target": np.arange(n) + 1,
            "pair": "ELF1–SIX5", "distance": 10, "within_reach": 1,
            "fis": np.abs(interaction) * rng.uniform(0.5, 2, n), 
            "signed_sum": interaction + rng.normal(0, 0.3, n), "interaction": interaction,
            "interaction_probability": np.tanh(interaction) / 4,
        }
    )  # fmt: skip
    return {"pairs": pairs, "agreement": agreement(pairs)}


def make_distances(n: int = 900, seed: int = 2) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ``pairs`` of GATA1 and TAL1, both directions, FIS falling with distance and 0 beyond 70, and
    ``comparisons``."""
    rng = np.random.default_rng(seed)
    tables, comparisons = [], []
    for source, target in (("GATA1", "TAL1"), ("TAL1", "GATA1")):
        distance = rng.integers(0, 150, n) * rng.choice([-1, 1], n)
        away = np.abs(distance)
        fis = np.where(away < 70, rng.lognormal(-2, 0.8, n) * np.exp(-away / 12), 0)
        fis += np.where(away < 70, rng.gamma(0.5, 1e-4, n), 0)
        tables.append(
            pd.DataFrame(
                {"example": rng.integers(0, 400, n), "pair": "GATA1–TAL1", "source_name": source,
                 "target_name": target, "distance": distance, "fis": fis,
                 "signed_sum": fis * rng.choice([-1, 1], n)}
            )
        )  # fmt: skip
        near, far = fis[away <= 20], fis[away > 20]
        both = len(near) and len(far)
        auroc = both and roc_auc_score(np.repeat([1, 0], [len(near), len(far)]), np.append(near, far))
        comparisons.append(
            {"comparison": f"near_{source.lower()}_mutated", "score": "fis", "n_group": len(near),
             "n_against": len(far), "auroc": auroc, "p": 3.2e-41}
        )  # fmt: skip
    return pd.concat(tables, ignore_index=True), pd.DataFrame(comparisons)


def make_spacing(
    peak: int = 14, reach: int = 30, largest: int = 40, seed: int = 8
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ``pairs`` and ``features`` of E-box and GATA at every distance: a peak when the E-box on + and
    GATA on − are ``peak`` bp apart and GATA is mutated, noise up to ``reach``, and zeros beyond."""
    rng = np.random.default_rng(seed)
    pairs, features = [], []
    for strands in ("++", "+-", "-+", "--"):
        for distance in (*range(-largest, -6), *range(6, largest + 1)):
            for _ in range(5):
                number, example = len(features), len(features) // 2
                features += [
                    (number, example, "E-box", strands[0]),
                    (number + 1, example, "GATA", strands[1]),
                ]
                places = {number: 100, number + 1: 100 + distance}
                for source, target in ((number, number + 1), (number + 1, number)):
                    score = rng.uniform(0, 0.02) if abs(distance) <= reach else 0.0
                    if strands == "+-" and distance == peak and source == number + 1:
                        score += 0.3
                    names = ("E-box", "GATA") if source == number else ("GATA", "E-box")
                    pairs.append((example, source, target, *names, places[source], places[target], score))
    columns = [
        "example",
        "source",
        "target",
        "source_name",
        "target_name",
        "source_start",
        "target_start",
        "fis",
    ]
    table = pd.DataFrame(pairs, columns=columns)
    return table.assign(signed_sum=table["fis"]), pd.DataFrame(
        features, columns=["feature", "example", "name", "strand"]
    )


def make_scan(reach: int = 12, largest: int = 15) -> pd.DataFrame:
    """Return ``scan`` of TAL1 and GATA1 in two orientations: synergy at 5 and 6 bp, redundancy at 8 in the
    other, and of TAL1 and SPI1, where nothing is; cells from ``reach`` on are not tested."""
    rows = []
    for second, strand in (("GATA1", "+"), ("GATA1", "-"), ("SPI1", "+")):
        for spacing in range(largest + 1):
            value = {("GATA1", "+", 5): 2.0, ("GATA1", "+", 6): 1.5, ("GATA1", "-", 8): -1.0}.get(
                (second, strand, spacing), 0.05
            )
            called, tested = int(abs(value) > 0.1), spacing + 1 < reach
            row = {"pair": "–".join(sorted(("TAL1", second))), "orientation": f"TAL1+ {second}{strand}"}
            row |= {"first": "TAL1", "second": second, "first_strand": "+", "second_strand": strand}
            row |= {"spacing": spacing, "within_reach": int(tested), "n": 40, "interaction": value}
            row |= {"interaction_low": value - 0.1, "interaction_high": value + 0.1, "called": called}
            row |= {"null_low": -0.2, "null_high": 0.3, "q": 0.001 if called else 0.8}
            rows.append(row | {"call": ("synergy" if value > 0 else "redundancy") if called else ""})
    return pd.DataFrame(rows)


def make_sources(positive: int = 120, control: int = 150, seed: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ``sources`` of two groups, the positives larger, and ``comparisons`` of fis and fis_sum."""
    rng = np.random.default_rng(seed)
    fis = np.concatenate([rng.lognormal(-2.2, 1, positive), rng.lognormal(-4, 1, control)])
    sources = pd.DataFrame(
        {
            "source": np.arange(positive + control),
            "name": [f"variant {number}" for number in range(positive + control)],
            "group": ["positive"] * positive + ["control"] * control,
            "fis": fis,
            "fis_sum": fis * rng.uniform(4, 9, len(fis)),
            "signed_sum": fis * rng.uniform(-6, 6, len(fis)),
        }
    )
    rows = [
        {"comparison": "positives_against_controls", "score": "fis", "auroc": 0.87, "p": 2.1e-19},
        {"comparison": "sums_of_positives", "score": "fis_sum", "auroc": 0.85, "p": 4e-3},
    ]
    comparisons = pd.DataFrame(rows).assign(n_group=positive, n_against=control)
    return sources, comparisons.assign(auroc_low=lambda row: row["auroc"] - 0.03, auroc_high=0.9)


def make_variants(n: int = 6, length: int = 400, seed: int = 4) -> dict:
    """Return the inputs of ``tracks`` and ``variants``: variants in a motif, and a site that responds and is
    farther away the higher the number of the source (10 bp, 30 bp, 50 bp …)."""
    rng = np.random.default_rng(seed)
    bases = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, (n, length))]
    middle = length // 2
    importance = rng.normal(0, 0.01, (n, length)).astype(np.float32)
    importance[:, middle - 5 : middle + 5] += rng.uniform(0.1, 0.3, 10)
    delta = rng.normal(0, 0.004, (n, length)).astype(np.float32)
    delta[:, middle - 5 : middle + 5] += rng.uniform(0.03, 0.08, 10)
    p = rng.uniform(0.06, 1, (n, length)).astype(np.float32)
    p[:, middle - 5 : middle + 5] = 1e-4
    for number in range(n):
        site = slice(middle + 10 + 20 * number, middle + 18 + 20 * number)
        importance[number, site] += rng.uniform(0.15, 0.3, 8)
        delta[number, site] += rng.uniform(0.1, 0.15, 8) * (1 if number % 2 == 0 else -1)
        p[number, site] = 1e-4
    mutant = importance - delta
    delta[:, middle] = p[:, middle] = np.nan
    p[:, :20] = delta[:, :20] = np.nan
    complement = dict(zip("ACGT", "TGCA", strict=True))
    reference = [chr(base) for base in bases[:, middle]]
    sources = pd.DataFrame(
        {
            "source": np.arange(n), "example": np.arange(n), "feature": np.arange(n),
            "name": [f"variant_{number}" for number in range(n)], "group": "positive",
            "start": middle, "end": middle + 1, "reference": reference,
            "alternate": [complement[base] for base in reference],
            "fis": np.nanmax(np.abs(delta), axis=1), "fis_p": 1e-4, "fis_q": 1e-3,
            "response_distance": np.nanargmax(np.abs(delta), axis=1) - middle,
            "signed_sum": np.nansum(delta, axis=1), "signed_sum_p": 1e-3, "signed_sum_q": 1e-2,
        }
    )  # fmt: skip
    examples = pd.DataFrame(
        {
            "example": np.arange(n),
            "name": "window",
            "chrom": "chr11",
            "start": 30_344_000 + 5000 * np.arange(n),
        }
    )
    examples["end"] = examples["start"] + length
    q = np.minimum(10 * p, 1)
    profiles = {"delta": delta, "p": p, "q": q, "importance": importance, "mutant_importance": mutant}
    return {"sources": sources, "profiles": profiles, "sequences": bases, "examples": examples}


def make_map(length: int = 200, examples: int = 2, seed: int = 5) -> dict:
    """Return the inputs of ``interaction_map``: every position a source, ELF1 and SIX5 in synergy, and two
    copies of SIX5 in redundancy."""
    rng = np.random.default_rng(seed)
    bases = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, (examples, length))]
    spans = {"ELF1": [(30, 42)], "SIX5": [(70, 87), (120, 137)]}
    importance = rng.normal(0, 0.01, (examples, length))
    block = rng.normal(0, 0.002, (examples, length, length))
    intervals = [(name, *span) for name, many in spans.items() for span in many]
    for first, start, end in intervals:
        importance[:, start:end] += rng.uniform(0.05, 0.3, end - start)
        for second, other, stop in intervals:
            sign = -1 if first == second else 1
            strength = rng.uniform(0, 0.1, (end - start, stop - other))
            block[:, start:end, other:stop] += sign * strength
    block[:, np.arange(length), np.arange(length)] = np.nan
    sources = pd.DataFrame(
        {"source": np.arange(examples * length), "example": np.repeat(np.arange(examples), length),
         "feature": np.nan, "name": "", "start": np.tile(np.arange(length), examples)}
    )  # fmt: skip
    sources["end"] = sources["start"] + 1
    features = pd.DataFrame(
        [
            {"feature": number, "example": example, "name": name, "start": start, "end": end}
            for example in range(examples)
            for number, (name, start, end) in enumerate(intervals)
        ]
    )
    profiles = {
        "delta": block.reshape(-1, length).astype(np.float32),
        "importance": np.repeat(importance, length, axis=0).astype(np.float32),
    }
    return {"sources": sources, "profiles": profiles, "sequences": bases, "features": features}


def make_cells(seed: int = 7) -> pd.DataFrame:
    """Return ``cells`` of two bases on either side of a core of three; the pair 0G–1T has an effect in the
    set strong, and the last base of the core is a target on which nothing has one."""
    rng = np.random.default_rng(seed)
    rows = []
    for name in ("strong", "weak", "random"):
        for source, base, mutant, target, seen in np.ndindex(7, 4, 4, 7, 4):
            if base == mutant or source == target or source in (2, 3, 4) or target in (2, 3):
                continue
            bases = ["ACGT"[number] for number in (base, mutant, seen)]
            pair = source == 0 and target == 1 and bases[0] == "G" and bases[2] == "T" and name == "strong"
            mean = 0.0 if target == 4 else 0.5 if pair else rng.normal(0, 0.01)
            rows.append((name, source, bases[0], bases[1], target, bases[2], rng.integers(1, 60), mean))
    columns = ["set", "source_position", "source_base", "mutant_base", "target_position", "target_base"]
    cells = pd.DataFrame(rows, columns=[*columns, "n", "mean"])
    p = np.where(cells["mean"] > 0.4, 1e-4, 0.5)
    return cells.assign(
        intact="", mutated="", sd=0.01, p=np.where(cells["n"] < 20, np.nan, p), q=lambda t: t["p"] * 10,
        called=lambda t: (t["q"] < 0.05).astype(int),
    )  # fmt: skip


def make_history(epochs: int = 12) -> pd.DataFrame:
    """Return ``history``: falling losses, the best epoch three before the last."""
    epoch = np.arange(1, epochs + 1)
    best = max(1, epochs - 3)
    return pd.DataFrame(
        {
            "epoch": epoch,
            "loss": 0.7 * np.exp(-epoch / 4) + 0.05,
            "validation_loss": 0.68 * np.exp(-epoch / 4) + 0.08 + 0.01 * np.maximum(0, epoch - best),
            "validation_auroc": 1 - 0.4 * np.exp(-epoch / 3),
            "seconds": 12.0,
            "best": (epoch == best).astype(int),
        }
    )


def make_performance(tasks: list[str], n: int = 400, seed: int = 6) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ``curves`` and ``metrics`` of tasks, from scores whose separation differs by task."""
    rng = np.random.default_rng(seed)
    curves, metrics = [], []
    for number, task in enumerate(tasks):
        labels = rng.random(n) < 0.08 + 0.03 * number
        scores = rng.normal(labels * (1.2 + 0.12 * number), 1)
        false, true, _ = roc_curve(labels, scores)
        precision, recall, _ = precision_recall_curve(labels, scores)
        curves.append(pd.DataFrame({"task": task, "curve": "roc", "x": false, "y": true}))
        curves.append(pd.DataFrame({"task": task, "curve": "pr", "x": recall[::-1], "y": precision[::-1]}))
        metrics.append(
            {"split": "test", "task": task, "auroc": roc_auc_score(labels, scores),
             "auprc": average_precision_score(labels, scores), "positives": int(labels.sum()),
             "negatives": int((~labels).sum())}
        )  # fmt: skip
    table = pd.DataFrame(metrics)
    mean = table[["auroc", "auprc"]].mean().to_dict() | {"split": "test", "task": "mean"}
    table = pd.concat([table, pd.DataFrame([mean])], ignore_index=True)
    for name in ("auroc", "auprc"):
        table[f"{name}_low"], table[f"{name}_high"] = table[name] - 0.04, table[name] + 0.03
    return pd.concat(curves, ignore_index=True), table
