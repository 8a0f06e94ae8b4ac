# Interactions: select examples, score shards, join them with p and q, compare groups.


rule select_examples:
    input:
        unpack(LOOKUPS.analysis_dataset),
        unpack(LOOKUPS.predictions_of_same_dataset),
    output:
        places.selection_file(RESULTS, "{analysis}", "{model}", "{task}"),
    log:
        f"{LOGS}/select_examples/{{analysis}}/{{model}}/{{task}}.log",
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("select_examples"),
    params:
        criteria=LOOKUPS.of_analysis("examples"),
        task="{task}",
        tasks=LOOKUPS.model_tasks,
        seed=config["seed"],
    script:
        "../scripts/select_examples.py"


rule score_pairs:
    input:
        unpack(LOOKUPS.analysis_dataset),
        graph=MODEL["graph"],
        selection=rules.select_examples.output[0],
        reach=MODEL["reach"],
    output:
        scores=f"{INTERACTIONS}/shards/{{shard}}.tsv.gz",
        draws=f"{INTERACTIONS}/shards/{{shard}}.draws.h5",
        completeness=f"{INTERACTIONS}/shards/{{shard}}.completeness.tsv",
    log:
        f"{LOGS}/score_pairs/{{analysis}}/{{model}}/{{task}}/{{method}}/{{shard}}.log",
    wildcard_constraints:
        analysis=one_of(analyses_with(config, "pairs")),
    conda:
        "../envs/dfim.yaml"
    threads: 1
    resources:
        **demanded("score_pairs"),
    params:
        **LOOKUPS.scoring_params(),
        pairs=LOOKUPS.pair_options,
    script:
        "../scripts/score_pairs.py"


rule score_profiles:
    input:
        unpack(LOOKUPS.analysis_dataset),
        graph=MODEL["graph"],
        selection=rules.select_examples.output[0],
    output:
        profiles=f"{INTERACTIONS}/shards/{{shard}}.h5",
        completeness=f"{INTERACTIONS}/shards/{{shard}}.completeness.tsv",
    log:
        f"{LOGS}/score_profiles/{{analysis}}/{{model}}/{{task}}/{{method}}/{{shard}}.log",
    wildcard_constraints:
        analysis=one_of(analyses_with(config, "profiles")),
    conda:
        "../envs/dfim.yaml"
    threads: 1
    resources:
        **demanded("score_profiles"),
    params:
        **LOOKUPS.scoring_params(),
    script:
        "../scripts/score_profiles.py"


rule mutate_pairs:
    input:
        unpack(LOOKUPS.analysis_dataset),
        graph=MODEL["graph"],
        selection=rules.select_examples.output[0],
        reach=MODEL["reach"],
    output:
        **places.mutagenesis_files(RESULTS, "{analysis}", "{model}", "{task}", "{shard}"),
    log:
        f"{LOGS}/mutate_pairs/{{analysis}}/{{model}}/{{task}}/{{shard}}.log",
    conda:
        "../envs/dfim.yaml"
    threads: 1
    resources:
        **demanded("mutate_pairs"),
    params:
        task="{task}",
        tasks=LOOKUPS.model_tasks,
        analysis=LOOKUPS.scoring_options,
        pairs=LOOKUPS.pair_options,
        seed=config["seed"],
        backend=config["backend"],
    script:
        "../scripts/mutate_pairs.py"


rule judge_pairs:
    input:
        unpack(LOOKUPS.analysis_dataset),
        selection=rules.select_examples.output[0],
        shards=LOOKUPS.mutagenesis_shards("pairs"),
        draws=LOOKUPS.mutagenesis_shards("draws"),
    output:
        tests=f"{PAIR_TESTS}/pair_tests.tsv.gz",
        nulls=f"{PAIR_TESTS}/nulls.tsv",
        removals=f"{PAIR_TESTS}/removals.tsv",
        shared=f"{PAIR_TESTS}/shared_draws.h5",
    log:
        f"{LOGS}/judge_pairs/{{analysis}}/{{model}}/{{task}}.log",
    wildcard_constraints:
        analysis=one_of(analyses_with(config, "pairs")),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("judge_pairs"),
    params:
        **LOOKUPS.calling_params(),
        seed=config["seed"],
    script:
        "../scripts/judge_pairs.py"


