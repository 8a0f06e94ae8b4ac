"""The planted genome: what its truth says is what its sequence, peaks and variants hold."""

import copy
import gzip
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import kstest

from dfim.errors import InputError
from dfim.files.tables import read_table
from dfim.genomes.narrowpeak import NARROWPEAK_COLUMNS
from dfim.planted.genome import plant_genome, write_planted
from dfim.planted.grammar import check_grammar, peak_names
from dfim.planted.motifs import load_motifs
from dfim.planted.variants import VARIANT_COLUMNS
from dfim.sequences.bases import reverse_complement, to_string
from dfim.sequences.motifs import load_pwm

CONFIG = Path(__file__).parents[2] / "config"

GRAMMAR = {
    "gc": 0.41,
    "chromosomes": {"chr1": 3, "chr8": 1},
    "spacing": [1200, 1500],
    "reach": 150,
    "trim": 0.4,
    "minimum_score": 0.75,
    "motifs": {
        "GATA": {"pwm": "GATA_disc1", "core": "GATA", "strand": "+"},
        "EBOX": {"pwm": "TAL1_known1", "core": "CA**TG"},
        "SPI1": {"pwm": "SPI1_disc1"},
        "NFKB": {"pwm": "NFKB_disc1"},
        "NFY": {"pwm": "NFY_known1"},
    },
    "decoys": {"motifs": ["NFY", "EBOX"], "number": [0, 2]},
    "elements": {
        "near": {"motifs": ["GATA", "EBOX"], "gap": [0, 20], "number": 60},
        "far": {"motifs": ["GATA", "EBOX"], "gap": [21, 150], "number": 60},
        "gata": {"motifs": ["GATA"], "number": 30},
        "ebox": {"motifs": ["EBOX"], "number": 30, "further": [1, 2]},
        "pair": {"motifs": ["SPI1", "NFKB"], "gap": [0, 30], "number": 80},
    },
    "peaks": {
        "chip": {"names": ["TAL1"], "width": [250, 350], "jitter": 20, "summit": "centre", "lost": 0.1,
                 "gained": 0},
        "dnase": {"names": ["K562", "GM12878"], "width": [300, 300], "jitter": 20, "summit": "midpoint",
                  "lost": 0, "gained": 0},
        "atac": {"names": ["HSC"], "width": [300, 500], "jitter": 20, "summit": "centre", "lost": 0.1,
                 "gained": 0.1},
    },
    "rules": [
        {"motifs": ["GATA", "EBOX"], "gap": [0, 20], "peaks": ["TAL1"]},
        {"motifs": ["GATA"], "peaks": ["K562"]},
        {"motifs": ["EBOX"], "peaks": ["K562", "HSC"]},
        {"motifs": ["SPI1", "NFKB"], "gap": [0, 30], "peaks": ["GM12878"]},
    ],
    "reference_samples": {"number": 2, "motifs": 2, "width": [150, 150], "jitter": 20, "summit": "midpoint",
                          "lost": 0, "gained": 0},
    "variants": {"peaks": "GM12878", "motifs": ["SPI1"], "sig": 20, "ctl": 20, "mid": 10, "minimum_drop": 6,
                 "weak_drop": 2, "clearance": 5},
}  # fmt: skip


def changed(**changes) -> dict:
    """Return the grammar with values replaced; ``variants__sig=5`` reaches one level down."""
    grammar = copy.deepcopy(GRAMMAR)
    for path, value in changes.items():
        *parents, key = path.split("__")
        table = grammar
        for parent in parents:
            table = table[parent]
        table[key] = value
    return grammar


@pytest.fixture(scope="module")
def genome():
    return plant_genome(GRAMMAR, seed=3)


def sequence_of(genome, row) -> str:
    return to_string(genome.chromosomes[row.chrom][row.start : row.end])


def near_pairs(instances: pd.DataFrame, one: str, other: str, most: int) -> pd.DataFrame:
    """Find, by brute force over the table, all pairs of two factors' cores at most ``most`` bp apart."""
    pairs = instances[instances.factor == one].merge(instances[instances.factor == other], on="element")
    pairs["gap"] = pairs[["core_start_x", "core_start_y"]].max(axis=1) - pairs[
        ["core_end_x", "core_end_y"]
    ].min(axis=1)
    return pairs[pairs.gap <= most]


# --- sequence and instances ----------------------------------------------------------------------


