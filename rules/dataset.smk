# Datasets: sequences, labels, split and features, the same three files from each producer.

DATASET = places.dataset_files(RESULTS, "{dataset}")
MATCHING = places.matching_files(RESULTS, "{dataset}")


rule simulate_sequences:
    output:
        **DATASET,
    log:
        f"{LOGS}/simulate_sequences/{{dataset}}.log",
    wildcard_constraints:
        dataset=one_of(made_by(config, "simulate_sequences")),
    priority: FIRST
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("simulate_sequences"),
    params:
        design=LOOKUPS.dataset_options,
        seed=config["seed"],
    script:
        "../scripts/simulate_sequences.py"


rule build_peak_dataset:
    input:
        unpack(LOOKUPS.dataset_sources),
    output:
        **DATASET,
    log:
        f"{LOGS}/build_peak_dataset/{{dataset}}.log",
    wildcard_constraints:
        dataset=one_of(made_by(config, "build_peak_dataset")),
    priority: FIRST
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("build_peak_dataset"),
    params:
        tasks=LOOKUPS.dataset_tasks,
        motifs=LOOKUPS.task_motifs,
        options=LOOKUPS.dataset_options,
        seed=config["seed"],
    script:
        "../scripts/build_peak_dataset.py"


rule build_variant_dataset:
    input:
        unpack(LOOKUPS.dataset_sources),
    output:
        **DATASET,
    log:
        f"{LOGS}/build_variant_dataset/{{dataset}}.log",
    wildcard_constraints:
        dataset=one_of(made_by(config, "build_variant_dataset")),
    priority: FIRST
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("build_variant_dataset"),
    params:
        options=LOOKUPS.dataset_options,
    script:
        "../scripts/build_variant_dataset.py"


rule match_controls:
    input:
        **DATASET,
        sizes=lambda wildcards: LOOKUPS.dataset_sources(wildcards)["sizes"],
        peaks=lambda wildcards: LOOKUPS.dataset_sources(wildcards)["peaks"],
    output:
        **MATCHING,
    log:
        f"{LOGS}/match_controls/{{dataset}}.log",
    wildcard_constraints:
        dataset=one_of(matched_datasets(config)),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("match_controls"),
    params:
        options=LOOKUPS.dataset_options,
    script:
        "../scripts/match_controls.py"


rule build_own_dataset:
    input:
        unpack(LOOKUPS.dataset_sources),
    output:
        **DATASET,
    log:
        f"{LOGS}/build_own_dataset/{{dataset}}.log",
    wildcard_constraints:
        dataset=one_of(made_by(config, "build_own_dataset")),
    priority: FIRST
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("build_own_dataset"),
    params:
        options=LOOKUPS.dataset_options,
        seed=config["seed"],
    script:
        "../scripts/build_own_dataset.py"


rule build_spacing_dataset:
    input:
        unpack(LOOKUPS.dataset_sources),
    output:
        **DATASET,
    log:
        f"{LOGS}/build_spacing_dataset/{{dataset}}.log",
    wildcard_constraints:
        dataset=one_of(made_by(config, "build_spacing_dataset")),
    priority: FIRST
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("build_spacing_dataset"),
    params:
        design=LOOKUPS.dataset_options,
        seed=config["seed"],
    script:
        "../scripts/build_spacing_dataset.py"


rule build_value_dataset:
    input:
        unpack(LOOKUPS.dataset_sources),
    output:
        **DATASET,
    log:
        f"{LOGS}/build_value_dataset/{{dataset}}.log",
    wildcard_constraints:
        dataset=one_of(made_by(config, "build_value_dataset")),
    priority: FIRST
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("build_value_dataset"),
    params:
        options=LOOKUPS.dataset_options,
        seed=config["seed"],
    script:
        "../scripts/build_value_dataset.py"


rule draw_twin:
    input:
        unpack(LOOKUPS.twin_of),
    output:
        **DATASET,
    log:
        f"{LOGS}/draw_twin/{{dataset}}.log",
    wildcard_constraints:
        dataset=one_of(made_by(config, "draw_twin")),
    priority: FIRST
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("draw_twin"),
    params:
        number=lambda wildcards: LOOKUPS.dataset_options(wildcards)["number"],
        seed=config["seed"],
    script:
        "../scripts/draw_twin.py"
