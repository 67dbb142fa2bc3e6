"""A contest and its rules, papers and drawing, who may enter, entries; publishing compiles an immutable kit.

Invariants: what is published is a kit, versioned and never changed; whether a contest is open is derived from
the clock and its window, never stored; a participant is an opaque id. It never sees an answer.
"""