def test_every_instance_is_in_the_sequence_with_its_core(genome):
    patterns = {"GATA": "GATA", "EBOX": "CA..TG"}
    for row in genome.instances.itertuples():
        core = genome.chromosomes[row.chrom][row.core_start : row.core_end]
        assert row.start <= row.core_start < row.core_end <= row.end
        if row.factor in patterns:
            assert re.fullmatch(patterns[row.factor], to_string(core))
        else:
            assert (row.core_start, row.core_end) == (row.start, row.end)


def test_sites_are_the_cores_of_all_instances_of_motifs_that_have_one(genome):
    assert list(genome.sites.columns) == ["chrom", "start", "end", "name"]
    assert set(genome.sites["name"]) == {"GATA", "EBOX"}
    of_factor = genome.instances["factor"].isin(["GATA", "EBOX"])
    assert {"element", "further", "decoy"} == set(genome.instances["role"][of_factor])
    expected = genome.instances.loc[of_factor, ["chrom", "core_start", "core_end", "factor"]]
    np.testing.assert_array_equal(genome.sites.to_numpy(), expected.to_numpy())
    for row in genome.sites.itertuples():
        assert re.fullmatch({"GATA": "GATA", "EBOX": "CA..TG"}[row.name], sequence_of(genome, row))


def test_scores_are_those_of_the_pwm_on_the_instance_s_strand(genome):
    motifs = load_motifs(GRAMMAR)
    for row in genome.instances.itertuples():
        found = sequence_of(genome, row)
        found = reverse_complement(found) if row.strand == "-" else found
        scores = motifs[row.factor].scores
        score = sum(scores[place]["ACGT".index(base)] for place, base in enumerate(found))
        assert score == pytest.approx(row.score)
        assert score >= GRAMMAR["minimum_score"] * scores.max(axis=1).sum() - 1e-9


def test_gata_lies_on_the_plus_strand_and_the_others_on_both(genome):
    strands = genome.instances.groupby("factor")["strand"].agg(set)
    assert strands["GATA"] == {"+"}
    assert all(strands[name] == {"+", "-"} for name in ("EBOX", "SPI1", "NFKB", "NFY"))


def test_instances_do_not_overlap_and_lie_in_their_chromosome(genome):
    for chrom, table in genome.instances.groupby("chrom"):
        table = table.sort_values("start")
        assert (table["start"].to_numpy()[1:] >= table["end"].to_numpy()[:-1]).all()
        assert table["start"].min() >= 0
        assert table["end"].max() <= len(genome.chromosomes[chrom])


def test_windows_of_1_kb_do_not_overlap_and_fit(genome):
    for chrom, table in genome.elements.groupby("chrom"):
        centres = table["centre"].to_numpy()
        assert np.diff(centres).min() >= 1200
        assert centres[0] >= 600
        assert centres[-1] + 600 <= len(genome.chromosomes[chrom])
    assert genome.elements.groupby("chrom").size().to_dict() == {"chr1": 195, "chr8": 65}


def test_background_has_the_gc_content(genome):
    bases = np.concatenate(list(genome.chromosomes.values()))
    assert set(np.unique(bases)) == set(b"ACGT")
    assert np.isin(bases, list(b"GC")).mean() == pytest.approx(0.41, abs=0.01)


def test_either_motif_comes_first_and_all_gaps_occur(genome):
    own = genome.instances[genome.instances.role == "element"]
    near = own[own.element.isin(genome.elements.query("kind == 'near'").element)].sort_values("start")
    assert set(near.groupby("element")["factor"].first()) == {"GATA", "EBOX"}
    gaps = genome.elements.query("kind == 'far'")["distance"]
    assert gaps.between(21, 150).all()
    assert gaps.max() > 120
    assert gaps.min() < 50
    assert genome.elements.query("kind == 'near'")["distance"].between(0, 20).all()


