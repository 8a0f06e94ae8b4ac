# From reads to peaks: trim, align, filter, tags, MACS, and what replicates agree on. A task whose sheet row names
# reads gets its peaks here, and nothing downstream notices.

INDEX = f"{RESULTS}/genomes/{{genome}}.bowtie2"
FILTERED = f"{READS}/aligned/{{replicate}}.filtered.bam"


wildcard_constraints:
    reads=one_of(config["reads"]),
    replicate="[A-Za-z0-9]+",
    lane=r"\d+",
    library=r"[A-Za-z0-9]+(\.pr[12])?",


# One rule for each simulated replicate, because its design decides which files it has.
for simulated in config["simulated_reads"]:

    rule:
        name:
            f"simulate_reads_{simulated}"
        input:
            fasta=f"{RESULTS}/genomes/{config['simulated_reads'][simulated]['genome']}.fa",
            index=f"{RESULTS}/genomes/{config['simulated_reads'][simulated]['genome']}.fa.fai",
            peaks=f"{RESULTS}/planted/{config['simulated_reads'][simulated]['genome']}/peaks/"
            f"{config['simulated_reads'][simulated]['peaks']}.narrowPeak.gz",
        output:
            fastqs=sum(places.simulated_fastqs(RESULTS, simulated, config["simulated_reads"][simulated]), []),
            truth=f"{RESULTS}/simulated_reads/{simulated}.truth.tsv.gz",
        log:
            f"{LOGS}/simulate_reads/{simulated}.log",
        conda:
            "../envs/dfim.yaml"
        params:
            name=simulated,
            design=config["simulated_reads"][simulated],
            seed=config["seed"],
        script:
            "../scripts/simulate_reads.py"


rule trim_reads:
    input:
        REPLICATES.lane,
    output:
        reads=temp(f"{READS}/trimmed/{{replicate}}.{{lane}}_R1.fastq.gz"),
        mates=temp(f"{READS}/trimmed/{{replicate}}.{{lane}}_R2.fastq.gz"),
        report=f"{READS}/trimmed/{{replicate}}.{{lane}}.cutadapt.json",
        counts=f"{READS}/trimmed/{{replicate}}.{{lane}}.tsv",
    log:
        f"{LOGS}/trim_reads/{{reads}}/{{task}}/{{replicate}}.{{lane}}.log",
    priority: 2
    conda:
        "../envs/trimming.yaml"
    threads: 4
    resources:
        **demanded("trim_reads"),
        replicates_in_work=1,
    params:
        files=REPLICATES.fastqs,
        checksums=REPLICATES.checksums,
        adapter=REPLICATES.adapter,
    script:
        "../scripts/trim_reads.py"


rule index_genome:
    input:
        f"{RESULTS}/genomes/{{genome}}.fa",
    output:
        directory(INDEX),
    log:
        f"{LOGS}/index_genome/{{genome}}.log",
    benchmark:
        f"{BENCHMARKS}/index_genome/{{genome}}.tsv"
    conda:
        "../envs/alignment.yaml"
    threads: 8
    resources:
        **demanded("index_genome"),
    params:
        seed=config["seed"],
    shell:
        need("bowtie2-build") + "mkdir {output} && "
        "bowtie2-build --threads {threads} --seed {params.seed} {input} {output}/genome > {log} 2>&1"


rule align_reads:
    input:
        index=REPLICATES.genome_file(".bowtie2"),
        reads=REPLICATES.trimmed(1),
        mates=REPLICATES.trimmed(2),
    output:
        bam=temp(f"{READS}/aligned/{{replicate}}.bam"),
        summary=f"{READS}/aligned/{{replicate}}.bowtie2.txt",
    log:
        f"{LOGS}/align_reads/{{reads}}/{{task}}/{{replicate}}.log",
    benchmark:
        f"{BENCHMARKS}/align_reads/{{reads}}/{{task}}/{{replicate}}.tsv"
    priority: 3
    conda:
        "../envs/alignment.yaml"
    threads: 8
    resources:
        **demanded("align_reads"),
        replicates_in_work=1,
    params:
        files=lambda wildcards, input: (
            f"-1 {','.join(input.reads)} -2 {','.join(input.mates)}"
            if REPLICATES.is_paired(wildcards)
            else f"-U {','.join(input.reads)}"
        ),
        seed=config["seed"],
    shell:
        # --reorder: the same file whatever the number of threads.
        need("bowtie2", "samtools") + "set -o pipefail; "
        "(bowtie2 --local -X 2000 -k 4 --reorder --mm --seed {params.seed} --threads {threads} "
        "-x {input.index}/genome {params.files} 2> {output.summary} "
        "| samtools view -b -o {output.bam} -) 2> {log}"