rule assign_significance_pairs:
    input:
        unpack(LOOKUPS.analysis_dataset),
        shards=LOOKUPS.shard_files(".tsv.gz"),
        draws=LOOKUPS.shard_files(".draws.h5"),
        completeness=LOOKUPS.shard_files(".completeness.tsv"),
        tests=rules.judge_pairs.output.tests,
    output:
        completeness=f"{INTERACTIONS}/completeness.tsv",
        pairs=f"{INTERACTIONS}/pairs.tsv.gz",
        null=f"{INTERACTIONS}/null.tsv.gz",
        nulls=f"{INTERACTIONS}/nulls.tsv",
        calibration=f"{INTERACTIONS}/calibration.tsv",
        quantiles=f"{INTERACTIONS}/quantiles.tsv",
        agreement=f"{INTERACTIONS}/agreement.tsv",
        signs=f"{INTERACTIONS}/signs.tsv",
    log:
        f"{LOGS}/assign_significance/{{analysis}}/{{model}}/{{task}}/{{method}}.log",
    wildcard_constraints:
        analysis=one_of(analyses_with(config, "pairs")),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("assign_significance_pairs"),
    params:
        **LOOKUPS.significance_params(),
        **LOOKUPS.calling_params(),
    script:
        "../scripts/assign_significance_pairs.py"


rule describe_kinds:
    input:
        tests=rules.judge_pairs.output.tests,
        shared=rules.judge_pairs.output.shared,
        pairs=LOOKUPS.tables_of_methods("pairs.tsv.gz"),
        signs=LOOKUPS.tables_of_methods("signs.tsv"),
    output:
        kinds=f"{PAIR_TESTS}/kinds.tsv",
        signs=f"{PAIR_TESTS}/signs.tsv",
    log:
        f"{LOGS}/describe_kinds/{{analysis}}/{{model}}/{{task}}.log",
    wildcard_constraints:
        analysis=one_of(analyses_with(config, "pairs")),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("describe_kinds"),
    params:
        **LOOKUPS.calling_params(),
        methods=LOOKUPS.of_analysis("methods"),
        kinds=LOOKUPS.of_analysis("kinds"),
        seed=config["seed"],
    script:
        "../scripts/describe_kinds.py"


rule assign_significance_profiles:
    input:
        unpack(LOOKUPS.analysis_dataset),
        unpack(LOOKUPS.covariates_of_sources),
        shards=LOOKUPS.shard_files(".h5"),
        completeness=LOOKUPS.shard_files(".completeness.tsv"),
        reach=MODEL["reach"],
    output:
        completeness=f"{INTERACTIONS}/completeness.tsv",
        profiles=f"{INTERACTIONS}/profiles.h5",
        sources=f"{INTERACTIONS}/sources.tsv.gz",
        null=f"{INTERACTIONS}/null.tsv.gz",
        draws=f"{INTERACTIONS}/draws.tsv.gz",
        nulls=f"{INTERACTIONS}/nulls.tsv",
        calibration=f"{INTERACTIONS}/calibration.tsv",
        quantiles=f"{INTERACTIONS}/quantiles.tsv",
    log:
        f"{LOGS}/assign_significance/{{analysis}}/{{model}}/{{task}}/{{method}}.log",
    wildcard_constraints:
        analysis=one_of(analyses_with(config, "profiles")),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("assign_significance_profiles"),
    params:
        **LOOKUPS.significance_params(),
        level=LOOKUPS.of_analysis("level"),
    script:
        "../scripts/assign_significance_profiles.py"


