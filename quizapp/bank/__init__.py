"""Laws and articles, topics, banks, questions with immutable revisions, the kinds of question, import.

Invariants: a revision never changes once written; every question names its legal basis where one is known;
marking (`rules.mark`) is pure and the only judge of right and wrong. It never knows a contest.
"""
