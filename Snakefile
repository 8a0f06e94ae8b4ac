# Deep Feature Interaction Maps: which features of a sequence act together in a trained network.
# Without --configfile, config/config.yaml is used: a complete run on simulated data, no download.

from snakemake.utils import min_version

min_version("9.17")

if not workflow.configfiles:

    configfile: f"{workflow.basedir}/config/config.yaml"


include: "rules/common.smk"
include: "rules/resources.smk"
include: "rules/sources.smk"
include: "rules/reads_inputs.smk"
include: "rules/accessions.smk"
include: "rules/reads.smk"
include: "rules/dataset.smk"
include: "rules/model.smk"
include: "rules/interactions.smk"
include: "rules/figures.smk"
include: "rules/report.smk"
include: "rules/plan.smk"


onstart:
    check_writable()


rule all:
    default_target: True
    input:
        model_files(),
        interaction_files(),
        figure_files(),
        claims_files(),
    localrule: True
