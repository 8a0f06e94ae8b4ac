# From accessions to files: what the portals say is kept in a lock, which is read again without a network.


# What is not there yet is asked for once, in the run that needs it.
checkpoint resolve_accessions:
    output:
        f"{ACCESSIONS}/{{lock}}.tsv",
    log:
        f"{LOGS}/resolve_accessions/{{lock}}.log",
    wildcard_constraints:
        lock=one_of([Path(lock_path(reads)).stem for reads in SAMPLE_SHEETS]),
    localrule: True
    conda:
        "../envs/dfim.yaml"
    params:
        queries={},
        locks=lambda wildcards, output: {output[0]: lock_accessions(output[0])},
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
        locks={
            lock_path(reads): lock_accessions(lock_path(reads))
            for reads, sheet in SAMPLE_SHEETS.items()
            if sheet.accessions
        },
        queries={
            locate_or_not(query_sheet(name)): query | {"name": name, "beside": locate(query["beside"])}
            for name, query in config["queries"].items()
        },
        schema=f"{SCHEMAS}/tasks.schema.yaml",
    script:
        "../scripts/resolve_accessions.py"


# All files of a replicate are fetched and used before those of the next: fetching has the lowest priority of what counts
# as work on a replicate, and profiles limit the replicates in work. It waits for the index, without which nothing is used.
rule fetch_reads:
    input:
        ancient(genome_of_reads(".bowtie2")),
    output:
        temp(directory(f"{READS}/fastq/{{replicate}}")),
    log:
        f"{LOGS}/fetch_reads/{{reads}}/{{task}}/{{replicate}}.log",
    priority: 1
    localrule: True
    conda:
        "../envs/dfim.yaml"
    resources:
        replicates_in_work=1,
    params:
        files=lambda wildcards: {
            f"{lane}_R{end}.fastq.gz": {
                "location": row[f"fastq_{end}"],
                "md5": row[f"md5_{end}"],
                "size": row[f"bytes_{end}"],
            }
            for lane, row in fetched_lanes(wildcards)
            for end in (1, 2)
            if row.get(f"fastq_{end}")
        },
    script:
        "../scripts/fetch_reads.py"