def test_places_tell_nothing_of_the_kind():
    """Whatever is planted lies anywhere: pairs that cooperate or do not, single motifs and decoys."""
    grammar = changed(
        elements={
            "near": {"motifs": ["GATA", "EBOX"], "gap": [0, 20], "number": 1500},
            "far": {"motifs": ["GATA", "EBOX"], "gap": [40, 60], "number": 1500},
            "gata": {"motifs": ["GATA"], "number": 1500},
            "pair": {"motifs": ["SPI1", "NFKB"], "gap": [0, 30], "number": 80},
        },
    )
    planted = plant_genome(grammar, seed=2)
    instances = planted.instances.merge(planted.elements[["element", "centre", "kind"]], on="element")
    assert (instances["start"] - instances["centre"]).min() == -150
    assert (instances["end"] - instances["centre"]).max() == 150
    own = instances[(instances["role"] == "element") & (instances["kind"] != "pair")]
    spans = own.groupby("element").agg(
        kind=("kind", "first"), start=("start", "min"), end=("end", "max"), centre=("centre", "first")
    )
    room = 300 - (spans["end"] - spans["start"])
    where = (spans["start"] - spans["centre"] + 150) / room
    decoys = instances[instances["role"] == "decoy"]
    groups = dict(list(where.groupby(spans["kind"])))
    groups["decoy"] = (decoys["start"] - decoys["centre"] + 150) / (300 - (decoys["end"] - decoys["start"]))
    for kind, places in groups.items():
        assert kstest(places, "uniform").pvalue > 0.001, kind


def test_further_instances_are_those_of_the_element_s_own_motifs(genome):
    roles = genome.instances.merge(genome.elements[["element", "kind"]], on="element")
    further = roles[roles.role == "further"]
    assert set(further.kind) == {"ebox"}
    assert set(further.factor) == {"EBOX"}
    assert set(further.groupby("element").size()) == {1, 2}
    assert (roles[roles.role == "decoy"].groupby("element").size() <= 2).all()


def test_trimming_leaves_the_informative_rows():
    pwm = load_pwm("TAL1_known1")
    trimmed = load_motifs(GRAMMAR)["EBOX"].probabilities
    assert 6 < len(trimmed) < len(pwm)
    shifts = range(len(pwm) - len(trimmed) + 1)
    starts = [shift for shift in shifts if np.allclose(pwm[shift:][: len(trimmed)], trimmed, atol=0.01)]
    assert len(starts) == 1
    information = 2 + np.where(pwm > 0, pwm * np.log2(np.where(pwm > 0, pwm, 1)), 0).sum(axis=1)
    assert (information[: starts[0]] < 0.4).all()
    assert (information[starts[0] + len(trimmed) :] < 0.4).all()
    assert information[starts[0]] > 0.4


# --- rules and peaks -----------------------------------------------------------------------------


def test_the_truth_of_cooperation_is_that_of_brute_force(genome):
    pairs = pd.concat(
        [near_pairs(genome.instances, "GATA", "EBOX", 20), near_pairs(genome.instances, "SPI1", "NFKB", 30)]
    )
    elements = genome.elements.set_index("element")
    assert set(elements.index[elements.cooperating == 1]) == set(pairs.element)
    for pair in pairs.itertuples():
        partners = genome.instances.set_index("instance")["partners"]
        assert str(pair.instance_y) in partners[pair.instance_x].split(",")
        assert str(pair.instance_x) in partners[pair.instance_y].split(",")
    assert (genome.instances["partners"] != "").sum() == len(set(pairs.instance_x) | set(pairs.instance_y))


def test_every_peak_lies_at_the_centre_of_an_element_and_every_chip_peak_at_a_cooperating_one(genome):
    centres = genome.elements.set_index("element")["centre"]
    for name, peaks in genome.peaks.items():
        middle = (peaks["start"] + peaks["end"]) // 2 if name != "TAL1" else peaks["start"] + peaks["summit"]
        numbers = peaks["name"].str.removeprefix("element_").astype(int)
        assert (middle - centres[numbers].to_numpy()).abs().max() <= 20
    bound = set(near_pairs(genome.instances, "GATA", "EBOX", 20)["element"])
    called = set(genome.peaks["TAL1"]["name"].str.removeprefix("element_").astype(int))
    assert called <= bound
    assert 0.75 * len(bound) < len(called) < len(bound)  # a tenth is lost


def test_peaks_of_a_set_without_noise_are_the_elements_that_the_rules_open(genome):
    elements = genome.elements.set_index("element")
    for name in ("K562", "GM12878"):
        called = elements.index[elements["peaks"].str.split(",").map(lambda peaks, name=name: name in peaks)]
        found = genome.peaks[name]["name"].str.removeprefix("element_").astype(int)
        assert list(found) == list(called)
    assert set(elements.query("kind in ['near', 'far', 'gata']")["peaks"].str.contains("K562")) == {True}


