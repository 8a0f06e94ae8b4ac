# What the rules of reads.smk ask of the configuration and the sheets of samples.

READS = f"{RESULTS}/reads/{{reads}}/{{task}}"


def reads_options(wildcards):
    """Return the options of a set of reads."""
    return config["reads"][wildcards.reads]


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
