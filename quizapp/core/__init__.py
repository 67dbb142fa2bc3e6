"""What every room stands on and nothing of quizzes: settings, the SQL session, Redis, the clock, errors, web plumbing.

Invariants: one commit a request (`db`); every refusal is a `DomainError`; no name of a quiz thing appears here.
"""
