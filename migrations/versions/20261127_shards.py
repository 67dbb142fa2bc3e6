"""Contests whose live state is split into several shards."""

import sqlalchemy as sa
from alembic import op

revision = "20261127_shards"
down_revision = "20261126_correction"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Written out, since a copy of the table, by which constraints are added elsewhere, would take its sections along.
    op.execute(
        "ALTER TABLE contest ADD COLUMN shard_count INTEGER DEFAULT 1 NOT NULL"
        " CONSTRAINT ck_contest_shard_count CHECK (shard_count between 1 and 64)"
    )
    with op.batch_alter_table("live_sample", schema=None) as batch_op:
        batch_op.add_column(sa.Column("shard", sa.Integer(), server_default="0", nullable=False))
        batch_op.drop_constraint(batch_op.f("uq_live_sample_contest_id"), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_live_sample_contest_id"), ["contest_id", "shard", "minute_ms"]
        )
