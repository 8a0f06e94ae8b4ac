"""What rules look up, by wildcards, in the configuration, its sheets and its sources: inputs and params."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from workflow.analyses import (
    contribution_background,
    given_models,
    pair_options,
    scoring_options,
    target_kind,
)
from workflow.datasets import (
    matched_datasets,
    producer_of,
    sheet_of,
    tasks_of_datasets,
    tasks_of_models,
)
from workflow.ensembles import model_beside, networks_of, null_twin, twins_of
from workflow.exports import genome_of
from workflow.results import (
    dataset_files,
    genome_files,
    interactions_folder,
    matching_files,
    model_files,
    mutagenesis_files,
    pair_tests_folder,
    results_folder,
)
from workflow.scans import scan_motifs, scan_options
from workflow.sheets import Sheets
from workflow.sources import Sources


def one_of(names: Iterable[str]) -> str:
    """Return a regular expression for one of these names; one that matches nothing if there are none."""
    return "|".join(map(re.escape, names)) or r"(?!)"


@dataclass(frozen=True, eq=False)
class Lookups:
    """Functions of wildcards for inputs and params; each returns files by role unless it says otherwise."""

    config: Mapping
    sheets: Sheets
    sources: Sources

    @property
    def results(self) -> str:
        """The folder of results."""
        return results_folder(self.config)

    # Datasets

    def dataset_options(self, wildcards) -> Mapping:
        """Return the options of a dataset's producer."""
        return producer_of(self.config, wildcards.dataset)[1]

    def dataset_sources(self, wildcards) -> Mapping:
        """Return the files that a dataset is made from."""
        return self.sources.datasets[wildcards.dataset]

    def dataset_tasks(self, wildcards) -> list[str]:
        """Return the names of a dataset's tasks."""
        return tasks_of_datasets(self.config, self.sheets.tasks)[wildcards.dataset]

    def twin_of(self, wildcards) -> dict[str, str]:
        """Return the files of the dataset that a twin is drawn from."""
        return dataset_files(self.results, self.dataset_options(wildcards)["of"])

    def task_motifs(self, wildcards) -> dict[str, str]:
        """Return the motif of each task of a dataset of peaks that has one in its sheet."""
        rows = self.sheets.tasks[sheet_of(self.config, wildcards.dataset)]
        return {row["task"]: row["motif"] for row in rows if row.get("motif")}

    # Models

    def _model(self, wildcards) -> Mapping:
        return self.config["models"][wildcards.model]

    def given_files(self, wildcards) -> Mapping[str, str]:
        """Return the files of a model that is not trained: model, or architecture and weights."""
        return self.sources.models[wildcards.model]

    def model_dataset(self, wildcards) -> dict[str, str]:
        """Return the files of the dataset that a model is trained or evaluated on."""
        return dataset_files(self.results, self._model(wildcards)["dataset"])

    def model_tasks(self, wildcards) -> list[str]:
        """Return the names of a model's outputs."""
        tasks = tasks_of_datasets(self.config, self.sheets.tasks)
        return tasks_of_models(self.config, tasks)[wildcards.model]

    def model_tables(self, wildcards) -> dict[str, str]:
        """Return what the figures of a model are drawn from."""
        files = model_files(self.results, wildcards.model)
        roles = ["metrics", "curves"]
        if wildcards.model not in given_models(self.config):
            roles.append("history")
        return {role: files[role] for role in roles}

    def initial_model(self, wildcards) -> dict[str, str]:
        """Return the model that training starts from, or nothing."""
        parent = self._model(wildcards)["initialise_from"]
        return {"initial": model_files(self.results, parent)["model"]} if parent else {}

    def layers(self, wildcards) -> list[Mapping]:
        """Return the layers of a model that is trained."""
        return self.config["architectures"][self._model(wildcards)["architecture"]]

    def training_options(self, wildcards) -> Mapping:
        """Return how a model is trained."""
        return self._model(wildcards)["training"]

    def training_seed(self, wildcards) -> int:
        """Return the seed that a model is trained with."""
        return self._model(wildcards).get("seed", self.config["seed"])

    def contribution_background(self, wildcards) -> list[float]:
        """Return the background of the contributions of a model's dataset."""
        return contribution_background(self._model(wildcards), wildcards.task, wildcards.method)

    def method_options(self, wildcards) -> Mapping:
        """Return the options of a method."""
        return self.config["methods"][wildcards.method]

    # Analyses

    def _analysis(self, wildcards) -> Mapping:
        return self.config["analyses"][wildcards.analysis]

    def of_analysis(self, *keys: str) -> Callable:
        """Return a function that gives an option of an analysis, or one below it."""

        def found(wildcards):
            options = self._analysis(wildcards)
            for key in keys:
                options = options[key]
            return options

        return found

    def analysis_dataset(self, wildcards) -> dict[str, str]:
        """Return the files of the dataset that an analysis looks at."""
        return dataset_files(self.results, self._analysis(wildcards)["dataset"])

    def covariates_of_sources(self, wildcards) -> dict[str, str]:
        """Return what an analysis's variants are matched on, where they are."""
        options = self._analysis(wildcards)
        found = options["dataset"] in matched_datasets(self.config) and "features" in options["sources"]
        return {"covariates": matching_files(self.results, options["dataset"])["covariates"]} if found else {}

    def predictions_of_same_dataset(self, wildcards) -> dict[str, str]:
        """Return the model's predictions when the analysis looks at the model's own dataset.

        A network beside a model is asked about the examples that are chosen for the model.
        """
        model = model_beside(self.config, wildcards.model)
        if self.config["models"][model].get("dataset") != self._analysis(wildcards)["dataset"]:
            return {}
        return {"predictions": model_files(self.results, model)["predictions"]}

    def interaction_tables(self, wildcards) -> dict[str, str]:
        """Return the results of an analysis."""
        options = self._analysis(wildcards)
        names = {"pairs": "pairs.tsv.gz", "null": "null.tsv.gz", "agreement": "agreement.tsv"}
        if target_kind(options) == "profiles":
            names = {"sources": "sources.tsv.gz", "null": "null.tsv.gz", "profiles": "profiles.h5"}
            names |= {"cells": "cells.tsv.gz"} if "aggregate" in options else {}
        tables = {role: f"{self._folder(wildcards)}/{name}" for role, name in names.items()}
        if target_kind(options) == "pairs":
            place = wildcards.analysis, wildcards.model, wildcards.task
            folder = pair_tests_folder(self.results, *place)
            tables["kinds"] = f"{folder}/kinds.tsv"
        return tables

    def _folder(self, wildcards) -> str:
        place = wildcards.analysis, wildcards.model, wildcards.task, wildcards.method
        return interactions_folder(self.results, *place)

    def result_table(self, wildcards) -> str:
        """Return the path of the table that an analysis compares groups of."""
        tables = self.interaction_tables(wildcards)
        return tables.get("pairs") or tables["sources"]

    def expected_cells(self, wildcards) -> dict[str, str]:
        """Return the table of what is expected of the cells of aggregate maps, or nothing."""
        expected = self.sources.expected.get(wildcards.analysis)
        return {"expected": expected} if expected else {}

    def shard_files(self, suffix: str) -> Callable:
        """Return a function that lists the shards of an analysis."""
        return lambda wildcards: [
            f"{self._folder(wildcards)}/shards/{shard}{suffix}"
            for shard in range(self._analysis(wildcards)["shards"])
        ]

    def additive_shards(self, wildcards) -> dict[str, list[str]]:
        """Return the shards of the additive twin that cells are tested against, if any."""
        options = self._analysis(wildcards)
        twin = null_twin(self.config, wildcards.model)
        if options["aggregate"]["null"] != "additive" or twin is None:
            return {}
        folder = interactions_folder(self.results, wildcards.analysis, twin, wildcards.task, wildcards.method)
        return {"additive": [f"{folder}/shards/{shard}.h5" for shard in range(options["shards"])]}

    def of_networks(self, table: str, twins: bool = False) -> Callable:
        """Return a function that lists a table of pairs of the networks of a model, or of its twins."""
        names = twins_of if twins else networks_of
        folder = f"{self.results}/interactions"
        return lambda wildcards: [
            f"{folder}/{wildcards.analysis}/{network}/{wildcards.task}/{table}"
            for network in names(self.config, wildcards.model)
        ]

    def mutagenesis_shards(self, role: str) -> Callable:
        """Return a function that lists the files, of one role, of the shards of pair tests."""

        def found(wildcards):
            place = wildcards.analysis, wildcards.model, wildcards.task
            shards = range(self._analysis(wildcards)["shards"])
            return [mutagenesis_files(self.results, *place, shard)[role] for shard in shards]

        return found

    def tables_of_methods(self, name: str) -> Callable:
        """Return a function that lists a table of every method of an analysis, in their order."""

        def found(wildcards):
            place = wildcards.analysis, wildcards.model, wildcards.task
            folder = pair_tests_folder(self.results, *place)
            return [f"{folder}/{method}/{name}" for method in self._analysis(wildcards)["methods"]]

        return found

    def pair_options(self, wildcards) -> list:
        """Return what of an analysis decides which features are paired."""
        return pair_options(self._analysis(wildcards))

    def scoring_options(self, wildcards) -> dict:
        """Return what of an analysis decides its scores; of additive twins the sequences alone are scored."""
        options = scoring_options(self._analysis(wildcards))
        twin = wildcards.model in twins_of(self.config, model_beside(self.config, wildcards.model))
        return options | ({"shuffles": 0} if twin else {})

    # Parameters that rules share

    def scoring_params(self) -> dict:
        """Return the params of a rule that scores interactions."""
        return {
            "task": "{task}",
            "tasks": self.model_tasks,
            "method": "{method}",
            "method_options": self.method_options,
            "analysis": self.scoring_options,
            "seed": self.config["seed"],
            "backend": self.config["backend"],
        }

    def scan_params(self) -> dict:
        """Return the params of a rule that scans motifs."""
        scans = self.config["scans"]
        return {
            "motifs": lambda wildcards: scan_motifs(scans[wildcards.scan]),
            "options": lambda wildcards: scan_options(scans[wildcards.scan]),
            "task": "{task}",
            "tasks": self.model_tasks,
            "seed": self.config["seed"],
            "backend": self.config["backend"],
        }

    def scan_sequences(self, wildcards) -> Mapping[str, str]:
        """Return the file of sequences that the motifs of a scan are put into, if any."""
        return self.sources.scans[wildcards.scan]

    def sizes_of_genome(self, wildcards) -> dict[str, str]:
        """Return the sizes of the chromosomes that the examples of an analysis are windows of."""
        genome = genome_of(self.config, self._analysis(wildcards)["dataset"])
        return {"sizes": genome_files(self.results, genome)["sizes"]}

    def export_params(self) -> dict:
        """Return the params of a rule that scores the contributions of an analysis's examples."""
        params = self.scoring_params()
        kept = ("task", "tasks", "method", "method_options", "backend")
        return {key: params[key] for key in kept} | {"background": self.of_analysis("background")}

    def calling_params(self) -> dict:
        """Return the params of a rule that calls pairs."""
        return {key: self.of_analysis(key) for key in ("level", "least_share")}

    def null_check_params(self) -> dict:
        """Return the params of a rule that checks a null; ``examples``: how many are looked at."""
        return {
            "task": "{task}",
            "tasks": self.model_tasks,
            "asked": self.of_analysis("methods"),
            "methods": self.config["methods"],
            "analysis": self.scoring_options,
            "examples": self.of_analysis("null_checks"),
            "level": self.of_analysis("level"),
            "seed": self.config["seed"],
            "backend": self.config["backend"],
        }

    def significance_params(self) -> dict:
        """Return the params of a rule that assigns significance."""
        return {key: self.of_analysis(key) for key in ("p_values", "nulls", "truth", "position_bins")} | {
            "seed": self.config["seed"]
        }