rule check_null_pairs:
    input:
        unpack(LOOKUPS.analysis_dataset),
        graph=MODEL["graph"],
        selection=rules.select_examples.output[0],
        reach=MODEL["reach"],
    output:
        rows=f"{PAIR_TESTS}/null_check_rows.tsv.gz",
        summary=f"{PAIR_TESTS}/null_checks.tsv",
    log:
        f"{LOGS}/check_null/{{analysis}}/{{model}}/{{task}}.log",
    wildcard_constraints:
        analysis=one_of(analyses_with(config, "pairs")),
    conda:
        "../envs/dfim.yaml"
    threads: 1
    resources:
        **demanded("check_null_pairs"),
    params:
        **LOOKUPS.null_check_params(),
        pairs=LOOKUPS.pair_options,
        least_share=LOOKUPS.of_analysis("least_share"),
    script:
        "../scripts/check_null_pairs.py"


rule check_null_profiles:
    input:
        unpack(LOOKUPS.analysis_dataset),
        graph=MODEL["graph"],
        selection=rules.select_examples.output[0],
    output:
        rows=f"{PAIR_TESTS}/null_check_rows.tsv.gz",
        summary=f"{PAIR_TESTS}/null_checks.tsv",
    log:
        f"{LOGS}/check_null/{{analysis}}/{{model}}/{{task}}.log",
    wildcard_constraints:
        analysis=one_of(analyses_with(config, "profiles")),
    conda:
        "../envs/dfim.yaml"
    threads: 1
    resources:
        **demanded("check_null_profiles"),
    params:
        **LOOKUPS.null_check_params(),
    script:
        "../scripts/check_null_profiles.py"


rule aggregate_maps:
    input:
        unpack(LOOKUPS.analysis_dataset),
        unpack(LOOKUPS.expected_cells),
        unpack(LOOKUPS.additive_shards),
        shards=LOOKUPS.shard_files(".h5"),
        selection=rules.select_examples.output[0],
        reach=MODEL["reach"],
    output:
        f"{INTERACTIONS}/cells.tsv.gz",
    log:
        f"{LOGS}/aggregate_maps/{{analysis}}/{{model}}/{{task}}/{{method}}.log",
    wildcard_constraints:
        analysis=one_of(analyses_with(config, "profiles")),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("aggregate_maps"),
    params:
        minimum=LOOKUPS.of_analysis("aggregate", "minimum"),
        least_effect=LOOKUPS.of_analysis("aggregate", "least_effect"),
        p_values=LOOKUPS.of_analysis("p_values"),
    script:
        "../scripts/aggregate_maps.py"


rule compare_groups:
    input:
        table=LOOKUPS.result_table,
        null=f"{INTERACTIONS}/null.tsv.gz",
    output:
        comparisons=f"{INTERACTIONS}/comparisons.tsv",
        recovery=f"{INTERACTIONS}/recovery.tsv",
    log:
        f"{LOGS}/compare_groups/{{analysis}}/{{model}}/{{task}}/{{method}}.log",
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("compare_groups"),
    params:
        comparisons=LOOKUPS.of_analysis("comparisons"),
        truth=LOOKUPS.of_analysis("truth"),
        nulls=LOOKUPS.of_analysis("nulls"),
        seed=config["seed"],
    script:
        "../scripts/compare_groups.py"


rule compare_networks:
    input:
        kinds=f"{RESULTS}/interactions/{{analysis}}/{{model}}/{{task}}/kinds.tsv",
        tests=LOOKUPS.of_networks("pair_tests.tsv.gz"),
        shared=LOOKUPS.of_networks("shared_draws.h5"),
        twin_tests=LOOKUPS.of_networks("pair_tests.tsv.gz", twins=True),
        twin_shared=LOOKUPS.of_networks("shared_draws.h5", twins=True),
    output:
        **places.networks_files(RESULTS, "{analysis}", "{model}", "{task}"),
    log:
        f"{LOGS}/compare_networks/{{analysis}}/{{model}}/{{task}}.log",
    wildcard_constraints:
        analysis=one_of(analyses_with(config, "pairs")),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("compare_networks"),
    params:
        level=LOOKUPS.of_analysis("level"),
        least_share=LOOKUPS.of_analysis("least_share"),
        kinds=LOOKUPS.of_analysis("kinds"),
        seed=config["seed"],
    script:
        "../scripts/compare_networks.py"
