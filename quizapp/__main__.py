"""`python -m quizapp`, the same as the command `quizapp`."""

from quizapp.cli import main

main(prog_name="quizapp")