def test_lost_and_gained_peaks_have_their_share():
    grammar = changed(
        elements={
            "ebox": {"motifs": ["EBOX"], "number": 400},
            "pair": GRAMMAR["elements"]["pair"] | {"number": 400},
        },
        decoys={"motifs": [], "number": [0, 0]},
    )
    planted = plant_genome(grammar, seed=1)
    with_peak = set(planted.peaks["HSC"]["name"].str.removeprefix("element_").astype(int))
    share = planted.elements.groupby("kind")["element"].agg(lambda numbers: numbers.isin(with_peak).mean())
    assert share["ebox"] == pytest.approx(0.9, abs=0.05)
    assert share["pair"] == pytest.approx(0.1, abs=0.05)


def test_peaks_are_narrowpeak_within_their_chromosome(genome):
    assert (
        list(genome.peaks)
        == peak_names(GRAMMAR)
        == ["TAL1", "K562", "GM12878", "HSC", "reference_01", "reference_02"]
    )
    for name, peaks in genome.peaks.items():
        assert list(peaks.columns) == NARROWPEAK_COLUMNS
        assert len(peaks) > 0
        sizes = peaks["chrom"].map({chrom: len(bases) for chrom, bases in genome.chromosomes.items()})
        assert ((peaks["start"] >= 0) & (peaks["start"] < peaks["end"]) & (peaks["end"] <= sizes)).all()
        if name in ("TAL1", "HSC"):
            assert ((peaks["summit"] >= 0) & (peaks["summit"] < peaks["end"] - peaks["start"])).all()
        else:
            assert (peaks["summit"] == -1).all()


def test_a_reference_sample_is_open_where_one_of_its_motifs_lies(genome):
    holds = genome.instances.groupby("element")["factor"].agg(set)
    for name in ("reference_01", "reference_02"):
        found = set(genome.peaks[name]["name"].str.removeprefix("element_").astype(int))
        mixtures = [
            {one, other}
            for one in ("GATA", "EBOX", "SPI1", "NFKB")
            for other in ("GATA", "EBOX", "SPI1", "NFKB")
            if {number for number, factors in holds.items() if factors & {one, other}} == found
        ]
        assert mixtures


# --- variants ------------------------------------------------------------------------------------


def test_variants_have_the_genome_s_base_as_ref(genome):
    variants = genome.variants
    assert list(variants.columns) == VARIANT_COLUMNS
    assert variants["class"].value_counts().to_dict() == {"sig": 20, "ctl": 20, "mid": 10}
    for row in variants.itertuples():
        assert row.ref == chr(genome.chromosomes[row.chrom][row.pos1 - 1])
        assert row.alt in set("ACGT") - {row.ref}


def test_p_and_frequencies_agree_with_the_class(genome):
    by_class = dict(list(genome.variants.groupby("class")))
    assert (by_class["sig"].pvalue < 5e-5).all()
    assert by_class["mid"].pvalue.between(5e-5, 1, inclusive="neither").all()
    assert (by_class["ctl"].pvalue == 1).all()
    assert (by_class["ctl"].postfreq == by_class["ctl"].prefreq).all()
    assert (by_class["sig"].postfreq > by_class["sig"].prefreq).all()
    assert genome.variants[["prefreq", "postfreq"]].stack().between(0, 1, inclusive="neither").all()


def test_breaking_variants_lower_the_score_of_an_instance_with_a_partner(genome):
    motifs = load_motifs(GRAMMAR)
    instances = genome.instances.set_index("instance")
    truth = genome.variant_truth[genome.variant_truth["class"] != "ctl"]
    for row in truth.itertuples():
        instance = instances.loc[int(row.instance)]
        site = list(to_string(genome.chromosomes[row.chrom][instance.start : instance.end]))
        site[row.pos1 - 1 - instance.start] = row.alt
        mutant = reverse_complement("".join(site)) if instance.strand == "-" else "".join(site)
        scores = motifs["SPI1"].scores
        change = sum(scores[place]["ACGT".index(base)] for place, base in enumerate(mutant)) - instance.score
        assert change == pytest.approx(row.score_change)
        assert change <= -6 if row._5 == "sig" else -2 <= change < 0
        assert instance.factor == row.factor == "SPI1"
        assert set(instances.loc[[int(number) for number in row.partners.split(",")]].factor) == {"NFKB"}
        assert 0 <= row.partner_distance <= 30


