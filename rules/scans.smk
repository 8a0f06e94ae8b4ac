# Grammar scans: motifs put into many sequences, in which a network alone is asked.


rule scan_motifs:
    input:
        unpack(LOOKUPS.scan_sequences),
        graph=MODEL["graph"],
    output:
        scan=places.scan_file(RESULTS, "{scan}", "{model}", "{task}"),
    log:
        f"{LOGS}/scan_motifs/{{scan}}/{{model}}/{{task}}.log",
    conda:
        "../envs/dfim.yaml"
    threads: threads_of("scan_motifs")
    resources:
        **demanded("scan_motifs"),
    params:
        **LOOKUPS.scan_params(),
    script:
        "../scripts/scan_motifs.py"


rule plot_scan:
    input:
        scan=rules.scan_motifs.output.scan,
    output:
        **figure_outputs(
            places.scan_figures(RESULTS, "{scan}", "{model}", "{task}"),
            {"scan": {}},
            "scans",
            "scan",
            "model",
            "task",
        ),
    log:
        f"{LOGS}/plot_scan/{{scan}}/{{model}}/{{task}}.log",
    conda:
        "../envs/dfim.yaml"
    resources:
        **demanded("plot_scan"),
    params:
        **figure_params({"scan": {}}, "scan {scan}, model {model}, task {task}"),
    script:
        "../scripts/plot_figures.py"
