"""Backups of everything: all records, and the acknowledged events that are not among them yet, in one file.

The file is a ZIP archive of the project's own format, the same from SQLite and from PostgreSQL:

    manifest.json   what it is, when and by which release it was made, the schema, and size and digest of each member
    signature       an HMAC of the manifest by the installation's field key: nobody without it can make or change one
    events.jsonl    [contest, shard, lineage, stream id, fields] a line
    tables/NAME.jsonl  a row a line, see core/portable.py

The keys of the installation are not in it; personal fields stay encrypted. Rooms below know nothing of it.
"""
