"""Statutes, cases, media, further languages, topic trees, imports in the background, bulk changes."""

import unicodedata
import zlib

import msgspec
import sqlalchemy as sa
from alembic import op


revision = "20261125_bank"
down_revision = "20261123_spine"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('queued','running','done','failed')", name=op.f("ck_job_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index("ix_job_state", ["state", "id"], unique=False)

    op.create_table(
        "media",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content_type", sa.String(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_media")),
    )
    op.create_table(
        "bulk_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["user_account.id"], name=op.f("fk_bulk_change_actor_id_user_account")),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_bulk_change_bank_id_bank")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_change")),
    )
    with op.batch_alter_table("bulk_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bulk_change_bank_id"), ["bank_id"], unique=False)

    op.create_table(
        "law_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user_account.id"], name=op.f("fk_law_import_created_by_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_law_import")),
    )

    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.add_column(sa.Column("place", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("chapter", sa.String(length=255), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("status", sa.String(length=16), nullable=False, server_default="in_force"))
        batch_op.add_column(sa.Column("status_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("status_note", sa.String(length=255), nullable=False, server_default=""))
        batch_op.create_check_constraint("status", "status in ('in_force','amended','repealed')")

    with op.batch_alter_table("law", schema=None) as batch_op:
        batch_op.add_column(sa.Column("number", sa.String(length=64), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("issued_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("status", sa.String(length=16), nullable=False, server_default="in_force"))
        batch_op.add_column(sa.Column("status_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("status_note", sa.String(length=255), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("history", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.create_check_constraint("status", "status in ('in_force','amended','repealed')")

    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.add_column(sa.Column("search_text", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("held_article_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_question_held_article_id"), ["held_article_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_question_held_article_id_article"), "article", ["held_article_id"], ["id"]
        )

    with op.batch_alter_table("question_import", schema=None) as batch_op:
        batch_op.add_column(sa.Column("options", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("mends", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("outline", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("lock_version", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("job_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("imported_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_question_import_bank_id"), ["bank_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_question_import_job_id"), ["job_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_question_import_job_id_job"), "job", ["job_id"], ["id"], ondelete="SET NULL"
        )

        batch_op.drop_constraint(batch_op.f("ck_question_import_state"), type_="check")
        batch_op.create_check_constraint(
            "state", "state in ('reading','staged','importing','imported','undone','failed')"
        )

    op.create_table(
        "import_row",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("duplicate", sa.String(length=8), nullable=False),
        sa.Column("decision", sa.String(length=4), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("state in ('good','bad','note')", name=op.f("ck_import_row_state")),
        sa.CheckConstraint("duplicate in ('','same','other','similar')", name=op.f("ck_import_row_duplicate")),
        sa.CheckConstraint("decision in ('keep','skip')", name=op.f("ck_import_row_decision")),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["question_import.id"],
            name=op.f("fk_import_row_import_id_question_import"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["question_id"], ["question.id"], name=op.f("fk_import_row_question_id_question"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_import_row")),
    )
    with op.batch_alter_table("import_row", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_import_row_question_id"), ["question_id"], unique=False)

    with op.batch_alter_table("question_review") as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_question_review_verdict"), type_="check")
        batch_op.create_check_constraint("verdict", "verdict in ('approved','returned','comment')")

    with op.batch_alter_table("question_revision", schema=None) as batch_op:
        batch_op.add_column(sa.Column("passage", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("passage_hash", sa.String(length=64), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("rubric", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("media", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("translations", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("classification", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.create_index(batch_op.f("ix_question_revision_passage_hash"), ["passage_hash"], unique=False)

    with op.batch_alter_table("topic", schema=None) as batch_op:
        batch_op.add_column(sa.Column("parent_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("place", sa.Integer(), nullable=False, server_default="0"))
        batch_op.create_index(batch_op.f("ix_topic_parent_id"), ["parent_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_topic_parent_id_topic"), "topic", ["parent_id"], ["id"])

    op.create_table(
        "contest_kit_revision",
        sa.Column("kit_id", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["kit_id"], ["contest_kit.id"], name=op.f("fk_contest_kit_revision_kit_id_contest_kit")
        ),
        sa.ForeignKeyConstraint(
            ["question_id"], ["question.id"], name=op.f("fk_contest_kit_revision_question_id_question")
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["question_revision.id"],
            name=op.f("fk_contest_kit_revision_revision_id_question_revision"),
        ),
        sa.PrimaryKeyConstraint("kit_id", "question_id", name=op.f("pk_contest_kit_revision")),
    )
    with op.batch_alter_table("contest_kit_revision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contest_kit_revision_question_id"), ["question_id"], unique=False)

    fill_search_texts(op.get_bind())
    fill_kit_revisions(op.get_bind())


def fill_kit_revisions(connection: sa.Connection) -> None:
    """Say of the kits that are stored already which revisions they hold."""
    kit = sa.table("contest_kit", sa.column("id", sa.Integer), sa.column("body", sa.LargeBinary))
    held = sa.table(
        "contest_kit_revision",
        sa.column("kit_id", sa.Integer),
        sa.column("question_id", sa.Integer),
        sa.column("revision_id", sa.Integer),
    )
    for kit_id in list(connection.scalars(sa.select(kit.c.id))):
        body = connection.scalar(sa.select(kit.c.body).where(kit.c.id == kit_id))
        questions = msgspec.msgpack.decode(zlib.decompress(body))["questions"].values()
        rows = [
            {"kit_id": kit_id, "question_id": question["id"], "revision_id": question["revision"]}
            for question in questions
        ]
        if rows:
            connection.execute(held.insert(), rows)


def fill_search_texts(connection: sa.Connection) -> None:
    """Let the words of questions that are stored already be found."""
    revision = sa.table(
        "question_revision",
        sa.column("question_id", sa.Integer),
        sa.column("number", sa.Integer),
        sa.column("stem", sa.Text),
        sa.column("explanation", sa.Text),
        sa.column("options", sa.JSON),
    )
    question = sa.table("question", sa.column("id", sa.Integer), sa.column("search_text", sa.Text))
    texts = {}
    for row in connection.execute(sa.select(revision).order_by(revision.c.number)):
        parts = [row.stem, row.explanation, *(option["text"] for option in row.options)]
        texts[row.question_id] = unicodedata.normalize("NFKC", "\n".join(part for part in parts if part)).casefold()
    if texts:
        connection.execute(
            question.update().where(question.c.id == sa.bindparam("key")).values(search_text=sa.bindparam("text")),
            [{"key": key, "text": text} for key, text in texts.items()],
        )
