# Interactions: select examples, score shards, join them with p and q, compare groups.


rule select_examples:
    input:
        unpack(analysis_dataset),
        unpack(predictions_of_same_dataset),
    output:
        f"{RESULTS}/interactions/{{analysis}}/{{model}}/{{task}}/examples.tsv",
    log:
        f"{LOGS}/select_examples/{{analysis}}/{{model}}/{{task}}.log",
    benchmark:
        f"{BENCHMARKS}/select_examples/{{analysis}}/{{model}}/{{task}}.tsv"
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("select_examples"),
    params:
        criteria=lambda wildcards: analysis_of(wildcards)["examples"],
        task="{task}",
        tasks=model_tasks,
        seed=config["seed"],
    script:
        "../scripts/select_examples.py"


rule score_pairs:
    input:
        unpack(analysis_dataset),
        model=f"{RESULTS}/models/{{model}}/model.keras",
        selection=rules.select_examples.output[0],
        reach=f"{RESULTS}/models/{{model}}/reach.tsv",
    output:
        scores=f"{INTERACTIONS}/shards/{{shard}}.tsv.gz",
        draws=f"{INTERACTIONS}/shards/{{shard}}.draws.h5",
    log:
        f"{LOGS}/score_pairs/{{analysis}}/{{model}}/{{task}}/{{method}}/{{shard}}.log",
    benchmark:
        f"{BENCHMARKS}/score_pairs/{{analysis}}/{{model}}/{{task}}/{{method}}/{{shard}}.tsv"
    wildcard_constraints:
        analysis=one_of(analyses_with("pairs")),
    conda:
        "../envs/dfim.yaml"
    threads: 1
    resources:
        **demanded("score_pairs"),
    params:
        **SCORING,
        pairs=pair_options,
    script:
        "../scripts/score_pairs.py"


rule score_profiles:
    input:
        unpack(analysis_dataset),
        model=f"{RESULTS}/models/{{model}}/model.keras",
        selection=rules.select_examples.output[0],
    output:
        f"{INTERACTIONS}/shards/{{shard}}.h5",
    log:
        f"{LOGS}/score_profiles/{{analysis}}/{{model}}/{{task}}/{{method}}/{{shard}}.log",
    benchmark:
        f"{BENCHMARKS}/score_profiles/{{analysis}}/{{model}}/{{task}}/{{method}}/{{shard}}.tsv"
    conda:
        "../envs/dfim.yaml"
    threads: 1
    resources:
        **demanded("score_profiles"),
    params:
        **SCORING,
    script:
        "../scripts/score_profiles.py"


rule mutate_pairs:
    input:
        unpack(analysis_dataset),
        model=f"{RESULTS}/models/{{model}}/model.keras",
        selection=rules.select_examples.output[0],
        reach=f"{RESULTS}/models/{{model}}/reach.tsv",
    output:
        pairs=f"{PAIR_TESTS}/mutagenesis/{{shard}}.tsv.gz",
        draws=f"{PAIR_TESTS}/mutagenesis/{{shard}}.h5",
    log:
        f"{LOGS}/mutate_pairs/{{analysis}}/{{model}}/{{task}}/{{shard}}.log",
    benchmark:
        f"{BENCHMARKS}/mutate_pairs/{{analysis}}/{{model}}/{{task}}/{{shard}}.tsv"
    conda:
        "../envs/dfim.yaml"
    threads: 1
    resources:
        **demanded("mutate_pairs"),
    params:
        task="{task}",
        tasks=model_tasks,
        analysis=scoring_options,
        pairs=pair_options,
        seed=config["seed"],
    script:
        "../scripts/mutate_pairs.py"


rule judge_pairs:
    input:
        unpack(analysis_dataset),
        selection=rules.select_examples.output[0],
        shards=mutagenesis_shards(".tsv.gz"),
        draws=mutagenesis_shards(".h5"),
    output:
        tests=f"{PAIR_TESTS}/pair_tests.tsv.gz",
        nulls=f"{PAIR_TESTS}/nulls.tsv",
        removals=f"{PAIR_TESTS}/removals.tsv",
    log:
        f"{LOGS}/judge_pairs/{{analysis}}/{{model}}/{{task}}.log",
    benchmark:
        f"{BENCHMARKS}/judge_pairs/{{analysis}}/{{model}}/{{task}}.tsv"
    wildcard_constraints:
        analysis=one_of(analyses_with("pairs")),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("judge_pairs"),
    params:
        **CALLING,
        seed=config["seed"],
    script:
        "../scripts/judge_pairs.py"


