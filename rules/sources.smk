# What enters from outside: downloads, checked copies, genomes, and the miniature genome.


# Everything that is to be fetched, e.g. on a login node before jobs start on nodes without internet.
rule sources:
    input:
        [f"{RESULTS}/sources/{name}" for name in SOURCES.fetched],
    localrule: True


# Prints every source and where it stands; fetches nothing.
rule list_sources:
    log:
        f"{LOGS}/list_sources.log",
    localrule: True
    conda:
        "../envs/dfim.yaml"
    params:
        sources=SOURCES.fetched,
        folder=f"{RESULTS}/sources",
    script:
        "../scripts/list_sources.py"


rule fetch_source:
    output:
        f"{RESULTS}/sources/{{name}}",
    log:
        f"{LOGS}/fetch_source/{{name}}.log",
    wildcard_constraints:
        name=one_of(SOURCES.fetched),
    localrule: True
    conda:
        "../envs/dfim.yaml"
    params:
        source=lambda wildcards: SOURCES.fetched[wildcards.name],
    script:
        "../scripts/fetch_source.py"


rule select_count_peaks:
    input:
        matrix=lambda wildcards: SOURCES.count_peaks[wildcards.name].matrix.path,
        sizes=lambda wildcards: SOURCES.count_peaks[wildcards.name].sizes,
    output:
        f"{RESULTS}/count_peaks/{{name}}",
    log:
        f"{LOGS}/select_count_peaks/{{name}}.log",
    wildcard_constraints:
        name=one_of(SOURCES.count_peaks),
    conda:
        "../envs/dfim.yaml"
    params:
        samples=lambda wildcards: SOURCES.count_peaks[wildcards.name].samples,
        least=lambda wildcards: SOURCES.count_peaks[wildcards.name].least,
    script:
        "../scripts/select_count_peaks.py"


# The table of a dataset of variants, out of a worksheet as it was published.
rule read_worksheet:
    input:
        lambda wildcards: SOURCES.datasets[wildcards.dataset]["workbook"],
    output:
        places.worksheet_file(RESULTS, "{dataset}"),
    log:
        f"{LOGS}/read_worksheet/{{dataset}}.log",
    conda:
        "../envs/dfim.yaml"
    params:
        options=LOOKUPS.dataset_options,
    script:
        "../scripts/read_worksheet.py"


# One rule for each planted genome, because its grammar decides which peak files it comes with.
for planted in SHEETS.peaks:

    rule:
        name:
            f"plant_genome_{planted}"
        input:
            grammar=locate(config["genomes"][planted]["planted"]),
        output:
            **places.planted_files(RESULTS, planted, SHEETS.peaks[planted]),
        log:
            f"{LOGS}/plant_genome/{planted}.log",
        priority: FIRST
        conda:
            "../envs/dfim.yaml"
        params:
            seed=config["seed"],
        script:
            "../scripts/plant_genome.py"


rule plant_library:
    input:
        design=lambda wildcards: locate(config["libraries"][wildcards.library]),
    output:
        **places.library_files(RESULTS, "{library}"),
    log:
        f"{LOGS}/plant_library/{{library}}.log",
    priority: FIRST
    conda:
        "../envs/dfim.yaml"
    params:
        seed=config["seed"],
    script:
        "../scripts/plant_library.py"


rule prepare_genome:
    input:
        fasta=lambda wildcards: SOURCES.genomes[wildcards.genome],
    output:
        **places.genome_files(RESULTS, "{genome}"),
    log:
        f"{LOGS}/prepare_genome/{{genome}}.log",
    priority: FIRST
    conda:
        "../envs/dfim.yaml"
    params:
        assembly=lambda wildcards: config["genomes"][wildcards.genome].get("assembly"),
    script:
        "../scripts/prepare_genome.py"
