"""The tables of the first contest, end to end."""

import sqlalchemy as sa
from alembic import op


revision = "20261123_spine"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notice_version", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consent_subject"), ["subject"], unique=False)

    op.create_table(
        "dead_letter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contest_id", sa.Integer(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("stream_id", sa.String(length=32), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letter")),
    )
    op.create_table(
        "ended_session",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ended_session")),
    )
    with op.batch_alter_table("ended_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ended_session_ended_at"), ["ended_at"], unique=False)

    op.create_table(
        "law",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=128), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("issuing_body", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_law")),
        sa.UniqueConstraint("title", "effective_on", name=op.f("uq_law_title")),
    )
    op.create_table(
        "privacy_notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_en", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_notice")),
        sa.UniqueConstraint("version", name=op.f("uq_privacy_notice_version")),
    )
    op.create_table(
        "site",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("host_unit", sa.String(length=128), nullable=False),
        sa.Column("icp_number", sa.String(length=64), nullable=False),
        sa.Column("police_number", sa.String(length=64), nullable=False),
        sa.Column("accent", sa.String(length=7), nullable=False),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
        sa.Column("log_retention_days", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_site_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
    )
    op.create_table(
        "topic",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic")),
        sa.UniqueConstraint("name", name=op.f("uq_topic_name")),
    )
    op.create_table(
        "unit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind in ('region','department','unit')", name=op.f("ck_unit_kind")),
        sa.ForeignKeyConstraint(["parent_id"], ["unit.id"], name=op.f("fk_unit_parent_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("code", name=op.f("uq_unit_code")),
        sa.UniqueConstraint("parent_id", "name", name=op.f("uq_unit_parent_id")),
    )
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unit_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "user_account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("display_name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("session_token", sa.String(length=64), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_sign_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.CheckConstraint("role in ('admin','organiser','reviewer')", name=op.f("ck_user_account_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("name", name=op.f("uq_user_account_name")),
        sa.UniqueConstraint("session_token", name=op.f("uq_user_account_session_token")),
    )
    op.create_table(
        "verification_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("content", sa.String(length=512), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_file")),
        sa.UniqueConstraint("name", name=op.f("uq_verification_file_name")),
    )
    op.create_table(
        "article",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("law_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["law_id"], ["law.id"], name=op.f("fk_article_law_id_law")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article")),
        sa.UniqueConstraint("law_id", "label", name=op.f("uq_article_law_id")),
    )
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor_name", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject_kind", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["user_account.id"], name=op.f("fk_audit_event_actor_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_event_at"), ["at"], unique=False)
        batch_op.create_index("ix_audit_event_subject", ["subject_kind", "subject_id"], unique=False)

    op.create_table(
        "bank",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user_account.id"], name=op.f("fk_bank_created_by_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank")),
        sa.UniqueConstraint("name", name=op.f("uq_bank_name")),
    )
    op.create_table(
        "contest",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=128), nullable=False),
        sa.Column("host_name", sa.String(length=128), nullable=False),
        sa.Column("introduction", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paper", sa.String(length=16), nullable=False),
        sa.Column("shuffle_questions", sa.Boolean(), nullable=False),
        sa.Column("shuffle_options", sa.Boolean(), nullable=False),
        sa.Column("limit_seconds", sa.Integer(), nullable=True),
        sa.Column("attempts_total", sa.Integer(), nullable=True),
        sa.Column("attempts_per_day", sa.Integer(), nullable=True),
        sa.Column("pass_mark_hundredths", sa.Integer(), nullable=True),
        sa.Column("feedback", sa.String(length=16), nullable=False),
        sa.Column("feedback_time", sa.String(length=16), nullable=False),
        sa.Column("entry_mode", sa.String(length=16), nullable=False),
        sa.Column("entry_fields", sa.JSON(), nullable=False),
        sa.Column("audience_groups", sa.JSON(), nullable=False),
        sa.Column("unit_root_id", sa.Integer(), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("accent", sa.String(length=7), nullable=False),
        sa.Column("retention_days", sa.Integer(), nullable=False),
        sa.Column("kit_version", sa.Integer(), nullable=False),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("entry_mode in ('nickname','form')", name=op.f("ck_contest_entry_mode")),
        sa.CheckConstraint(
            "feedback in ('nothing','score','answers','explanations')", name=op.f("ck_contest_feedback")
        ),
        sa.CheckConstraint(
            "feedback_time in ('at_once','after_finish','after_close')", name=op.f("ck_contest_feedback_time")
        ),
        sa.CheckConstraint("paper in ('fixed','random')", name=op.f("ck_contest_paper")),
        sa.CheckConstraint("state in ('draft','published')", name=op.f("ck_contest_state")),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_contest_window")),
        sa.CheckConstraint(
            "limit_seconds is null or limit_seconds between 60 and 10800", name=op.f("ck_contest_limit")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user_account.id"], name=op.f("fk_contest_created_by_id_user_account")
        ),
        sa.ForeignKeyConstraint(["unit_root_id"], ["unit.id"], name=op.f("fk_contest_unit_root_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contest")),
        sa.UniqueConstraint("slug", name=op.f("uq_contest_slug")),
    )
    op.create_table(
        "unit_headcount",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.CheckConstraint("people >= 0", name=op.f("ck_unit_headcount_people")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_headcount_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_headcount")),
        sa.UniqueConstraint("unit_id", "valid_from", name=op.f("uq_unit_headcount_unit_id")),
    )
    op.create_table(
        "unit_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user_account.id"], name=op.f("fk_unit_import_created_by_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_import")),
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("contest_id", sa.Integer(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kit_version", sa.Integer(), nullable=False),
        sa.Column("paper", sa.JSON(), nullable=False),
        sa.Column("begin_key", sa.String(length=64), nullable=False),
        sa.Column("started_ms", sa.BigInteger(), nullable=False),
        sa.Column("deadline_ms", sa.BigInteger(), nullable=True),
        sa.Column("shift_ms", sa.BigInteger(), nullable=False),
        sa.Column("still_ms", sa.BigInteger(), nullable=False),
        sa.Column("finished_ms", sa.BigInteger(), nullable=True),
        sa.Column("finish", sa.String(length=16), nullable=True),
        sa.Column("score_hundredths", sa.Integer(), nullable=True),
        sa.Column("full_hundredths", sa.Integer(), nullable=False),
        sa.Column("right", sa.Integer(), nullable=True),
        sa.Column("answered", sa.Integer(), nullable=True),
        sa.Column("knowledge_points", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("is_flagged", sa.Boolean(), nullable=False),
        sa.CheckConstraint("finish is null or finish in ('handed_in','expired')", name=op.f("ck_attempt_finish")),
        sa.ForeignKeyConstraint(["contest_id"], ["contest.id"], name=op.f("fk_attempt_contest_id_contest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("contest_id", "person", "number", name=op.f("uq_attempt_contest_id")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index("ix_attempt_contest_finish", ["contest_id", "finish"], unique=False)

    op.create_table(
        "contest_clock",
        sa.Column("contest_id", sa.Integer(), nullable=False),
        sa.Column("shift_ms", sa.BigInteger(), nullable=False),
        sa.Column("still_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["contest_id"], ["contest.id"], name=op.f("fk_contest_clock_contest_id_contest")),
        sa.PrimaryKeyConstraint("contest_id", name=op.f("pk_contest_clock")),
    )
    op.create_table(
        "contest_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contest_id", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("masked_name", sa.String(length=64), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("audience", sa.String(length=64), nullable=True),
        sa.Column("resume_code_hash", sa.String(length=64), nullable=True),
        sa.Column("entry_key_hash", sa.String(length=64), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("anonymised_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["contest_id"], ["contest.id"], name=op.f("fk_contest_entry_contest_id_contest")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_contest_entry_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contest_entry")),
        sa.UniqueConstraint("contest_id", "person", name=op.f("uq_contest_entry_contest_id")),
    )
    with op.batch_alter_table("contest_entry", schema=None) as batch_op:
        batch_op.create_index("ix_contest_entry_unit", ["contest_id", "unit_id"], unique=False)

    op.create_table(
        "contest_kit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contest_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contest_id"], ["contest.id"], name=op.f("fk_contest_kit_contest_id_contest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contest_kit")),
        sa.UniqueConstraint("contest_id", "version", name=op.f("uq_contest_kit_contest_id")),
    )
    op.create_table(
        "contest_section",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contest_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=True),
        sa.Column("topic_id", sa.Integer(), nullable=True),
        sa.Column("difficulty", sa.Integer(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("points_hundredths", sa.Integer(), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_contest_section_count")),
        sa.CheckConstraint("points_hundredths > 0", name=op.f("ck_contest_section_points")),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_contest_section_bank_id_bank")),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contest.id"], name=op.f("fk_contest_section_contest_id_contest"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_contest_section_topic_id_topic")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contest_section")),
        sa.UniqueConstraint("contest_id", "position", name=op.f("uq_contest_section_contest_id")),
    )
    op.create_table(
        "live_sample",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contest_id", sa.Integer(), nullable=False),
        sa.Column("minute_ms", sa.BigInteger(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("visitors", sa.Integer(), nullable=False),
        sa.Column("playing", sa.Integer(), nullable=False),
        sa.Column("peak", sa.Integer(), nullable=False),
        sa.Column("peak_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["contest_id"], ["contest.id"], name=op.f("fk_live_sample_contest_id_contest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_sample")),
        sa.UniqueConstraint("contest_id", "minute_ms", name=op.f("uq_live_sample_contest_id")),
    )
    op.create_table(
        "question_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state in ('staged','imported')", name=op.f("ck_question_import_state")),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_question_import_bank_id_bank")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user_account.id"], name=op.f("fk_question_import_created_by_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_import")),
    )
    op.create_table(
        "recorder_position",
        sa.Column("contest_id", sa.Integer(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("lineage", sa.String(length=32), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.Column("last_stream_id", sa.String(length=32), nullable=False),
        sa.Column("halted_reason", sa.String(length=255), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_settled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["contest_id"], ["contest.id"], name=op.f("fk_recorder_position_contest_id_contest")),
        sa.PrimaryKeyConstraint("contest_id", "shard", name=op.f("pk_recorder_position")),
    )
    op.create_table(
        "question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("held_reason", sa.String(length=255), nullable=False),
        sa.Column("is_sensitive", sa.Boolean(), nullable=False),
        sa.Column("difficulty", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times_answered", sa.Integer(), nullable=False),
        sa.Column("times_right", sa.Integer(), nullable=False),
        sa.CheckConstraint("state in ('draft','in_review','approved','retired')", name=op.f("ck_question_state")),
        sa.CheckConstraint("difficulty between 1 and 3", name=op.f("ck_question_difficulty")),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_question_bank_id_bank")),
        sa.ForeignKeyConstraint(
            ["import_id"], ["question_import.id"], name=op.f("fk_question_import_id_question_import")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
    )
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.create_index("ix_question_bank_state", ["bank_id", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_question_import_id"), ["import_id"], unique=False)

    op.create_table(
        "contest_section_question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("section_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["question_id"], ["question.id"], name=op.f("fk_contest_section_question_question_id_question")
        ),
        sa.ForeignKeyConstraint(
            ["section_id"],
            ["contest_section.id"],
            name=op.f("fk_contest_section_question_section_id_contest_section"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contest_section_question")),
        sa.UniqueConstraint("section_id", "question_id", name=op.f("uq_contest_section_question_section_id")),
    )
    op.create_table(
        "question_review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("reviewer_id", sa.Integer(), nullable=True),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("verdict in ('approved','returned')", name=op.f("ck_question_review_verdict")),
        sa.ForeignKeyConstraint(
            ["question_id"], ["question.id"], name=op.f("fk_question_review_question_id_question"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_id"], ["user_account.id"], name=op.f("fk_question_review_reviewer_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_review")),
    )
    with op.batch_alter_table("question_review", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_question_review_question_id"), ["question_id"], unique=False)

    op.create_table(
        "question_revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("stem", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("key", sa.JSON(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("stem_hash", sa.String(length=64), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user_account.id"], name=op.f("fk_question_revision_author_id_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["question_id"], ["question.id"], name=op.f("fk_question_revision_question_id_question"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_revision")),
        sa.UniqueConstraint("question_id", "number", name=op.f("uq_question_revision_question_id")),
    )
    with op.batch_alter_table("question_revision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_question_revision_stem_hash"), ["stem_hash"], unique=False)

    op.create_table(
        "question_topic",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["question_id"], ["question.id"], name=op.f("fk_question_topic_question_id_question"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topic.id"], name=op.f("fk_question_topic_topic_id_topic"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("question_id", "topic_id", name=op.f("pk_question_topic")),
    )
    with op.batch_alter_table("question_topic", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_question_topic_topic_id"), ["topic_id"], unique=False)

    op.create_table(
        "answer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("attempt_id", sa.String(length=40), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("response", sa.JSON(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("is_right", sa.Boolean(), nullable=False),
        sa.Column("points_hundredths", sa.Integer(), nullable=False),
        sa.Column("answered_ms", sa.BigInteger(), nullable=False),
        sa.Column("spent_ms", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_answer_attempt_id_attempt")),
        sa.ForeignKeyConstraint(["question_id"], ["question.id"], name=op.f("fk_answer_question_id_question")),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["question_revision.id"], name=op.f("fk_answer_revision_id_question_revision")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
        sa.UniqueConstraint("attempt_id", "question_id", name=op.f("uq_answer_attempt_id")),
    )
    with op.batch_alter_table("answer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_answer_question_id"), ["question_id"], unique=False)

    op.create_table(
        "revision_article",
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_revision_article_article_id_article")),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["question_revision.id"],
            name=op.f("fk_revision_article_revision_id_question_revision"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("revision_id", "article_id", name=op.f("pk_revision_article")),
    )
    with op.batch_alter_table("revision_article", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_revision_article_article_id"), ["article_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("revision_article", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_revision_article_article_id"))

    op.drop_table("revision_article")
    with op.batch_alter_table("answer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_answer_question_id"))

    op.drop_table("answer")
    with op.batch_alter_table("question_topic", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_question_topic_topic_id"))

    op.drop_table("question_topic")
    with op.batch_alter_table("question_revision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_question_revision_stem_hash"))

    op.drop_table("question_revision")
    with op.batch_alter_table("question_review", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_question_review_question_id"))

    op.drop_table("question_review")
    op.drop_table("contest_section_question")
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_question_import_id"))
        batch_op.drop_index("ix_question_bank_state")

    op.drop_table("question")
    op.drop_table("recorder_position")
    op.drop_table("question_import")
    op.drop_table("live_sample")
    op.drop_table("contest_section")
    op.drop_table("contest_kit")
    with op.batch_alter_table("contest_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_contest_entry_unit")

    op.drop_table("contest_entry")
    op.drop_table("contest_clock")
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_index("ix_attempt_contest_finish")

    op.drop_table("attempt")
    op.drop_table("unit_import")
    op.drop_table("unit_headcount")
    op.drop_table("contest")
    op.drop_table("bank")
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_event_subject")
        batch_op.drop_index(batch_op.f("ix_audit_event_at"))

    op.drop_table("audit_event")
    op.drop_table("article")
    op.drop_table("verification_file")
    op.drop_table("user_account")
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_unit_parent_id"))

    op.drop_table("unit")
    op.drop_table("topic")
    op.drop_table("site")
    op.drop_table("privacy_notice")
    op.drop_table("law")
    with op.batch_alter_table("ended_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ended_session_ended_at"))

    op.drop_table("ended_session")
    op.drop_table("dead_letter")
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_consent_subject"))

    op.drop_table("consent")
