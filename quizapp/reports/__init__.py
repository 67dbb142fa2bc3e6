"""What leaves the house as a file: results as xlsx, csv and jsonl, in constant memory.

Invariants: a cell never starts a formula; phones are masked unless a reason is given and logged.
It reads everything below and writes nothing but audit rows.
"""
