"""The command line: one group a room."""

from __future__ import annotations

import click


@click.group()
def main() -> None:
    """QuizApp: public legal-knowledge contests."""