rule assign_significance_pairs:
    input:
        unpack(analysis_dataset),
        shards=shard_files(".tsv.gz"),
        draws=shard_files(".draws.h5"),
        tests=rules.judge_pairs.output.tests,
    output:
        pairs=f"{INTERACTIONS}/pairs.tsv.gz",
        null=f"{INTERACTIONS}/null.tsv.gz",
        nulls=f"{INTERACTIONS}/nulls.tsv",
        calibration=f"{INTERACTIONS}/calibration.tsv",
        quantiles=f"{INTERACTIONS}/quantiles.tsv",
        agreement=f"{INTERACTIONS}/agreement.tsv",
        signs=f"{INTERACTIONS}/signs.tsv",
    log:
        f"{LOGS}/assign_significance/{{analysis}}/{{model}}/{{task}}/{{method}}.log",
    benchmark:
        f"{BENCHMARKS}/assign_significance/{{analysis}}/{{model}}/{{task}}/{{method}}.tsv"
    wildcard_constraints:
        analysis=one_of(analyses_with("pairs")),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("assign_significance_pairs"),
    params:
        **SIGNIFICANCE,
        **CALLING,
    script:
        "../scripts/assign_significance_pairs.py"


rule describe_kinds:
    input:
        tests=rules.judge_pairs.output.tests,
        nulls=rules.judge_pairs.output.nulls,
        pairs=tables_of_methods("pairs.tsv.gz"),
        signs=tables_of_methods("signs.tsv"),
    output:
        kinds=f"{PAIR_TESTS}/kinds.tsv",
        signs=f"{PAIR_TESTS}/signs.tsv",
    log:
        f"{LOGS}/describe_kinds/{{analysis}}/{{model}}/{{task}}.log",
    benchmark:
        f"{BENCHMARKS}/describe_kinds/{{analysis}}/{{model}}/{{task}}.tsv"
    wildcard_constraints:
        analysis=one_of(analyses_with("pairs")),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("describe_kinds"),
    params:
        **CALLING,
        methods=lambda wildcards: analysis_of(wildcards)["methods"],
        kinds=lambda wildcards: analysis_of(wildcards)["kinds"],
        seed=config["seed"],
    script:
        "../scripts/describe_kinds.py"


rule assign_significance_profiles:
    input:
        unpack(analysis_dataset),
        unpack(covariates_of_sources),
        shards=shard_files(".h5"),
        reach=f"{RESULTS}/models/{{model}}/reach.tsv",
    output:
        profiles=f"{INTERACTIONS}/profiles.h5",
        sources=f"{INTERACTIONS}/sources.tsv.gz",
        null=f"{INTERACTIONS}/null.tsv.gz",
        nulls=f"{INTERACTIONS}/nulls.tsv",
        calibration=f"{INTERACTIONS}/calibration.tsv",
        quantiles=f"{INTERACTIONS}/quantiles.tsv",
    log:
        f"{LOGS}/assign_significance/{{analysis}}/{{model}}/{{task}}/{{method}}.log",
    benchmark:
        f"{BENCHMARKS}/assign_significance/{{analysis}}/{{model}}/{{task}}/{{method}}.tsv"
    wildcard_constraints:
        analysis=one_of(analyses_with("profiles")),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("assign_significance_profiles"),
    params:
        **SIGNIFICANCE,
    script:
        "../scripts/assign_significance_profiles.py"


rule aggregate_maps:
    input:
        unpack(analysis_dataset),
        unpack(expected_cells),
        shards=shard_files(".h5"),
        selection=rules.select_examples.output[0],
        reach=f"{RESULTS}/models/{{model}}/reach.tsv",
    output:
        f"{INTERACTIONS}/cells.tsv.gz",
    log:
        f"{LOGS}/aggregate_maps/{{analysis}}/{{model}}/{{task}}/{{method}}.log",
    benchmark:
        f"{BENCHMARKS}/aggregate_maps/{{analysis}}/{{model}}/{{task}}/{{method}}.tsv"
    wildcard_constraints:
        analysis=one_of(analyses_with("profiles")),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("aggregate_maps"),
    params:
        minimum=lambda wildcards: analysis_of(wildcards)["aggregate"]["minimum"],
        p_values=lambda wildcards: analysis_of(wildcards)["p_values"],
    script:
        "../scripts/aggregate_maps.py"


rule compare_groups:
    input:
        table=result_table,
        null=f"{INTERACTIONS}/null.tsv.gz",
    output:
        comparisons=f"{INTERACTIONS}/comparisons.tsv",
        recovery=f"{INTERACTIONS}/recovery.tsv",
    log:
        f"{LOGS}/compare_groups/{{analysis}}/{{model}}/{{task}}/{{method}}.log",
    benchmark:
        f"{BENCHMARKS}/compare_groups/{{analysis}}/{{model}}/{{task}}/{{method}}.tsv"
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("compare_groups"),
    params:
        comparisons=lambda wildcards: analysis_of(wildcards)["comparisons"],
        truth=lambda wildcards: analysis_of(wildcards)["truth"],
        seed=config["seed"],
    script:
        "../scripts/compare_groups.py"
