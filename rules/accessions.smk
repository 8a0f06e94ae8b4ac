# From accessions to files: what the portals say is kept in a lock, which is read again without a network.

LOCKS = locks_of(SHEETS.samples)


# What is not there yet is asked for once, in the run that needs it.
checkpoint resolve_accessions:
    output:
        f"{locks_folder(config)}/{{lock}}.tsv",
    log:
        f"{LOGS}/resolve_accessions/{{lock}}.log",
    wildcard_constraints:
        lock=one_of([Path(lock).stem for lock in LOCKS]),
    localrule: True
    conda:
        "../envs/dfim.yaml"
    params:
        locks=lambda wildcards, output: {output[0]: LOCKS[output[0]]},
        queries={},
    script:
        "../scripts/resolve_accessions.py"


# Asks the portals again, shows what changed, and writes the locks. Nothing else does so.
rule accessions:
    log:
        f"{LOGS}/accessions.log",
    localrule: True
    conda:
        "../envs/dfim.yaml"
    params:
        locks=LOCKS,
        queries={
            located_or_new(path): config["queries"][name]
            | {"name": name, "beside": locate(config["queries"][name]["beside"])}
            for path, name in query_sheets(config).items()
        },
    script:
        "../scripts/resolve_accessions.py"


# All files of a replicate are fetched and used before those of the next: fetching has the lowest priority of what counts
# as work on a replicate, and profiles limit the replicates in work. It waits for the index, without which nothing is used.
rule fetch_reads:
    input:
        ancient(REPLICATES.genome_file(".bowtie2")),
    output:
        temp(directory(places.fetched_folder(RESULTS, "{reads}", "{task}", "{replicate}"))),
    log:
        f"{LOGS}/fetch_reads/{{reads}}/{{task}}/{{replicate}}.log",
    priority: 1
    localrule: True
    conda:
        "../envs/dfim.yaml"
    resources:
        replicates_in_work=1,
    params:
        files=REPLICATES.to_fetch,
    script:
        "../scripts/fetch_reads.py"
