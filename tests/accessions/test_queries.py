"""A query becomes a sheet of tasks: one row for each experiment, of its best file."""

import pytest
from support.portal_server import PortalServer

from dfim.accessions.portals import Portals
from dfim.accessions.queries import query_tasks, write_tasks


@pytest.fixture
def server():
    started = PortalServer()
    yield started
    started.close()


def add(server, accession, experiment, cell, **changes):
    changes = {"assembly": "hg19", "assay_term_name": "DNase-seq", "output_type": "peaks", **changes}
    server.add_file(
        accession,
        file_format="bed",
        dataset=f"/experiments/{experiment}/",
        biosample_ontology={"term_name": cell},
        href=f"/files/{accession}/@@download/{accession}.bed.gz",
        **changes,
    )


def test_one_row_for_each_experiment_of_its_best_file(server, tmp_path):
    add(server, "ENCFF001AAA", "ENCSR000AAB", "K562", biological_replicates=[1], date_created="2020-01-01")
    add(server, "ENCFF001AAB", "ENCSR000AAB", "K562", biological_replicates=[1, 2], date_created="2012-01-01")
    add(server, "ENCFF001AAC", "ENCSR000AAA", "CD14-positive monocyte (blood)", status="archived")
    add(server, "ENCFF001AAD", "ENCSR000AAA", "CD14-positive monocyte (blood)", preferred_default=True)
    add(server, "ENCFF001AAE", "ENCSR000AAC", "liver", assembly="GRCh38")
    add(server, "ENCFF001AAF", "ENCSR000AAD", "liver", status="revoked")
    query = {"assay_term_name": "DNase-seq", "assembly": "hg19", "status": ["released", "archived"]}
    portals = Portals(server.addresses, {"tries": 1})
    rows = query_tasks(portals, query)
    assert [(row["task"], row["peaks"].rsplit("/", 1)[-1]) for row in rows] == [
        ("ENCSR000AAA_CD14-positive_monocyte_blood", "ENCFF001AAD.bed.gz"),
        ("ENCSR000AAB_K562", "ENCFF001AAB.bed.gz"),
    ]
    assert rows[1]["peaks"].startswith(server.base)
    assert rows[1]["md5"] == server.objects["files/ENCFF001AAB"]["md5sum"]
    write_tasks(rows, ["2 found"], tmp_path / "tasks.tsv")
    lines = (tmp_path / "tasks.tsv").read_text().splitlines()
    assert lines[:2] == ["# 2 found", "task\tassay\tpeaks\tsha256\tmd5"]
    assert len(lines) == 4
