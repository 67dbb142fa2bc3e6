"""Ranking: packing a score and its tie value into one number, and the sorted sets that hold boards.

Invariants: one packed value decides the order everywhere, in Redis and in SQL; equal values share a place.
It never marks an answer and never knows a name.
"""