def test_control_variants_hit_no_instance_and_all_variants_lie_in_an_open_peak(genome):
    peaks = genome.peaks["GM12878"]
    for row in genome.variants.itertuples():
        place = row.pos1 - 1
        here = genome.instances[genome.instances.chrom == row.chrom]
        clear = ((place < here.start - 5) | (place >= here.end + 5)).all()
        assert clear == (row._9 == "ctl")
        assert ((peaks.chrom == row.chrom) & (peaks.start <= place) & (place < peaks.end)).sum() == 1
    assert genome.variant_truth["element"].is_unique


# --- random numbers and files --------------------------------------------------------------------


def test_the_seed_decides_everything(genome):
    again, other = plant_genome(GRAMMAR, seed=3), plant_genome(GRAMMAR, seed=4)
    for chrom in GRAMMAR["chromosomes"]:
        assert np.array_equal(genome.chromosomes[chrom], again.chromosomes[chrom])
    for name in peak_names(GRAMMAR):
        pd.testing.assert_frame_equal(genome.peaks[name], again.peaks[name])
    for table in ("variants", "elements", "instances", "sites", "variant_truth"):
        pd.testing.assert_frame_equal(getattr(genome, table), getattr(again, table))
    assert not genome.elements["centre"].equals(other.elements["centre"])


def test_another_peak_set_leaves_the_rest_as_it_is(genome):
    grammar = changed(peaks__atac__names=["MPP", "HSC"])
    again = plant_genome(grammar, seed=3)
    for name in peak_names(GRAMMAR):
        pd.testing.assert_frame_equal(genome.peaks[name], again.peaks[name])


def test_files_hold_the_genome(genome, tmp_path):
    paths = {name: tmp_path / f"peaks/{name}.narrowPeak.gz" for name in genome.peaks}
    names = ("genome.fa", "variants.tsv", "elements.tsv.gz", "instances.tsv.gz", "sites.tsv.gz", "truth.tsv")
    fasta, variants, elements, instances, sites, truth = (tmp_path / name for name in names)
    write_planted(genome, fasta, paths, variants, elements, instances, sites, truth)
    records = fasta.read_text().split(">")[1:]
    for record, (chrom, bases) in zip(records, genome.chromosomes.items(), strict=True):
        name, *lines = record.splitlines()
        assert name == chrom
        assert "".join(lines) == to_string(bases)
        assert {len(line) for line in lines[:-1]} == {60}
    for name, path in paths.items():
        lines = gzip.decompress(path.read_bytes()).decode().splitlines()
        assert len(lines) == len(genome.peaks[name])
        assert lines[0].split("\t") == [str(value) for value in genome.peaks[name].iloc[0]]
    assert list(read_table(variants).columns) == VARIANT_COLUMNS
    assert read_table(instances)["core_start"].tolist() == genome.instances["core_start"].tolist()
    pd.testing.assert_frame_equal(read_table(sites), genome.sites)
    assert read_table(elements)["distance"].isna().sum() == 60  # of one motif
    assert read_table(truth)["score_change"].tolist() == pytest.approx(
        genome.variant_truth["score_change"].tolist()
    )


# --- the shipped grammar -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped():
    return yaml.safe_load((CONFIG / "planted.yaml").read_text())


def test_the_sheets_name_every_peak_file_of_the_shipped_grammar(shipped):
    check_grammar(shipped)
    sheets = {path.stem: read_table(path) for path in (CONFIG / "tasks").glob("planted_*.tsv")}
    assert set(sheets) == {"planted_tf", "planted_cells", "planted_reference"}
    assert {name: len(sheet) for name, sheet in sheets.items()} == {
        "planted_tf": 3, "planted_cells": 18, "planted_reference": 12,
    }  # fmt: skip
    named = []
    for sheet in sheets.values():
        assert list(sheet.columns) == ["task", "assay", "peaks", "sha256"]
        named += sheet["peaks"].tolist()
    assert sorted(named) == sorted(
        f"{{results}}/planted/mini/peaks/{name}.narrowPeak.gz" for name in peak_names(shipped)
    )


# --- wrong grammars ------------------------------------------------------------------------------

