# What a run takes: jobs, core-hours, memory, disk, and ten times as much. Computes nothing else.
rule plan:
    output:
        jobs=f"{RESULTS}/plan/jobs.tsv",
        datasets=f"{RESULTS}/plan/datasets.tsv",
    log:
        f"{LOGS}/plan.log",
    localrule: True
    conda:
        "../envs/dfim.yaml"
    params:
        configuration=config,
        tasks=tasks_of_datasets(config, SHEETS.tasks),
        times=[1, 10],
        samples=lambda wildcards: {
            reads: SIZES.reads.lanes(reads) for reads in places.used_reads(config, SHEETS)
        },
    script:
        "../scripts/write_plan.py"
