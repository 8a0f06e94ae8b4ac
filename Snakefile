# Deep Feature Interaction Maps: which features of a sequence act together in a trained network.
# Without --configfile, config/config.yaml is used: a complete run on simulated data, no download.

from snakemake.utils import min_version

min_version("9.17")

if not workflow.configfiles:

    configfile: workflow.current_basedir.join("config/config.yaml").get_path_or_uri(secret_free=False)


# Of a workflow that uses this one as a module and gives it no config: what its command line names.
for file in [] if config else list(workflow.configfiles):

    configfile: file


include: "rules/common.smk"
include: "rules/sources.smk"
include: "rules/accessions.smk"
include: "rules/reads.smk"
include: "rules/dataset.smk"
include: "rules/model.smk"
include: "rules/interactions.smk"
include: "rules/scans.smk"
include: "rules/exports.smk"
include: "rules/figures.smk"
include: "rules/report.smk"
include: "rules/plan.smk"


report: "docs/captions/workflow.rst"


onstart:
    ending_in_a_sentence(places.check_writable, RESULTS)
    ending_in_a_sentence(
        early.check_beforehand,
        config,
        SHEETS,
        SOURCES,
        workflow.dag.needrun_jobs(),
        WHERE,
        not workflow.deployment_settings.deployment_method,
    )
    if workflow.local_exec:
        scheduling.without_own_limit(workflow.scheduler)


onsuccess:
    if CONSOLE:
        CONSOLE.end(console.found(config, RESULTS), console.to_open(config, RESULTS))


onerror:
    if CONSOLE:
        CONSOLE.end(see=console.to_open(config, RESULTS, ended=False))


rule all:
    default_target: True
    input:
        places.model_targets(config),
        places.interaction_targets(config),
        places.scan_targets(config),
        places.networks_targets(config),
        places.twin_targets(config),
        exports.export_targets(config, RESULTS),
        places.figure_targets(config, SHEETS),
        places.claims_targets(config),
        places.page_file(config),
    localrule: True