WRONG = {
    "unknown key": (changed(colour=1), "the planted grammar has the unknown key 'colour': the keys are"),
    "missing key": (
        {key: value for key, value in GRAMMAR.items() if key != "rules"},
        "the planted grammar lacks the key 'rules': add it.",
    ),
    "motif's key": (
        changed(motifs__GATA__matrix=1),
        "motif 'GATA' of the planted grammar has the unknown key 'matrix': the keys are core, pwm, strand.",
    ),
    "strand": (
        changed(motifs__GATA__strand="-"),
        "motif 'GATA' of the planted grammar has the strand '-', and must have + or both.",
    ),
    "PWM": (
        changed(motifs__SPI1__pwm="SPI1_disc9"),
        "there is no motif 'SPI1_disc9' among the 2067 ENCODE motifs",
    ),
    "peaks of a rule": (
        changed(rules=[{"motifs": ["GATA"], "peaks": ["K563"]}]),
        "rule 1 of the planted grammar names the unknown peaks 'K563': the names are TAL1, K562, GM12878, "
        "HSC.",
    ),
    "motif of a rule": (
        changed(rules=[{"motifs": ["GATA3"], "peaks": ["K562"]}]),
        "rule 1 of the planted grammar names the unknown motif 'GATA3': the names are GATA, EBOX, SPI1, "
        "NFKB, NFY.",
    ),
    "pair without a gap": (
        changed(rules=[{"motifs": ["GATA", "EBOX"], "peaks": ["K562"]}]),
        "rule 1 of the planted grammar names 2 motifs without a gap: give one motif without a gap, or two "
        "with the smallest and largest gap.",
    ),
    "gap too small": (
        changed(elements__near__gap=[0, 1]),
        "element 'near' of the planted grammar has gaps up to 1 bp, and the flanks of its motifs need",
    ),
    "spacing": (
        changed(
            spacing=[299, 400],
            peaks__atac__width=[200, 200],
            peaks__dnase__width=[200, 200],
            peaks__chip__width=[200, 200],
        ),
        "'spacing' of the planted grammar begins at 299 bp, and its reach and its peaks need 300 bp: raise "
        "it.",
    ),
    "peaks that need room": (
        changed(peaks__atac__width=[300, 3000]),
        "'spacing' of the planted grammar begins at 1200 bp, and its reach and its peaks need 3040 bp: raise "
        "it.",
    ),
    "word for a number": (
        changed(elements__near__number="many"),
        "element 'near' of the planted grammar has the number 'many', and must have a whole number of 0 or "
        "more.",
    ),
    "half a range": (
        changed(elements__near__gap=[5]),
        "element 'near' of the planted grammar has the gap [5], and must have two whole numbers, from and "
        "to, of 0 or more.",
    ),
    "range backwards": (
        changed(rules=[{"motifs": ["GATA", "EBOX"], "gap": [20, 0], "peaks": ["K562"]}]),
        "rule 1 of the planted grammar has the gap [20, 0], and must have two whole numbers, from and to, of "
        "0 or more.",
    ),
    "no motif": (
        changed(motifs__GATA=None),
        "motif 'GATA' of the planted grammar is None, and must be a table with the keys pwm.",
    ),
    "no samples": (
        {key: value for key, value in GRAMMAR.items() if key != "reference_samples"},
        "the planted grammar lacks the key 'reference_samples': add it.",
    ),
    "share of a chromosome": (
        changed(chromosomes__chr1=0),
        "'chromosomes' of the planted grammar has the chr1 0, and must have a share above 0.",
    ),
    "chromosome without quotes": (
        changed(chromosomes={1: 3}),
        "the planted grammar has the chromosomes {1: 3}, and must have a table with an entry for each name "
        "(of letters, digits, '.', '_', '+' and '-').",
    ),
    "yes and no": (
        changed(gc=True),
        "the planted grammar has the gc True, and must have a number between 0 and 1.",
    ),
    "list of a list": (
        changed(decoys__motifs=[["NFY"]]),
        "'decoys' of the planted grammar has the motifs [['NFY']], and must have a list of motifs.",
    ),
    "two sets with one name": (
        changed(peaks__atac__names=["K562"], rules=[{"motifs": ["GATA"], "peaks": ["K562"]}]),
        "the planted grammar names the peaks 'K562' 2 times: rename all but one.",
    ),
    "name of a sample": (
        changed(peaks__atac__names=["HSC", "reference_02"]),
        "the planted grammar names the peaks 'reference_02' 2 times: rename all but one.",
    ),
    "summit": (
        changed(peaks__chip__summit="top"),
        "peaks 'chip' of the planted grammar has the summit 'top', and must have one of centre, midpoint.",
    ),
    "core of other letters": (
        changed(motifs__GATA__core="GAXA"),
        "motif 'GATA' of the planted grammar has the core 'GAXA', and must have a pattern of IUPAC letters, "
        "* for any base.",
    ),
    "core that no sample has": (
        changed(motifs__SPI1__core="TTTTTTTT"),
        "none of 100000 samples of the PWM 'SPI1_disc1' of the planted grammar's motif 'SPI1' has the score "
        "and the core 'TTTTTTTT' that the grammar asks for: lower 'minimum_score' or change the core.",
    ),
    "trimmed to nothing": (
        changed(trim=2.1),
        "the PWM 'GATA_disc1' of the planted grammar's motif 'GATA' has no row of 2.1 bits or more: lower "
        "'trim' or name another PWM.",
    ),
    "too many variants": (
        changed(variants__sig=500),
        "the planted grammar asks for 500 variants of class 'sig', and its elements hold only",
    ),
    "no room for decoys": (
        changed(decoys__number=[40, 40]),
        "'reach' of the planted grammar leaves no room for decoys within 150 bp: raise it.",
    ),
    "no room for a pair": (
        changed(reach=60),
        "an element 'far' of the planted grammar takes ",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_grammar_is_one_sentence(name):
    grammar, sentence = WRONG[name]
    with pytest.raises(InputError, match=re.escape(sentence)) as raised:
        plant_genome(grammar, seed=1)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["missing key", "no samples", "no motif", "word for a number"])
def test_the_names_of_peaks_can_be_asked_for_first(name):
    grammar, sentence = WRONG[name]
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        peak_names(grammar)


def spoiled(grammar):
    """Yield the grammar with each of its values, at every depth, in turn left out and replaced."""

    def places(table, path):
        for key in table if isinstance(table, dict) else range(len(table)):
            yield [*path, key]
            if isinstance(table[key], dict | list):
                yield from places(table[key], [*path, key])

    for *parents, last in places(grammar, []):
        for wrong in ("left out", None, "x", -1, []):
            copied = copy.deepcopy(grammar)
            table = copied
            for key in parents:
                table = table[key]
            if wrong == "left out":
                del table[last]
            else:
                table[last] = wrong
            yield f"{[*parents, last]}: {wrong!r}", copied


def outcome(function, *arguments) -> str:
    """Return the sentence of the InputError that a call ends in, or nothing; other exceptions pass."""
    try:
        function(*arguments)
    except InputError as error:
        return str(error)
    return ""


def test_no_value_of_the_shipped_grammar_can_end_in_anything_but_a_sentence(shipped):
    sentences = {name: outcome(peak_names, grammar) for name, grammar in spoiled(shipped)}
    assert len(sentences) > 1000
    refused = [sentence for sentence in sentences.values() if sentence]
    assert len(refused) > 0.8 * len(sentences)
    for sentence in refused:
        assert "planted grammar" in sentence
        assert sentence.endswith(".")
        assert "\n" not in sentence


def test_what_passes_the_check_can_be_planted_or_is_refused_with_a_sentence():
    planted = [
        outcome(plant_genome, grammar, 1)
        for _, grammar in spoiled(GRAMMAR)
        if not outcome(check_grammar, grammar)
    ]
    assert planted.count("") > 10
    for sentence in planted:
        assert sentence == "" or sentence.endswith((".", "?"))


def test_further_chromosomes_hold_copies_and_change_nothing_else():
    further = {"chrM": {"length": 500, "copies": 1}, "chrR": {"length": 300, "copies": 2}}
    plain = plant_genome(changed(), 3)
    more = plant_genome(changed(further_chromosomes=further), 3)
    assert list(more.chromosomes) == [*plain.chromosomes, "chrM", "chrR"]
    assert len(more.chromosomes["chrM"]) == 500
    repeat = more.chromosomes["chrR"]
    assert np.array_equal(repeat[:300], repeat[300:])
    for chrom, bases in plain.chromosomes.items():
        assert np.array_equal(bases, more.chromosomes[chrom])
    pd.testing.assert_frame_equal(plain.elements, more.elements)
    further["chrM"]["length"] = 0
    with pytest.raises(InputError, match=r"has the length 0, and must have a whole number above 0"):
        plant_genome(changed(further_chromosomes=further), 3)
