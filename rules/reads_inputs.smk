# What the rules of reads.smk ask of the configuration and the sheets of samples.

READS = f"{RESULTS}/reads/{{reads}}/{{task}}"


def alignments_to_keep(path):
    """Mark filtered alignments as temporary unless the configuration keeps them."""
    return path if config["keep_alignments"] else temp(path)


def reads_options(wildcards):
    """Return the options of a set of reads."""
    return config["reads"][wildcards.reads]


def lock_path(reads):
    """Return the lock of a set of reads, which has the name of its sheet: where it is, or where it is to be."""
    return locate_or_not(f"{ACCESSIONS}/{Path(config['reads'][reads]['samples']).stem}.tsv")


def lock_accessions(lock):
    """Return the accessions of all sheets whose lock this is."""
    sheets = [sheet for reads, sheet in SAMPLE_SHEETS.items() if lock_path(reads) == lock]
    return sorted({accession for sheet in sheets for accession in sheet.accessions})


def lock_files(reads):
    """Return the files in the lock of a set of reads; none without a lock."""
    lock = lock_path(reads)
    return read_lock(lock) if Path(lock).is_file() else []


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


def replicate_rows(wildcards):
    """Return the rows of a replicate in its sheet of samples, one for each lane."""
    return samples_of(wildcards.reads)[wildcards.task][wildcards.replicate]


def lane_files(wildcards):
    """Return the FASTQ files of a lane: paths of its own, or those fetched for its accession."""
    row = replicate_rows(wildcards)[int(wildcards.lane) - 1]
    if not row.get("accession"):
        return fastq_sources(row)
    folder = f"{READS}/fastq/{{replicate}}".format(**wildcards)
    return [f"{folder}/{wildcards.lane}_R{end}.fastq.gz" for end in (1, 2) if row.get(f"fastq_{end}")]


def lane_sources(wildcards):
    """Return what a lane's files are made by: themselves, or the folder that is fetched for its accession."""
    row = replicate_rows(wildcards)[int(wildcards.lane) - 1]
    return f"{READS}/fastq/{{replicate}}".format(**wildcards) if row.get("accession") else fastq_sources(row)


def fetched_lanes(wildcards):
    """Return the numbers, from 1, and the rows of the lanes of a replicate that an accession names."""
    rows = enumerate(replicate_rows(wildcards), start=1)
    return [(lane, row) for lane, row in rows if row.get("accession")]


def is_paired(wildcards):
    """Tell whether a replicate's reads are paired."""
    return replicate_rows(wildcards)[0]["ends"] == "paired"


def is_atac(wildcards):
    """Tell whether a replicate is ATAC-seq."""
    return replicate_rows(wildcards)[0]["assay"] == "ATAC-seq"


def replicates_of(wildcards):
    """Return the names of a task's replicates."""
    return list(samples_of(wildcards.reads)[wildcards.task])


def lines_a_unit(reads, task, replicate):
    """Return the number of tags that stay together: 2 for paired ends."""
    return 1 + (samples_of(reads)[task][replicate][0]["ends"] == "paired")


def used_reads():
    """Return the sets of reads whose peaks a dataset uses: through a sheet's column reads, or as a source."""
    named = {row.get("reads") for rows in SHEETS.values() for row in rows}
    sources = repr(config["datasets"])
    return [reads for reads in config["reads"] if reads in named or f"{{results}}/reads/{reads}/" in sources]


def genome_of_reads(suffix=""):
    """Return a function that gives a file of the genome that reads are mapped to."""
    return lambda wildcards: f"{RESULTS}/genomes/{reads_options(wildcards)['genome']}{suffix}"


def trimmed_files(ends):
    """Return a function that lists the trimmed files of some ends of a replicate, a file for each lane."""
    return lambda wildcards: [
        f"{READS}/trimmed/{{replicate}}.{lane}_R{end}.fastq.gz".format(**wildcards)
        for end in ends
        if end == 1 or is_paired(wildcards)
        for lane in range(1, len(replicate_rows(wildcards)) + 1)
    ]


def library_replicates(library, replicates):
    """Return the replicates whose tags make a library: all of them for the pooled one."""
    return replicates if library == "pooled" else [library]


def library_tags(wildcards):
    """Return the tagAlign files that make a pooled library, or that are split into its halves."""
    names = library_replicates(wildcards.replicate, replicates_of(wildcards))
    return [f"{READS}/tags/{name}.tagAlign.gz".format(**wildcards) for name in names]


def replicate_pairs(wildcards):
    """Return all pairs of a task's replicates, as their comparison is called."""
    names = replicates_of(wildcards)
    return [f"{one}_vs_{other}" for number, one in enumerate(names) for other in names[number + 1 :]]


def comparisons_of(wildcards):
    """Return the comparisons of a task's libraries: pairs of replicates, and halves of each and of all."""
    halves = [f"{name}.pr1_vs_{name}.pr2" for name in ("pooled", *replicates_of(wildcards))]
    return replicate_pairs(wildcards) + halves


def reference_library(wildcards):
    """Return the library whose peaks are compared: the halved replicate itself, else the pooled one."""
    halved = wildcards.first.removesuffix(".pr1")
    return halved if halved != wildcards.first else "pooled"


def optional_source(role):
    """Return a function that gives a source of a set of reads, or nothing."""

    def source(wildcards):
        location = reads_options(wildcards).get(role)
        return {role: source_path(location)} if location else {}

    return source


def need(*programs):
    """Return shell commands that end with a sentence when a program is missing."""
    return "".join(
        f"command -v {program} > /dev/null || {{{{ echo \"error: {program} was not found: 'bash envs/install.sh' "
        f"installs what reads need where apt-get is there, and 'snakemake --sdm conda' brings it with conda.\" "
        f"| tee {{log}} >&2; exit 1; }}}}; "
        for program in programs
    )
