"""Who may open what: every route of the app stands here, and every role is tried on every route.

A route that is missing here fails `test_every_route_is_listed`: say who it is for before it is merged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from quizapp.accounts.models import User
from quizapp.bank.actions import add_questions
from quizapp.bank.models import Bank
from quizapp.core.clock import utc_now
from quizapp.core.db import Base, db
from quizapp.core.settings import Settings
from quizapp.play.rebuild import open_if_new
from quizapp.play.state import Shard
from tests.bank.makers import make_content
from tests.cast import csrf_token, sign_in
from tests.contests.makers import make_published

ANYONE = "anyone"
PARTICIPANT = "participant"
STAFF = "staff"
BANK = "organisers and reviewers"
ORGANISER = "organiser"
ADMIN = "admin"

ROUTES = {
    ANYONE: """
        static bootstrap.static core.choose core.healthz core.module core.readyz
        accounts.do_sign_in accounts.privacy accounts.sign_in accounts.sign_out admin.logo admin.verification_file
        bank.media play.accent play.board play.choose_elder play.choose_second_language play.contest play.enter
        play.home
        play_api.create_entry play_api.show_board play_api.show_contest play_api.show_openapi play_api.show_pulse
        play_api.visit
    """,
    PARTICIPANT: """
        play.answer play.erase play.leave play.me play.own_data play.result
        play_api.answer play_api.begin play_api.finish play_api.show_attempt
    """,
    STAFF: "accounts.own_account accounts.own_password admin.desk",
    BANK: """
        bank.approve bank.case bank.hold bank.index bank.laws bank.question bank.return_question bank.reviews bank.show
        bank.article bank.change_law bank.export_law bank.export_laws bank.holds bank.law bank.search_laws
        bank.settle_holds bank.withdraw_change
        bank.comment bank.compare bank.judge_many bank.review
        bank.topics
    """,
    ORGANISER: """
        accounts.add_headcount accounts.change_unit accounts.change_unit_state accounts.import_report
        accounts.import_units accounts.new_unit accounts.take_import accounts.unit accounts.units
        bank.add_question bank.create bank.edit_question bank.retire bank.send_media bank.submit bank.try_blank
        bank.download_export bank.export bank.import_template
        bank.correct_import bank.decide_duplicate bank.drop_import bank.import_duplicates bank.import_file
        bank.import_problems bank.import_progress bank.import_report_file bank.mend_row bank.repeat_import
        bank.retry_import bank.show_import bank.take_import bank.undo_import
        bank.add_law bank.delete_law bank.drop_law_import bank.edit_article bank.edit_law bank.import_laws
        bank.law_import bank.law_import_text bank.merge_law bank.submit_drafts bank.submit_import
        bank.add_topic bank.change_many bank.changes bank.delete_topic bank.merge_topic bank.move_topic
        bank.rename_topic bank.undo_change
        contests.choose contests.copy contests.create contests.delete contests.edit contests.index contests.poster
        contests.preview contests.publish contests.qr contests.show contests.show_check contests.usable
        corrections.correct corrections.index corrections.show
        monitor.act monitor.events monitor.figures monitor.show
        reports.download reports.index reports.results
    """,
    ADMIN: """
        accounts.audit_trail accounts.change_role accounts.change_state accounts.new_user accounts.notice
        accounts.notices accounts.reset_password accounts.user accounts.users
        admin.add_verification_file admin.course admin.delete_verification_file admin.health admin.site_settings
    """,
}
LISTED = {endpoint: who for who, endpoints in ROUTES.items() for endpoint in endpoints.split()}
OPEN_TO = {
    STAFF: {"reviewer", "organiser", "admin"},
    BANK: {"reviewer", "organiser", "admin"},
    ORGANISER: {"organiser", "admin"},
    ADMIN: {"admin"},
}
NAMES = {"reviewer": "rita", "organiser": "olga", "admin": "ada"}
# Change nothing but the visitor's own cookie of a look or language.
WITHOUT_TOKEN = {"core.choose", "play.choose_elder", "play.choose_second_language"}
# Open to whoever holds a ticket that the form before gave; its own room tests it.
WITH_TICKET = {"bank.download_export", "reports.download"}
ARGUMENTS = {
    "slug": "autumn",
    "board": "overall",
    "name": "nothing",
    "filename": "nothing",
    "version": "0",
    "colour": "b3261e",
    "form": "svg",
    "attempt": "0" * 32,
    "attempt_id": "0" * 32,
    "sha256": "0" * 64,
    "ending": "png",
}


def addresses(app: Flask, *wanted: str) -> Iterator[tuple[str, str, str]]:
    """Endpoint, method and an address of every listed route that is for `wanted`; numbers name rows nobody has."""
    for rule in app.url_map.iter_rules():
        if LISTED.get(rule.endpoint) in wanted:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule.endpoint, method, filled(rule)


def filled(rule: Rule) -> str:
    built = rule.build({name: ARGUMENTS.get(name, 999_999) for name in rule.arguments})
    assert built
    return built[1]


def call(client: FlaskClient, method: str, address: str, *, token: str = "") -> TestResponse:
    data = {"csrf_token": token} if token else None
    return client.open(address, method=method, data=None if method == "GET" else data)


def is_sent_to_sign_in(response: TestResponse) -> bool:
    return response.status_code == 303 and str(response.location).startswith("/accounts/sign-in")


@pytest.fixture
def settings(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """Those of the tests on SQLite, or on PostgreSQL for who is `on_both`."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return settings
    return replace(settings, database_url=request.getfixturevalue("postgresql_url"))


