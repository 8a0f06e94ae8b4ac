# Figures of models and of interactions: PDF, PNG, and the data of each as TSV. All that are drawn from the same tables are
# one job, which starts Python and reads the tables once.

OF_TRAINED, OF_GIVEN = {"training": {}, "performance": {}}, {"performance": {}}


rule plot_model:
    input:
        unpack(LOOKUPS.model_tables),
    output:
        **figure_outputs(f"{RESULTS}/figures/models/{{model}}", OF_TRAINED, "models", "model"),
    log:
        f"{LOGS}/plot_model/{{model}}.log",
    wildcard_constraints:
        model=one_of(trained_models(config)),
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("plot_model"),
    params:
        **figure_params(OF_TRAINED, "model {model}"),
    script:
        "../scripts/plot_figures.py"


use rule plot_model as plot_given_model with:
    output:
        **figure_outputs(f"{RESULTS}/figures/models/{{model}}", OF_GIVEN, "models", "model"),
    log:
        f"{LOGS}/plot_given_model/{{model}}.log",
    wildcard_constraints:
        model=one_of(given_models(config)),
    resources:
        **demanded("plot_given_model"),
    params:
        **figure_params(OF_GIVEN, "model {model}"),


# All jobs of a rule have the same outputs, and each analysis has figures of its own: so each has a rule.
for analysis, options in config["analyses"].items():

    rule:
        name:
            figures_rule(analysis)
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
                analysis_figures(options),
                "{analysis}",
                "model",
                "task",
                "method",
            ),
        log:
            f"{LOGS}/plot_interactions/{{analysis}}/{{model}}/{{task}}/{{method}}.log",
        wildcard_constraints:
            analysis=one_of([analysis]),
        group:
            workflow.group_settings.overwrite_groups.get("plot_interactions")
        conda:
            "../envs/dfim.yaml"
        resources:
            **demanded("plot_interactions"),
        params:
            **params_of_analysis(analysis, options),
        script:
            "../scripts/plot_figures.py"
