"""Networks of other seeds, an additive twin and the checks of nulls, in the small run."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

PAIR = ["example", "first", "second"]


def read(folder, path):
    return pd.read_csv(folder.path / path, sep="\t")


@pytest.mark.long
def test_three_seeds_and_a_twin_are_trained_and_their_interval_is_between_networks(finished, tmp_path):
    folder = finished.copy(tmp_path)
    folder.config["models"]["tf_binding"] |= {"seeds": 3, "twins": 1}
    place = "results/interactions/gata_tal/{}/TAL1"
    targets = [f"{place.format('tf_binding')}/{name}" for name in ("networks.tsv", "pair_networks.tsv.gz")]
    ran = folder.run(*targets)
    assert ran.returncode == 0, ran.stdout[-5000:]
    names = ["tf_binding", "tf_binding_seed2", "tf_binding_seed3"]
    files = [folder.path / f"results/models/{name}/model.keras" for name in [*names, "tf_binding_twin1"]]
    assert len({path.read_bytes() for path in files}) == 4
    tables = [read(folder, f"{place.format(name)}/pair_tests.tsv.gz") for name in names]
    values = np.column_stack([table.set_index(PAIR)["interaction"] for table in tables])
    assert len(values) > 10
    assert (values.std(axis=1) > 0).mean() > 0.8  # some have no interaction in any network
    half = student.ppf(0.975, 2) * values.std(axis=1, ddof=1) / np.sqrt(3)
    pairs = read(folder, targets[1])
    assert (pairs["networks"] == 3).all()
    np.testing.assert_allclose(pairs["interaction_networks"], values.mean(axis=1), rtol=1e-6, atol=1e-9)
    for end, sign in (("low", -1), ("high", 1)):
        bound = values.mean(axis=1) + sign * half
        np.testing.assert_allclose(pairs[f"interaction_networks_{end}"], bound, rtol=1e-6, atol=1e-8)
    kinds = read(folder, targets[0])
    whole = kinds[(kinds["grain"] == "names") & (kinds["pair"] == "GATA1–TAL1")].iloc[0]
    own = [np.median(table.loc[table["within_reach"] == 1, "interaction"]) for table in tables]
    np.testing.assert_allclose(whole["interaction_networks"], np.mean(own), rtol=1e-6)
    # Within one network the interval is over blocks, between networks over the networks.
    assert whole["interaction_low"] <= whole["interaction"] <= whole["interaction_high"]
    assert (kinds["interaction_networks_high"] > kinds["interaction_networks_low"]).any()
    twin = read(folder, f"{place.format('tf_binding_twin1')}/pair_tests.tsv.gz")
    median = np.median(twin.loc[twin["within_reach"] == 1, "interaction"])
    np.testing.assert_allclose(whole["interaction_twins"], median, rtol=1e-6)
    assert (kinds["twins"] == 1).any()


def test_nulls_are_checked_where_nothing_interacts(finished):
    pairs = read(finished, "results/interactions/motif_pairs/simulation/ELF1_SIX5/null_checks.tsv")
    # Of scores there are draws where the null is replaced, and here it is not.
    assert pairs["check"].tolist() == ["decoy", "untrained"]
    assert pairs["score"].tolist() == ["interaction", "interaction"]
    assert (pairs["n_blocks"] <= 20).all()
    assert (pairs["n"] > 20).all()
    assert (pairs["called"] <= 0.02).all()
    rows = read(finished, "results/interactions/motif_pairs/simulation/ELF1_SIX5/null_check_rows.tsv.gz")
    assert rows.loc[rows["check"] == "decoy", "name"].str.contains("decoy of").all()
    tested = read(finished, "results/interactions/motif_pairs/simulation/ELF1_SIX5/pair_tests.tsv.gz")
    own = rows[(rows["check"] == "untrained")].set_index(PAIR).index
    assert set(own) <= set(tested.set_index(PAIR).index)
    variants = read(finished, "results/interactions/binding_qtl/accessibility/GM12878/null_checks.tsv")
    assert variants["check"].tolist() == ["untrained"] * 3
    assert variants["score"].tolist() == ["fis", "fis_sum", "signed_sum"]
    table = read(finished, "results/reproduction.tsv")
    assert table["section"].iloc[0] == "calibration"
    # Shares of the few rows of a small run tell nothing, and nothing is claimed of them.
    judged = pd.concat([pairs, variants])["holds"].notna().sum()
    assert judged == 0
    assert table["found"].iloc[0] == "0 of 0 hold it"
    assert table["verdict"].iloc[0] == "cannot show"
