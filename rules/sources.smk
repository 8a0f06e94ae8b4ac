# What enters from outside: downloads, checked copies, genomes, and the miniature genome.


# Everything that is to be fetched, e.g. on a login node before jobs start on nodes without internet.
rule sources:
    input:
        [f"{RESULTS}/sources/{name}" for name in FETCHED],
    localrule: True


# Prints every source and where it stands; fetches nothing.
rule list_sources:
    log:
        f"{LOGS}/list_sources.log",
    localrule: True
    conda:
        "../envs/dfim.yaml"
    params:
        sources=FETCHED,
        folder=f"{RESULTS}/sources",
    script:
        "../scripts/list_sources.py"


rule fetch_source:
    output:
        f"{RESULTS}/sources/{{name}}",
    log:
        f"{LOGS}/fetch_source/{{name}}.log",
    wildcard_constraints:
        name=one_of(FETCHED),
    localrule: True
    conda:
        "../envs/dfim.yaml"
    params:
        source=lambda wildcards: FETCHED[wildcards.name],
    script:
        "../scripts/fetch_source.py"


rule select_count_peaks:
    input:
        lambda wildcards: COUNT_PEAKS[wildcards.name]["matrix"],
    output:
        f"{RESULTS}/count_peaks/{{name}}",
    log:
        f"{LOGS}/select_count_peaks/{{name}}.log",
    benchmark:
        f"{BENCHMARKS}/select_count_peaks/{{name}}.tsv"
    wildcard_constraints:
        name=one_of(COUNT_PEAKS),
    conda:
        "../envs/dfim.yaml"
    params:
        samples=lambda wildcards: COUNT_PEAKS[wildcards.name]["samples"],
        least=lambda wildcards: COUNT_PEAKS[wildcards.name]["least"],
    script:
        "../scripts/select_count_peaks.py"


# The table of a dataset of variants, out of a worksheet as it was published.
rule read_worksheet:
    input:
        lambda wildcards: source_path(dataset_options(wildcards)["table"]),
    output:
        f"{RESULTS}/worksheets/{{dataset}}.tsv",
    log:
        f"{LOGS}/read_worksheet/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/read_worksheet/{{dataset}}.tsv"
    conda:
        "../envs/dfim.yaml"
    params:
        worksheet=lambda wildcards: dataset_options(wildcards)["worksheet"],
        columns=lambda wildcards: [name for name in dataset_options(wildcards)["columns"].values() if name],
    script:
        "../scripts/read_worksheet.py"


# One rule for each planted genome, because its grammar decides which peak files it comes with.
for planted in PLANTED:

    rule:
        name:
            f"plant_genome_{planted}"
        input:
            grammar=PLANTED[planted],
        output:
            **planted_files(planted),
        log:
            f"{LOGS}/plant_genome/{planted}.log",
        benchmark:
            f"{BENCHMARKS}/plant_genome/{planted}.tsv"
        conda:
            "../envs/dfim.yaml"
        params:
            seed=config["seed"],
        script:
            "../scripts/plant_genome.py"


rule plant_library:
    input:
        design=lambda wildcards: LIBRARIES[wildcards.library],
    output:
        **library_files("{library}"),
    log:
        f"{LOGS}/plant_library/{{library}}.log",
    benchmark:
        f"{BENCHMARKS}/plant_library/{{library}}.tsv"
    conda:
        "../envs/dfim.yaml"
    params:
        seed=config["seed"],
    script:
        "../scripts/plant_library.py"


rule prepare_genome:
    input:
        fasta=lambda wildcards: (
            f"{RESULTS}/planted/{wildcards.genome}/genome.fa"
            if wildcards.genome in PLANTED
            else source_path(config["genomes"][wildcards.genome]["fasta"], "fasta")
        ),
    output:
        fasta=f"{RESULTS}/genomes/{{genome}}.fa",
        fai=f"{RESULTS}/genomes/{{genome}}.fa.fai",
        sizes=f"{RESULTS}/genomes/{{genome}}.fa.sizes",
    log:
        f"{LOGS}/prepare_genome/{{genome}}.log",
    benchmark:
        f"{BENCHMARKS}/prepare_genome/{{genome}}.tsv"
    conda:
        "../envs/dfim.yaml"
    params:
        assembly=lambda wildcards: config["genomes"][wildcards.genome].get("assembly"),
    script:
        "../scripts/prepare_genome.py"
