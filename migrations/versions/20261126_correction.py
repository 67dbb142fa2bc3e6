"""Questions that are corrected or voided after their contest was published."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_correction"
down_revision = "20261125_bank"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "correction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contest_id", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("key", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kit_version", sa.Integer(), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("upto", sa.String(length=32), nullable=False),
        sa.Column("rescored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=False),
        sa.CheckConstraint("what in ('void','key')", name=op.f("ck_correction_what")),
        sa.ForeignKeyConstraint(["contest_id"], ["contest.id"], name=op.f("fk_correction_contest_id_contest")),
        sa.ForeignKeyConstraint(["question_id"], ["question.id"], name=op.f("fk_correction_question_id_question")),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["user_account.id"], name=op.f("fk_correction_asked_by_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
    )
    with op.batch_alter_table("correction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_correction_contest_id"), ["contest_id"], unique=False)
