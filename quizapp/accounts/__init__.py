"""Staff and their roles, sign-in, units and headcounts, privacy notices and consent, the audit trail.

Invariants: passwords are argon2 hashes; the session carries a random token of the user, never the id, and a
new token ends all sessions; an audit row is never changed. It never knows a contest.
"""
