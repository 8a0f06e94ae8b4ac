# What is found, as files that other programs read (scripts/workflow/exports.py says which are made).

EXPORTS = exports.exports_folder(RESULTS, "{analysis}", "{model}", "{task}")


rule export_pairs:
    input:
        tests=rules.judge_pairs.output.tests,
    output:
        bedpe=f"{EXPORTS}/called_pairs.bedpe",
    log:
        f"{LOGS}/export_pairs/{{analysis}}/{{model}}/{{task}}.log",
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("export_pairs"),
    script:
        "../scripts/export_pairs.py"


rule export_tracks:
    input:
        unpack(LOOKUPS.analysis_dataset),
        unpack(LOOKUPS.sizes_of_genome),
        graph=MODEL["graph"],
        selection=rules.select_examples.output[0],
    output:
        bigwig=f"{EXPORTS}/{{method}}/contributions.bw",
        bedgraph=f"{EXPORTS}/{{method}}/contributions.bedgraph.gz",
    log:
        f"{LOGS}/export_tracks/{{analysis}}/{{model}}/{{task}}/{{method}}.log",
    conda:
        "../envs/dfim.yaml"
    threads: 1
    resources:
        **demanded("export_tracks"),
    params:
        **LOOKUPS.export_params(),
    script:
        "../scripts/export_contributions.py"


use rule export_tracks as export_modisco with:
    input:
        unpack(LOOKUPS.analysis_dataset),
        graph=MODEL["graph"],
        selection=rules.select_examples.output[0],
    output:
        sequences=f"{EXPORTS}/{{method}}/modisco_sequences.npz",
        attributions=f"{EXPORTS}/{{method}}/modisco_attributions.npz",
    log:
        f"{LOGS}/export_modisco/{{analysis}}/{{model}}/{{task}}/{{method}}.log",
    resources:
        **demanded("export_modisco"),


rule export_maps:
    input:
        sources=f"{INTERACTIONS}/sources.tsv.gz",
        profiles=f"{INTERACTIONS}/profiles.h5",
    output:
        maps=f"{EXPORTS}/{{method}}/maps.npz",
    log:
        f"{LOGS}/export_maps/{{analysis}}/{{model}}/{{task}}/{{method}}.log",
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("export_maps"),
    script:
        "../scripts/export_maps.py"
