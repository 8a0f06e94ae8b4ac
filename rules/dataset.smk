# Datasets: sequences, labels, split and features, the same three files from each producer.

DATASET = dataset_files("{dataset}")


rule simulate_sequences:
    output:
        **DATASET,
    log:
        f"{LOGS}/simulate_sequences/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/simulate_sequences/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=one_of(producer_names("simulation")),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("simulate_sequences"),
    params:
        design=dataset_options,
        seed=config["seed"],
    script:
        "../scripts/simulate_sequences.py"


rule build_peak_dataset:
    input:
        unpack(lambda wildcards: dataset_sources(wildcards.dataset)),
    output:
        **DATASET,
    log:
        f"{LOGS}/build_peak_dataset/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/build_peak_dataset/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=one_of(producer_names("peaks")),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("build_peak_dataset"),
    params:
        tasks=lambda wildcards: TASKS[wildcards.dataset],
        motifs=task_motifs,
        options=dataset_options,
        seed=config["seed"],
    script:
        "../scripts/build_peak_dataset.py"


rule build_variant_dataset:
    input:
        unpack(lambda wildcards: dataset_sources(wildcards.dataset)),
    output:
        **DATASET,
    log:
        f"{LOGS}/build_variant_dataset/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/build_variant_dataset/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=one_of(producer_names("variants")),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("build_variant_dataset"),
    params:
        options=dataset_options,
    script:
        "../scripts/build_variant_dataset.py"


rule match_controls:
    input:
        **DATASET,
        sizes=lambda wildcards: dataset_sources(wildcards.dataset)["sizes"],
        peaks=lambda wildcards: dataset_sources(wildcards.dataset)["peaks"],
    output:
        covariates=f"{RESULTS}/datasets/{{dataset}}/covariates.tsv.gz",
        balance=f"{RESULTS}/datasets/{{dataset}}/balance.tsv",
    log:
        f"{LOGS}/match_controls/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/match_controls/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=one_of(matched_datasets()),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("match_controls"),
    params:
        options=dataset_options,
    script:
        "../scripts/match_controls.py"


rule build_own_dataset:
    input:
        unpack(lambda wildcards: dataset_sources(wildcards.dataset)),
    output:
        **DATASET,
    log:
        f"{LOGS}/build_own_dataset/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/build_own_dataset/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=one_of(producer_names("sequences")),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("build_own_dataset"),
    params:
        options=dataset_options,
    script:
        "../scripts/build_own_dataset.py"


rule build_spacing_dataset:
    output:
        **DATASET,
    log:
        f"{LOGS}/build_spacing_dataset/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/build_spacing_dataset/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=one_of(producer_names("spacing")),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("build_spacing_dataset"),
    params:
        design=dataset_options,
        seed=config["seed"],
    script:
        "../scripts/build_spacing_dataset.py"


rule build_value_dataset:
    input:
        unpack(lambda wildcards: dataset_sources(wildcards.dataset)),
    output:
        **DATASET,
    log:
        f"{LOGS}/build_value_dataset/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/build_value_dataset/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=one_of(producer_names("values")),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("build_value_dataset"),
    params:
        options=dataset_options,
        seed=config["seed"],
    script:
        "../scripts/build_value_dataset.py"
