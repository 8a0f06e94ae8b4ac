"""Motifs of a dataset of spacings in many backgrounds: their interaction at every spacing, with p and q."""

from functools import partial

from workflow.running import running

with running(snakemake, on_gpu=True) as log:
    from dfim.attribution import FORWARD, open_model
    from dfim.datasets.sequence_files import read_sequences
    from dfim.datasets.spacing import backgrounds_of, spacings_of
    from dfim.files.tables import read_table, write_table
    from dfim.interactions.grammar_scan import draw_scan, scan_cells
    from dfim.interactions.tested_scan import judge_scan
    from dfim.statistics.draw_numbers import draws_of_scan

    settings, design = snakemake.params, snakemake.params.design
    motifs, level = design["motifs"], settings.level
    reach = read_table(snakemake.input.reach)["reach"].iloc[-1]
    cells = scan_cells(motifs, spacings_of(design), design["orientations"], both_orders=True, reach=reach)
    tested = int(cells["within_reach"].sum())
    draws = draws_of_scan(settings.draws, tested, level)
    file = snakemake.input.get("file")
    bases = backgrounds_of(design, settings.seed, read_sequences(file)[1] if file else None)
    log.info("%d cells, %d within reach, in %d backgrounds; %d draws", len(cells), tested, len(bases), draws)
    with open_model(
        snakemake.input.graph,
        settings.task,
        settings.tasks,
        FORWARD,
        settings.background,
        {"threads": snakemake.threads},
        length=design["length"],
    ) as (scorer, task):
        evaluate = partial(scorer.edited_logits, bases, task=task)
        found = draw_scan(evaluate, bases, motifs, cells, draws, settings.seed)
    table = judge_scan(found, level, settings.least_share, settings.seed)
    write_table(table, snakemake.output.scan)
    log.info("%d cells are called", table["called"].sum())
