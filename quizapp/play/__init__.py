"""Timed attempts: begin, answer, hand in, expire; the recorder that carries them into SQL; live counters.

Invariants: what is acknowledged is on disk; one Lua call decides a request; no SQL on the answer path; a key,
an explanation or a score leaves only by the feedback rule; every event counts in SQL exactly once.
"""
