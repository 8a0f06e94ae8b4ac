"""Plan a run as large as configured, and ten times as large: as tables, and on the console."""

import csv

from workflow.running import running

with running(snakemake, told=True) as log:
    from workflow import reads_demands
    from workflow.plan import COLUMNS, SIZE_COLUMNS, dataset_rows, plan, planned_jobs
    from workflow.sizes import Sizes

    settings = snakemake.params
    scales = [
        Sizes(
            settings.configuration, settings.tasks, settings.configuration["results"], times, settings.samples
        )
        for times in settings.times
    ]
    jobs = planned_jobs(settings.configuration) + list(reads_demands.planned_jobs(scales[0].reads))
    tables = {
        snakemake.output.datasets: (SIZE_COLUMNS, [row for sizes in scales for row in dataset_rows(sizes)]),
        snakemake.output.jobs: (COLUMNS, [row for sizes in scales for row in plan(jobs, sizes)]),
    }
    for path, (columns, rows) in tables.items():
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, delimiter="\t", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        widths = [max(len(str(value)) for value in (name, *(row[name] for row in rows))) for name in columns]
        for row in [dict(zip(columns, columns, strict=True)), *rows]:
            log.info(
                "%s",
                "  ".join(str(row[name]).ljust(width) for name, width in zip(columns, widths, strict=True)),
            )
