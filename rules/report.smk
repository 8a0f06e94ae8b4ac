# What the run found, claim by claim.


rule write_reproduction:
    input:
        tables=dataset_outputs() + model_files() + interaction_files(),
        claims=locate(config["claims"]) if config["claims"] else [],
    output:
        f"{RESULTS}/reproduction.tsv",
    log:
        f"{LOGS}/write_reproduction.log",
    benchmark:
        f"{BENCHMARKS}/write_reproduction.tsv"
    params:
        folder=RESULTS,
        cannot_show=config["cannot_show"],
    conda:
        "../envs/dfim.yaml"
    script:
        "../scripts/write_reproduction.py"
