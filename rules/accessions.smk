# From accessions to files: what the portals say is kept in a lock, which is read again without a network.

ACCESSIONS = config["accessions"]["folder"].rstrip("/")


def lock_path(reads):
    """Return the lock of a set of reads, which has the name of its sheet: where it is, or where it is to be."""
    return locate_or_not(f"{ACCESSIONS}/{Path(config['reads'][reads]['samples']).stem}.tsv")


def locate_or_not(path):
    """Find a file in the working directory or beside the Snakefile; what is in neither is the former's."""
    found = locate(path)
    return found if Path(found).exists() else path


@cache
def expanded_samples(reads, lock, modified):
    """Return the rows of a sheet by task and replicate, with those of its lock; a lock may change in a run."""
    try:
        return SAMPLE_SHEETS[reads].samples(by_accession(read_lock(lock)) if lock else {})
    except InputError as error:
        raise WorkflowError(str(error)) from None


def samples_of(reads):
    """Return the rows of a set of reads by task and replicate; those of accessions once they are resolved."""
    if not SAMPLE_SHEETS[reads].accessions:
        return expanded_samples(reads, "", 0)
    lock = Path(lock_path(reads))
    if not lock.is_file():
        checkpoints.resolve_accessions.get(lock=lock.stem)
    return expanded_samples(reads, str(lock), lock.stat().st_mtime_ns)


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
        locks=lambda wildcards, output: {
            output[0]: sorted(
                {
                    accession
                    for reads, sheet in SAMPLE_SHEETS.items()
                    if Path(lock_path(reads)).stem == wildcards.lock
                    for accession in sheet.accessions
                }
            )
        },
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
        locks={lock_path(reads): sheet.accessions for reads, sheet in SAMPLE_SHEETS.items() if sheet.accessions},
    script:
        "../scripts/resolve_accessions.py"


def fetched_lanes(wildcards):
    """Return the numbers, from 1, and the rows of the lanes of a replicate that an accession names."""
    rows = enumerate(replicate_rows(wildcards), start=1)
    return [(lane, row) for lane, row in rows if row.get("accession")]


# All files of a replicate are fetched and used before those of the next: fetching has the lowest priority of what counts
# as work on a replicate, and profiles limit the replicates in work. It waits for the index, without which nothing is used.
rule fetch_reads:
    input:
        ancient(genome_of_reads(".bowtie2")),
    output:
        temp(directory(f"{READS}/fastq/{{replicate}}")),
    log:
        f"{LOGS}/fetch_reads/{{reads}}/{{task}}/{{replicate}}.log",
    localrule: True
    priority: 1
    resources:
        replicates_in_work=1,
    conda:
        "../envs/dfim.yaml"
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
