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
        tasks=TASKS,
        times=[1, 10],
        lanes=lambda wildcards: {reads: lanes_of(reads) for reads in used_reads()},
        genomes=lambda wildcards: sorted({config["reads"][reads]["genome"] for reads in used_reads()}),
        builders={
            name: BUILDERS[producer] for name, options in config["datasets"].items() for producer in options
        },
    script:
        "../scripts/write_plan.py"
