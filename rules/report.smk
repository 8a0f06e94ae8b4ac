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
        reproduction=report(
            f"{RESULTS}/reproduction.tsv", caption="../docs/captions/claims.rst", category="claims"
        ),
        data_checks=report(
            f"{RESULTS}/data_checks.tsv", caption="../docs/captions/claims.rst", category="claims"
        ),
    log:
        f"{LOGS}/write_reproduction.log",
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("write_reproduction"),
    params:
        folder=lambda wildcards, output: str(Path(output[0]).parent),
        cannot_show=config["cannot_show"],
    script:
        "../scripts/write_reproduction.py"


# All that was asked and found, in one file to open in a browser.
rule write_page:
    input:
        places.dataset_targets(config),
        places.model_targets(config),
        places.interaction_targets(config),
        places.scan_targets(config),
        places.networks_targets(config),
        places.null_check_targets(config),
        places.figure_targets(config, SHEETS),
        places.claims_targets(config),
        citation=ROOT / "CITATION.cff",
    output:
        report(
            places.page_file(config),
            caption="../docs/captions/page.rst",
            category="The page of the run",
        ),
    log:
        f"{LOGS}/write_page.log",
    conda:
        "../envs/dfim.yaml"
    # One for the pictures.
    threads: 2
    resources:
        **demanded("write_page"),
    params:
        contents=page_contents(config, SHEETS, WHERE),
        logs=LOGS,
        seed=config["seed"],
    script:
        "../scripts/write_page.py"
