# Models: trained or given, their evaluation, and contribution scores of whole datasets.

MODEL = places.model_files(RESULTS, "{model}")


rule provide_model:
    input:
        unpack(LOOKUPS.given_files),
    output:
        model=MODEL["model"],
        graph=MODEL["graph"],
    log:
        f"{LOGS}/provide_model/{{model}}.log",
    wildcard_constraints:
        model=one_of(given_models(config)),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("provide_model"),
    params:
        tasks=LOOKUPS.model_tasks,
        source=lambda wildcards: config["models"][wildcards.model]["source"],
    script:
        "../scripts/provide_model.py"


rule train_model:
    input:
        unpack(LOOKUPS.model_dataset),
        unpack(LOOKUPS.initial_model),
    output:
        model=MODEL["model"],
        graph=MODEL["graph"],
        history=MODEL["history"],
    log:
        f"{LOGS}/train_model/{{model}}.log",
    wildcard_constraints:
        model=one_of(trained_models(config)),
    # After the datasets, before all else.
    priority: 10
    conda:
        "../envs/dfim.yaml"
    threads: threads_of("train_model")
    resources:
        **demanded("train_model"),
    params:
        layers=LOOKUPS.layers,
        training=LOOKUPS.training_options,
        seed=LOOKUPS.training_seed,
    script:
        "../scripts/train_model.py"


rule evaluate_model:
    input:
        unpack(LOOKUPS.model_dataset),
        model=MODEL["model"],
        graph=MODEL["graph"],
    output:
        metrics=MODEL["metrics"],
        curves=MODEL["curves"],
        place=MODEL["place"],
        predictions=MODEL["predictions"],
    log:
        f"{LOGS}/evaluate_model/{{model}}.log",
    conda:
        "../envs/dfim.yaml"
    threads: threads_of("evaluate_model")
    resources:
        **demanded("evaluate_model"),
    params:
        tasks=LOOKUPS.model_tasks,
        seed=config["seed"],
        backend=config["backend"],
    script:
        "../scripts/evaluate_model.py"


rule fit_additive:
    input:
        unpack(LOOKUPS.model_dataset),
        predictions=MODEL["predictions"],
    output:
        MODEL["additive"],
    log:
        f"{LOGS}/fit_additive/{{model}}.log",
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("fit_additive"),
    params:
        seed=config["seed"],
    script:
        "../scripts/fit_additive.py"


rule measure_reach:
    input:
        graph=MODEL["graph"],
    output:
        MODEL["reach"],
    log:
        f"{LOGS}/measure_reach/{{model}}.log",
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("measure_reach"),
    script:
        "../scripts/measure_reach.py"


rule score_contributions:
    input:
        unpack(LOOKUPS.model_dataset),
        graph=MODEL["graph"],
    output:
        places.contributions_file(RESULTS, "{model}", "{task}", "{method}"),
    log:
        f"{LOGS}/score_contributions/{{model}}/{{task}}/{{method}}.log",
    conda:
        "../envs/dfim.yaml"
    threads: threads_of("score_contributions")
    resources:
        **demanded("score_contributions"),
    params:
        task="{task}",
        tasks=LOOKUPS.model_tasks,
        method="{method}",
        method_options=LOOKUPS.method_options,
        background=LOOKUPS.contribution_background,
        backend=config["backend"],
    script:
        "../scripts/score_contributions.py"
