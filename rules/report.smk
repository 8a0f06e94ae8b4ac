# What the run found, claim by claim.


rule write_reproduction:
    input:
        tables=places.dataset_targets(config)
        + places.model_targets(config)
        + places.interaction_targets(config)
        + places.twin_targets(config)
        + places.null_check_targets(config),
        claims=[locate(path) for path in config["claims"]],
    output:
        reproduction=report(f"{RESULTS}/reproduction.tsv", category="reproduction"),
        data_checks=report(f"{RESULTS}/data_checks.tsv", category="reproduction"),
    log:
        f"{LOGS}/write_reproduction.log",
    benchmark:
        f"{BENCHMARKS}/write_reproduction.tsv"
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("write_reproduction"),
    params:
        folder=lambda wildcards, output: str(Path(output[0]).parent),
        cannot_show=config["cannot_show"],
    script:
        "../scripts/write_reproduction.py"