on_both = pytest.mark.parametrize("settings", ["sqlite", "postgresql"], indirect=True)
"""PostgreSQL refuses statements that SQLite takes."""


@pytest.fixture
def house(app: Flask, ada: User, olga: User, rita: User) -> Flask:
    """The cast and a published contest, /play/autumn."""
    contest = make_published()
    open_if_new(shard=Shard(contest.id), now=utc_now())
    return app


def test_every_route_is_listed_and_every_listed_route_is_there(app: Flask) -> None:
    there = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert there - set(LISTED) == set(), "say in ROUTES who may open these"
    assert set(LISTED) - there == set(), "these are gone"


def test_staff_pages_send_strangers_to_sign_in(house: Flask) -> None:
    client = house.test_client()
    token = csrf_token(client)
    wrong = {
        (method, address): response.status_code
        for _endpoint, method, address in addresses(house, STAFF, BANK, ORGANISER, ADMIN)
        if not is_sent_to_sign_in(response := call(client, method, address, token=token))
    }
    assert wrong == {}


@on_both
@pytest.mark.parametrize("role", NAMES)
def test_each_role_opens_its_own_pages_and_no_others(house: Flask, role: str) -> None:
    client = house.test_client()
    sign_in(client, NAMES[role])
    token = csrf_token(client)
    wrong = {}
    for endpoint, method, address in addresses(house, STAFF, BANK, ORGANISER, ADMIN):
        if endpoint in WITH_TICKET:
            continue
        status = call(client, method, address, token=token).status_code
        is_open = role in OPEN_TO[LISTED[endpoint]]
        if is_open != (status != 403) or status >= 500:
            wrong[method, address] = status
    assert wrong == {}


@on_both
def test_pages_for_everybody_ask_nobody_to_sign_in(house: Flask) -> None:
    client = house.test_client()
    wrong = {}
    for endpoint, method, address in addresses(house, ANYONE):
        if method == "GET":
            response = call(client, method, address)
            if response.status_code not in (200, 404) or is_sent_to_sign_in(response):
                wrong[endpoint] = response.status_code
            response.close()
    assert wrong == {}


def test_a_participants_pages_give_a_stranger_nothing(house: Flask) -> None:
    client = house.test_client()
    token = csrf_token(client)
    wrong = {}
    for _endpoint, method, address in addresses(house, PARTICIPANT):
        response = call(client, method, address, token=token)
        if response.status_code not in (303, 401, 403, 404):
            wrong[method, address] = response.status_code
    assert wrong == {}


@pytest.mark.parametrize("role", ["", *NAMES])
def test_no_form_is_taken_without_its_token(house: Flask, role: str) -> None:
    client, other = house.test_client(), house.test_client()
    if role:
        sign_in(client, NAMES[role])
    with other.session_transaction() as session:
        session["csrf_token"] = "of another session"
    wrong = {}
    for endpoint, method, address in addresses(house, ANYONE, PARTICIPANT, STAFF, BANK, ORGANISER, ADMIN):
        if method == "GET" or endpoint in WITHOUT_TOKEN or endpoint.startswith("play_api."):
            continue
        for token in ("", "made up", csrf_token(other)):
            status = call(client, method, address, token=token).status_code
            if status != 403:
                wrong[method, address] = status
    assert wrong == {}


@on_both
def test_no_argument_of_an_address_breaks_its_page(house: Flask) -> None:
    client = house.test_client()
    sign_in(client, "ada")
    bank = db.session.scalars(select(Bank)).first()
    assert bank is not None
    add_questions(bank=bank, contents=[make_content(stem=f"第 {n} 题") for n in range(60)], actor=None, now=utc_now())
    db.session.commit()
    pages = {address for _, method, address in addresses(house, STAFF, BANK, ORGANISER, ADMIN) if method == "GET"}
    pages |= {f"/bank/{bank.id}", f"/bank/{bank.id}/import", f"/bank/{bank.id}/export"}
    query = "?endpoint=x&_method=PATCH&_external=1&_scheme=x&_anchor=x&self=1&page=1&" + "&".join(
        f"{name}=2" for name in ("bank_id", "import_id", "question_id", "slug", "name", "filename", "values", "kwargs")
    )
    assert {page: status for page in pages if (status := client.get(page + query).status_code) >= 500} == {}


def test_other_methods_are_refused(house: Flask) -> None:
    client = house.test_client()
    token = csrf_token(client)
    for address in ("/accounts/users", "/admin/health", "/desk", "/"):
        for method in ("PUT", "DELETE", "PATCH", "TRACE"):
            response = client.open(address, method=method, headers={"X-CSRFToken": token})
            assert response.status_code in (403, 405), (method, address)


def test_looking_changes_nothing(house: Flask) -> None:
    def counts() -> dict[str, int]:
        tables = Base.metadata.sorted_tables
        return {table.name: db.session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}

    client = house.test_client()
    sign_in(client, "ada")
    before = counts()
    for _endpoint, method, address in addresses(house, *ROUTES):
        if method == "GET":
            call(client, method, address).close()
            client.head(address).close()
    db.session.rollback()
    assert counts() == before
