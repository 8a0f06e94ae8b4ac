"""Plan a run as large as configured, and ten times as large: as tables, and on the console."""

import csv

from running import running

with running(snakemake) as log:
    from plan import COLUMNS, SIZE_COLUMNS, dataset_rows, plan, planned_jobs
    from reads_demands import planned_jobs as jobs_of_reads
    from sizes import Sizes

    settings = snakemake.params
    scales = [
        Sizes(settings.configuration, settings.tasks, settings.configuration["results"], times, settings.lanes)
        for times in settings.times
    ]
    jobs = list(planned_jobs(settings.configuration, settings.builders))
    jobs += jobs_of_reads(scales[0].reads, settings.genomes)
    tables = {
        snakemake.output.datasets: (SIZE_COLUMNS, [row for sizes in scales for row in dataset_rows(sizes)]),
        snakemake.output.jobs: (COLUMNS, [row for sizes in scales for row in plan(jobs, sizes)]),
    }
    for path, (columns, rows) in tables.items():
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, columns, delimiter="\t", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        widths = [max(len(str(value)) for value in (name, *(row[name] for row in rows))) for name in columns]
        for row in [dict(zip(columns, columns, strict=True)), *rows]:
            log.info(
                "%s",
                "  ".join(str(row[name]).ljust(width) for name, width in zip(columns, widths, strict=True)),
            )