rule filter_reads:
    input:
        rules.align_reads.output.bam,
    output:
        **({"bam": FILTERED} if config["keep_alignments"] else {"bam": temp(FILTERED)}),
        mapped=f"{READS}/aligned/{{replicate}}.flagstat.tsv",
        marked=temp(f"{READS}/aligned/{{replicate}}.marked.bam"),
    log:
        f"{LOGS}/filter_reads/{{reads}}/{{task}}/{{replicate}}.log",
    benchmark:
        f"{BENCHMARKS}/filter_reads/{{reads}}/{{task}}/{{replicate}}.tsv"
    priority: 4
    conda:
        "../envs/samtools.yaml"
    threads: 4
    resources:
        **demanded("filter_reads"),
        replicates_in_work=1,
        sort_mb=800,
    params:
        proper=lambda wildcards: "-f 2" if REPLICATES.is_paired(wildcards) else "",
        quality=REPLICATES.option("minimum_quality"),
    shell:
        # 1804: unmapped, mate unmapped, secondary, failed, duplicate. fixmate needs mates side by side, and what lost
        # its mate goes in the second filter. Single reads must not pass fixmate, which loses the last of them
        # (samtools 1.16).
        need("samtools") + "set -o pipefail; "
        'join_mates() {{ if [ -z "{params.proper}" ]; then cat; else '
        "samtools sort -n -u -@ {threads} -m {resources.sort_mb}M -T {output.marked}.names - "
        "| samtools fixmate -m -r -u - - | samtools view -u -F 1804 {params.proper} -; fi; }}; ("
        "samtools flagstat -O tsv {input} > {output.mapped}; "
        "samtools view -u -F 1804 {params.proper} -q {params.quality} {input} | join_mates "
        "| samtools sort -u -@ {threads} -m {resources.sort_mb}M -T {output.marked}.sorted - "
        "| samtools markdup -T {output.marked}.markdup - {output.marked}; "
        "samtools view -b -F 1804 -o {output.bam} {output.marked}) 2> {log}"


rule make_tags:
    input:
        rules.filter_reads.output.marked,
    output:
        tags=f"{READS}/tags/{{replicate}}.tagAlign.gz",
        counts=f"{READS}/tags/{{replicate}}.counts.tsv",
    log:
        f"{LOGS}/make_tags/{{reads}}/{{task}}/{{replicate}}.log",
    wildcard_constraints:
        replicate="(?!pooled)[A-Za-z0-9]+",
    priority: 5
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("make_tags"),
        replicates_in_work=1,
    params:
        paired=REPLICATES.is_paired,
        shifted=REPLICATES.is_atac,
        mitochondria=REPLICATES.option("mitochondria"),
        subsample=REPLICATES.subsample,
        fewest=REPLICATES.option("fewest"),
        seed=config["seed"],
    script:
        "../scripts/make_tags.py"


rule pool_tags:
    input:
        REPLICATES.tags,
    output:
        temp(f"{READS}/tags/pooled.tagAlign.gz"),
    log:
        f"{LOGS}/pool_tags/{{reads}}/{{task}}.log",
    conda:
        "../envs/samtools.yaml"
    resources:
        **demanded("pool_tags"),
    shell:
        "cat {input} > {output} 2> {log}"


rule split_tags:
    input:
        REPLICATES.library_tags,
    output:
        first=temp(f"{READS}/tags/{{replicate}}.pr1.tagAlign.gz"),
        second=temp(f"{READS}/tags/{{replicate}}.pr2.tagAlign.gz"),
    log:
        f"{LOGS}/split_tags/{{reads}}/{{task}}/{{replicate}}.log",
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("split_tags"),
    params:
        lines=REPLICATES.library_units,
        seed=config["seed"],
    script:
        "../scripts/split_tags.py"


