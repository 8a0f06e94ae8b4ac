"""From an accession to files: ENCODE, GEO, and the archives of sequencing reads (SRA, ENA, DDBJ).

What the portals answer becomes a *lock*: a table of files with their addresses and checksums, which is
reviewed, kept, and read again without a network.
"""
