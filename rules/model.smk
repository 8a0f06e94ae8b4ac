# Models: trained or given, their evaluation, and contribution scores of whole datasets.


rule provide_model:
    input:
        unpack(lambda wildcards: given_files(wildcards.model)),
    output:
        model=f"{RESULTS}/models/{{model}}/model.keras",
    log:
        f"{LOGS}/provide_model/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/provide_model/{{model}}.tsv"
    wildcard_constraints:
        model=one_of(given_models()),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("provide_model"),
    params:
        tasks=model_tasks,
        source=lambda wildcards: config["models"][wildcards.model]["source"],
    script:
        "../scripts/provide_model.py"


rule train_model:
    input:
        unpack(model_dataset),
        unpack(initial_model),
    output:
        model=f"{RESULTS}/models/{{model}}/model.keras",
        history=f"{RESULTS}/models/{{model}}/history.tsv",
    log:
        f"{LOGS}/train_model/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/train_model/{{model}}.tsv"
    wildcard_constraints:
        model=one_of(name for name in config["models"] if name not in given_models()),
    conda:
        "../envs/dfim.yaml"
    threads: 2
    resources:
        **demanded("train_model"),
    params:
        layers=lambda wildcards: config["architectures"][config["models"][wildcards.model]["architecture"]],
        training=lambda wildcards: config["models"][wildcards.model]["training"],
        seed=config["seed"],
    script:
        "../scripts/train_model.py"


rule evaluate_model:
    input:
        unpack(model_dataset),
        model=f"{RESULTS}/models/{{model}}/model.keras",
    output:
        metrics=f"{RESULTS}/models/{{model}}/metrics.tsv",
        curves=f"{RESULTS}/models/{{model}}/curves.tsv.gz",
        predictions=f"{RESULTS}/models/{{model}}/predictions.h5",
    log:
        f"{LOGS}/evaluate_model/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/evaluate_model/{{model}}.tsv"
    conda:
        "../envs/dfim.yaml"
    threads: 2
    resources:
        **demanded("evaluate_model"),
    params:
        tasks=model_tasks,
        seed=config["seed"],
    script:
        "../scripts/evaluate_model.py"


rule measure_reach:
    input:
        model=f"{RESULTS}/models/{{model}}/model.keras",
    output:
        f"{RESULTS}/models/{{model}}/reach.tsv",
    log:
        f"{LOGS}/measure_reach/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/measure_reach/{{model}}.tsv"
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("measure_reach"),
    script:
        "../scripts/measure_reach.py"


rule score_contributions:
    input:
        unpack(model_dataset),
        model=f"{RESULTS}/models/{{model}}/model.keras",
    output:
        f"{RESULTS}/contributions/{{model}}/{{task}}/{{method}}.h5",
    log:
        f"{LOGS}/score_contributions/{{model}}/{{task}}/{{method}}.log",
    benchmark:
        f"{BENCHMARKS}/score_contributions/{{model}}/{{task}}/{{method}}.tsv"
    conda:
        "../envs/dfim.yaml"
    threads: 2
    resources:
        **demanded("score_contributions"),
    params:
        task="{task}",
        tasks=model_tasks,
        method="{method}",
        method_options=lambda wildcards: config["methods"][wildcards.method],
        background=lambda wildcards: contribution_entry(wildcards)["background"],
    script:
        "../scripts/score_contributions.py"
