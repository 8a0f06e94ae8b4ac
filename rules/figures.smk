# Figures of models and of interactions: PDF, PNG, and the data of each as TSV.


rule plot_model:
    input:
        unpack(LOOKUPS.model_tables),
    output:
        **figure_outputs(f"{RESULTS}/figures/models/{{model}}", "models", "model"),
    log:
        f"{LOGS}/plot_model/{{model}}/{{figure}}.log",
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("plot_model"),
    params:
        caption=lambda wildcards: caption(wildcards.figure),
        of="model {model}",
    script:
        "../scripts/plot_figure.py"


rule plot_interactions:
    input:
        unpack(LOOKUPS.interaction_tables),
        unpack(LOOKUPS.analysis_dataset),
        comparisons=f"{INTERACTIONS}/comparisons.tsv",
        calibration=f"{INTERACTIONS}/calibration.tsv",
        quantiles=f"{INTERACTIONS}/quantiles.tsv",
        nulls=f"{INTERACTIONS}/nulls.tsv",
        reach=MODEL["reach"],
    output:
        **figure_outputs(
            f"{RESULTS}/figures/{{analysis}}/{{model}}/{{task}}/{{method}}",
            "{analysis}",
            "model",
            "task",
            "method",
        ),
    log:
        f"{LOGS}/plot_interactions/{{analysis}}/{{model}}/{{task}}/{{method}}/{{figure}}.log",
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("plot_interactions"),
    params:
        options=LOOKUPS.figure_options,
        caption=LOOKUPS.figure_caption,
    script:
        "../scripts/plot_interactions.py"
