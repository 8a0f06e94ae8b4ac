"""A server that answers like ENCODE, ENA and NCBI's E-utilities, from contents made here."""

import hashlib
import json
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit


class PortalServer(ThreadingHTTPServer):
    """What the portals have: fill in the dictionaries.

    ``objects``: ENCODE's, by ``experiments/ENCSR…`` or ``files/ENCFF…``; ``runs``: ENA's rows of runs;
    ``summaries``: GEO's, by accession; ``contents``: files by path. ``faults`` has, for the beginning of a
    path, the statuses that are answered first; ``requests`` counts the questions.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects, self.runs, self.summaries, self.contents = {}, [], {}, {}
        self.faults, self.requests = {}, Counter()
        Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def addresses(self) -> dict[str, str]:
        """The addresses of the configuration."""
        return {"encode": self.base, "ena": f"{self.base}/ena", "geo": f"{self.base}/eutils", "files": "http"}

    def close(self):
        self.shutdown()
        self.server_close()

    def add_file(self, accession: str, content: bytes = b"", **changes) -> dict:
        """Add a FASTQ file to ENCODE, and return it."""
        file = {
            "accession": accession,
            "@id": f"/files/{accession}/",
            "file_format": "fastq",
            "output_type": "reads",
            "status": "released",
            "href": f"/files/{accession}/@@download/{accession}.fastq.gz",
            "md5sum": hashlib.md5(content or accession.encode()).hexdigest(),
            "file_size": len(content) or 1000,
            "run_type": "single-ended",
            "read_count": 100,
            "read_length": 36,
            "date_created": "2013-06-14T00:00:00.000000+00:00",
            "replicate": {"biological_replicate_number": 1, "technical_replicate_number": 1},
            **changes,
        }
        self.objects[f"files/{accession}"] = file
        self.contents[file.get("href", "")] = content
        return file

    def add_pair(self, first: str, second: str, contents=(b"", b""), **changes) -> list[dict]:
        """Add the two files of a paired-end run to ENCODE, and return them."""
        return [
            self.add_file(
                one,
                content,
                run_type="paired-ended",
                paired_end=end,
                paired_with=f"/files/{other}/",
                **changes,
            )
            for one, other, end, content in (
                (first, second, "1", contents[0]),
                (second, first, "2", contents[1]),
            )
        ]

    def add_experiment(self, accession: str, files: list[dict], **changes) -> dict:
        """Add an experiment to ENCODE, and return it."""
        experiment = {
            "accession": accession,
            "@id": f"/experiments/{accession}/",
            "status": "released",
            "assay_term_name": "DNase-seq",
            "biosample_ontology": {"term_name": "K562"},
            "biosample_summary": "Homo sapiens K562",
            "files": files,
            **changes,
        }
        self.objects[f"experiments/{accession}"] = experiment
        for one in files:
            one.setdefault("dataset", experiment["@id"])
        return experiment

    def add_run(self, run: str, contents=(b"1", b"2"), **changes) -> dict:
        """Add a run to ENA (paired-end for two contents), and return its row."""
        ends = "PAIRED" if len(contents) == 2 else "SINGLE"
        names = [f"{run}_{end}" for end in (1, 2)] if ends == "PAIRED" else [run]
        paths = [f"/vol1/fastq/{run[:6]}/{run}/{name}.fastq.gz" for name in names]
        self.contents |= dict(zip(paths, contents, strict=True))
        digits = run[3:]
        row = {
            "run_accession": run,
            "experiment_accession": f"SRX{digits}",
            "sample_accession": f"SAMN{digits}",
            "secondary_sample_accession": f"SRS{digits}",
            "study_accession": "PRJNA000001",
            "secondary_study_accession": "SRP000001",
            "experiment_alias": f"GSM{digits}_r1",
            "sample_alias": f"GSM{digits}",
            "sample_title": f"title of GSM{digits}",
            "library_layout": ends,
            "library_strategy": "ATAC-seq",
            "read_count": "100",
            "base_count": str(100 * 50 * len(contents)),
            "first_public": "2016-06-01",
            "fastq_ftp": ";".join(f"127.0.0.1:{self.server_port}{path}" for path in paths),
            "fastq_md5": ";".join(hashlib.md5(content).hexdigest() for content in contents),
            "fastq_bytes": ";".join(str(len(content)) for content in contents),
            **changes,
        }
        self.runs.append(row)
        return row

    def add_series(self, accession: str, titles: dict[str, str], study: str = "SRP000001") -> None:
        """Add a series to GEO with the titles of its samples, and the samples, whose reads are SRX of their number."""

        def relation(target):
            return [{"relationtype": "SRA", "targetobject": target, "targetftplink": ""}] * bool(target)

        samples = [{"accession": sample, "title": title} for sample, title in titles.items()]
        self.summaries[accession] = {
            "accession": accession, "entrytype": "GSE", "samples": samples, "extrelations": relation(study),
        }  # fmt: skip
        for sample, title in titles.items():
            self.summaries[sample] = {
                "accession": sample, "entrytype": "GSM", "title": title, "extrelations": relation(f"SRX{sample[3:]}"),
            }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        self.server.requests[url.path] += 1
        for begin, statuses in self.server.faults.items():
            if url.path.startswith(begin) and statuses:
                return self._answer(statuses.pop(0), b"later", {"Retry-After": "0"})
        parts = url.path.strip("/").split("/")
        if url.path in self.server.contents:
            return self._answer(200, self.server.contents[url.path])
        match parts:
            case ["search"]:
                return self._search(parse_qs(url.query))
            case ["ena", "filereport"]:
                return self._report(query)
            case ["eutils", "esearch.fcgi"]:
                found = query["term"].split("[")[0]
                ids = [str(n) for n, name in enumerate(self.server.summaries) if name == found]
                return self._json(200, {"esearchresult": {"count": str(len(ids)), "idlist": ids}})
            case ["eutils", "esummary.fcgi"]:
                records = list(self.server.summaries.values())
                ids = query["id"].split(",")
                result = {"uids": ids} | {one: {"uid": one} | records[int(one)] for one in ids}
                return self._json(200, {"result": result})
            case [collection, accession]:
                found = self.server.objects.get(f"{collection}/{accession}")
                if found is None:
                    return self._json(404, {"status": "error", "code": 404, "title": "Not Found"})
                return self._json(200, found)
        return self._answer(404, b"")

    def _search(self, query):
        """ENCODE's search: a page of what has the properties that the query names; 404 for nothing at all."""
        begin, limit = int(query.pop("from", [0])[0]), int(query.pop("limit", [25])[0])
        wanted = {name: values for name, values in query.items() if name not in ("format", "type", "field")}
        found = [
            one
            for key, one in self.server.objects.items()
            if key.startswith("files/")
            and all(str(one.get(name)) in values for name, values in wanted.items())
        ]
        answer = {"total": len(found), "@graph": found[begin : begin + limit]}
        self._json(200 if found else 404, answer)

    def _report(self, query):
        """ENA's report: the runs that have the accession in any of their columns; no content for none."""
        fields = query["fields"].split(",")
        rows = [row for row in self.server.runs if query["accession"] in row.values()]
        lines = ["\t".join(fields), *("\t".join(row[name] for name in fields) for row in rows)]
        self._answer(200 if rows else 204, "\n".join([*lines, ""]).encode() if rows else b"")

    def _json(self, status, content):
        self._answer(status, json.dumps(content).encode())

    def _answer(self, status, content=b"", headers=()):
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        for key, value in dict(headers).items():
            self.send_header(key, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        """Say nothing."""