rule call_peaks:
    input:
        tags=f"{READS}/tags/{{library}}.tagAlign.gz",
        sizes=REPLICATES.genome_file(".fa.sizes"),
    output:
        peaks=f"{READS}/peaks/{{library}}.narrowPeak.gz",
        caller=f"{READS}/peaks/{{library}}.caller.tsv",
    log:
        f"{LOGS}/call_peaks/{{reads}}/{{task}}/{{library}}.log",
    conda:
        "../envs/macs.yaml"
    resources:
        **demanded("call_peaks"),
    params:
        options=REPLICATES.chosen_options("genome_size", "p_threshold", "window", "maximum_peaks"),
    script:
        "../scripts/call_peaks.py"


rule compare_libraries:
    input:
        unpack(REPLICATES.optional_source("blacklist")),
        first=f"{READS}/peaks/{{first}}.narrowPeak.gz",
        second=f"{READS}/peaks/{{second}}.narrowPeak.gz",
        reference=REPLICATES.reference_peaks,
        sizes=REPLICATES.genome_file(".fa.sizes"),
    output:
        peaks=f"{READS}/reproducible/{{first}}_vs_{{second}}.narrowPeak.gz",
        summary=f"{READS}/reproducible/{{first}}_vs_{{second}}.tsv",
    log:
        f"{LOGS}/compare_libraries/{{reads}}/{{task}}/{{first}}_vs_{{second}}.log",
    wildcard_constraints:
        first=r"[A-Za-z0-9]+(\.pr1)?",
        second=r"[A-Za-z0-9]+(\.pr2)?",
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("compare_libraries"),
    params:
        method=REPLICATES.option("reproducibility"),
        threshold=REPLICATES.option("idr_threshold"),
    script:
        "../scripts/compare_libraries.py"


rule select_peaks:
    input:
        peaks=REPLICATES.compared(".narrowPeak.gz"),
        summaries=REPLICATES.compared(".tsv"),
        sizes=REPLICATES.genome_file(".fa.sizes"),
    output:
        peaks=f"{READS}/peaks.narrowPeak.gz",
        reproducibility=f"{READS}/reproducibility.tsv",
    log:
        f"{LOGS}/select_peaks/{{reads}}/{{task}}.log",
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("select_peaks"),
    params:
        method=REPLICATES.option("reproducibility"),
        pairs=REPLICATES.number_of_pairs,
    script:
        "../scripts/select_peaks.py"


rule measure_quality:
    input:
        unpack(REPLICATES.optional_source("tss")),
        trimmed=REPLICATES.trimmed_counts,
        mapped=REPLICATES.each("aligned/{name}.flagstat.tsv"),
        counts=REPLICATES.each("tags/{name}.counts.tsv"),
        tags=REPLICATES.tags,
        peaks=rules.select_peaks.output.peaks,
        reproducibility=rules.select_peaks.output.reproducibility,
    output:
        quality=f"{READS}/quality.tsv",
        distributions=f"{READS}/distributions.tsv.gz",
    log:
        f"{LOGS}/measure_quality/{{reads}}/{{task}}.log",
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("measure_quality"),
    params:
        replicates=REPLICATES.shapes,
        thresholds=REPLICATES.option("warn"),
    script:
        "../scripts/measure_quality.py"


rule plot_quality:
    input:
        quality=rules.measure_quality.output.quality,
        distributions=rules.measure_quality.output.distributions,
        reproducibility=rules.select_peaks.output.reproducibility,
    output:
        **figure_outputs(
            f"{RESULTS}/figures/reads/{{reads}}/{{task}}", {"quality": {}}, "reads", "reads", "task"
        ),
    log:
        f"{LOGS}/plot_quality/{{reads}}/{{task}}.log",
    conda:
        "../envs/dfim.yaml"
    params:
        captions=captions_of({"quality": {}}),
    script:
        "../scripts/plot_quality.py"
