"""The unit tree, headcounts and lists of units."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from quizapp.accounts import queries, units
from quizapp.accounts.models import AuditEvent, Headcount, Unit, UnitImport, User
from quizapp.accounts.tree import Node, Tree
from quizapp.accounts.unit_plan import NoNameColumn, Planner, RowsUnusable, find_columns
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.sheets import SheetRow, read_rows
from quizapp.core.tables import Table, write_xlsx
from tests.cast import make_user, post, sign_in

TODAY = date(2026, 11, 23)
HEADING = ["上级单位", "单位名称", "编码", "类型", "应参人数"]


def unit(name: str, parent: Unit | None = None, kind: str = "unit", code: str | None = None) -> Unit:
    return units.add_unit(parent=parent, name=name, kind=kind, code=code, now=utc_now(), actor=None)


@pytest.fixture
def city(app: Flask) -> Unit:
    """某市 with 司法局 (法治科, 办公室) and the closed 旧县 (旧局)."""
    top = unit("某市", kind="region", code="410000")
    bureau = unit("司法局", top, kind="department")
    unit("法治科", bureau)
    unit("办公室", bureau)
    closed = unit("旧县", top, kind="region")
    unit("旧局", closed)
    closed.is_active = False
    db.session.commit()
    return top


@pytest.fixture
def organiser(client: FlaskClient, olga: User) -> FlaskClient:
    sign_in(client, "olga")
    return client


def rows(*cells: list[str]) -> list[SheetRow]:
    return [SheetRow(number, list(row)) for number, row in enumerate((HEADING, *cells), 1)]


def verbs(*cells: list[str]) -> list[str]:
    return [step.verb for step in Planner(queries.unit_tree(), {}).plan(rows(*cells)).steps]


def test_the_tree_gives_each_unit_before_its_children() -> None:
    nodes = [Node(1, None, "b", "unit", True, None), Node(2, 1, "x", "unit", True, None)]
    tree = Tree([*nodes, Node(3, None, "a", "region", True, None), Node(4, 2, "y", "unit", True, None)])
    assert [(depth, node.name) for depth, node in tree.below(None)] == [(0, "a"), (0, "b"), (1, "x"), (2, "y")]
    assert tree.path(4) == "b / x / y"
    assert tree.path(4, below=1) == "x / y"
    assert tree.path(4, below=3) == "b / x / y"


def test_choices_leave_out_closed_units_and_all_below_them(city: Unit) -> None:
    assert [path for _id, path in queries.unit_choices(root_id=None)] == [
        "某市",
        "某市 / 司法局",
        "某市 / 司法局 / 法治科",
        "某市 / 司法局 / 办公室",
    ]
    assert [path for _id, path in queries.unit_choices(root_id=city.id)] == [
        "司法局",
        "司法局 / 法治科",
        "司法局 / 办公室",
    ]


def test_a_root_without_units_below_offers_itself(city: Unit) -> None:
    by_name = {node.name: node.id for node in queries.unit_tree().nodes.values()}
    assert queries.unit_choices(root_id=by_name["法治科"]) == [(by_name["法治科"], "法治科")]
    assert queries.unit_choices(root_id=by_name["旧局"]) == []
    assert queries.unit_choices(root_id=999) == []


def test_a_headcount_holds_from_its_day_on(city: Unit) -> None:
    for people, day in ((100, TODAY - timedelta(days=30)), (120, TODAY), (130, TODAY + timedelta(days=30))):
        units.set_headcount(unit=city, people=people, valid_from=day, now=utc_now(), actor=None)
    assert queries.headcounts_on(TODAY - timedelta(days=31)) == {}
    assert queries.headcounts_on(TODAY - timedelta(days=1)) == {city.id: 100}
    assert queries.headcounts_on(TODAY) == {city.id: 120}
    units.set_headcount(unit=city, people=125, valid_from=TODAY, now=utc_now(), actor=None)
    assert queries.headcounts_on(TODAY) == {city.id: 125}
    assert db.session.scalar(select(func.count(Headcount.id))) == 3


def test_two_units_of_one_name_may_not_share_a_place(city: Unit) -> None:
    with pytest.raises(units.UnitNameTaken):
        unit("某市")
    with pytest.raises(units.UnitNameTaken):
        unit("司法局", city)
    with pytest.raises(units.UnitCodeTaken):
        unit("别处", code="410000")
    assert unit("司法局").parent_id is None


def test_a_list_adds_units_below_each_other(city: Unit) -> None:
    plan = units.take_list(
        rows(
            ["", "另一市", "420000", "地区", ""],
            ["另一市", "司法局", "", "部门", "1,200"],
            ["另一市/司法局", "法治科", "F1", "", "１２"],
            ["420000", "教育局", "", "department", "30人"],
            ["410000", "教育局", "", "", "5.0"[:1]],
        ),
        today=TODAY,
        now=utc_now(),
        actor=None,
        file_name="名单.xlsx",
    )
    assert [step.verb for step in plan.steps] == ["add"] * 5
    tree, people = queries.unit_tree(), queries.headcounts_on(TODAY)
    by_path = {tree.path(node.id): node for node in tree.nodes.values()}
    assert people[by_path["另一市 / 司法局"].id] == 1200
    assert people[by_path["另一市 / 司法局 / 法治科"].id] == 12
    assert by_path["另一市 / 教育局"].kind == "department" and by_path["某市 / 教育局"].kind == "unit"
    assert db.session.scalars(select(AuditEvent.detail).order_by(AuditEvent.id.desc())).first() == {
        "file": "名单.xlsx",
        "added": 5,
        "changed": 0,
    }


def test_the_same_list_again_changes_nothing(city: Unit) -> None:
    listed = rows(["某市", "司法局", "S1", "部门", "120"], ["某市", "民宗委", "", "", "30"])
    for expected in (["change", "add"], ["keep", "keep"]):
        plan = units.take_list(listed, today=TODAY, now=utc_now(), actor=None, file_name="a.csv")
        assert [step.verb for step in plan.steps] == expected
    assert db.session.scalar(select(func.count(Unit.id)).where(Unit.name == "司法局")) == 1
    assert db.session.scalar(select(func.count(Headcount.id))) == 2


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (["", "", "X", "", "5"], "没有写单位名称"),
        (["", "名" * 129, "", "", ""], "最多 128 个字"),
        (["没有的市", "局", "", "", ""], "没有找到上级单位“没有的市”"),
        (["某市/没有的局", "科", "", "", ""], "没有找到上级单位"),
        (["办公室", "股", "", "", ""], "不止一个"),
        (["某市", "新局", "", "街道", ""], "不认识类型“街道”"),
        (["某市", "新局", "", "", "很多"], "应参人数“很多”"),
        (["某市", "新局", "", "", "-5"], "应参人数“-5”"),
        (["某市", "新局", "", "", "1.5"], "应参人数“1.5”"),
        (["某市", "新局", "", "", "1e3"], "应参人数“1e3”"),
        (["某市", "新局", "", "", "1,0"], "应参人数“1,0”"),
        (["某市", "新局", "", "", "1000000000"], "应参人数“1000000000”"),
        (["某市", "新局", "410000", "", ""], "已经属于“某市”"),
        (["某市", "新局", "c" * 65, "", ""], "编码最多 64"),
    ],
)
def test_one_bad_row_keeps_all_rows_out(city: Unit, row: list[str], reason: str) -> None:
    unit("办公室", city)
    before = db.session.scalar(select(func.count(Unit.id)))
    listed = rows(["某市", "好单位", "", "", "10"], row, ["某市", "又一个好单位", "", "", ""])
    with pytest.raises(RowsUnusable) as refused:
        units.take_list(listed, today=TODAY, now=utc_now(), actor=None, file_name="a.csv")
    (problem,) = refused.value.plan.problems
    assert problem.number == 3 and reason in problem.problem
    assert db.session.scalar(select(func.count(Unit.id))) == before


def test_a_unit_named_twice_in_a_file_is_a_problem(city: Unit) -> None:
    assert verbs(["某市", "新局", "", "", "1"], ["某市", "新局", "", "", "2"]) == ["add", "refuse"]
    assert verbs(["某市", "司法局", "", "", "1"], ["410000", "司法局", "", "", "2"]) == ["change", "refuse"]


def test_a_parent_further_down_is_not_guessed_at(city: Unit) -> None:
    assert verbs(["新市", "局", "", "", ""], ["", "新市", "", "", ""]) == ["refuse", "add"]


def test_columns_are_found_by_their_names_in_any_order() -> None:
    assert find_columns(["人数", " Name ", "备注", "Parent Unit"]) == {"people": 0, "name": 1, "parent": 3}
    assert find_columns(["单位名称", "应参人数"]) == {"name": 0, "people": 1}
    with pytest.raises(NoNameColumn):
        find_columns(["某市", "司法局"])


def upload(client: FlaskClient, content: bytes, name: str = "名单.csv") -> str:
    response = post(client, "/accounts/units/import", file=(BytesIO(content), name))
    assert response.status_code == 303, response.text
    return str(response.location)


def test_an_uploaded_list_is_looked_at_first_and_taken_on_the_second_act(organiser: FlaskClient, city: Unit) -> None:
    address = upload(organiser, "上级单位,单位名称,应参人数\n某市,新局,30\n某市,司法局,120\n".encode())
    report = organiser.get(address).text
    assert "某市/新局" in report and "确认导入" in report
    assert db.session.scalar(select(Unit.id).where(Unit.name == "新局")) is None
    assert post(organiser, address).status_code == 303
    assert db.session.scalar(select(Unit.id).where(Unit.name == "新局")) is not None
    assert db.session.scalar(select(UnitImport.id)) is None
    assert organiser.get(address).status_code == 404


def test_an_uploaded_list_with_problems_cannot_be_taken(organiser: FlaskClient, city: Unit) -> None:
    address = upload(organiser, "单位名称,类型\n新局,街道\n".encode("gb18030"))
    report = organiser.get(address).text
    assert "不认识类型“街道”" in report and "确认导入" not in report
    assert post(organiser, address).status_code == 422
    assert db.session.scalar(select(Unit.id).where(Unit.name == "新局")) is None


def test_another_organisers_upload_is_not_found(organiser: FlaskClient, city: Unit) -> None:
    address = upload(organiser, "单位名称\n新局\n".encode())
    make_user("otto", "organiser")
    sign_in(organiser, "otto")
    assert organiser.get(address).status_code == 404
    assert post(organiser, address).status_code == 404


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"PK\x03\x04 broken", b"%PDF-1.7", b"a,b\n1,2\n", b'"open'])
def test_a_file_that_is_no_list_is_refused(organiser: FlaskClient, content: bytes) -> None:
    response = post(organiser, "/accounts/units/import", file=(BytesIO(content), "x.xlsx"))
    assert response.status_code == 422
    assert db.session.scalar(select(UnitImport.id)) is None


def test_a_workbook_is_read_like_a_csv(organiser: FlaskClient, tmp_path: Path) -> None:
    path = tmp_path / "units.xlsx"
    table = Table("单位", HEADING, [["", "某市", "410000", "地区", None], ["某市", "司法局", "", "部门", 1200]], 2)
    write_xlsx(path, [table])
    address = upload(organiser, path.read_bytes(), "units.xlsx")
    assert post(organiser, address).status_code == 303
    bureau = db.session.scalars(select(Unit).where(Unit.name == "司法局")).one()
    assert bureau.parent and bureau.parent.code == "410000" and bureau.headcounts[0].people == 1200
    assert [row.number for row in read_rows(path.read_bytes())] == [1, 2, 3]


def test_two_thousand_units_are_taken_in_a_few_seconds(app: Flask) -> None:
    listed = rows(["", "某省", "", "地区", ""], *(["某省", f"单位{n}", f"C{n}", "", str(n)] for n in range(2000)))
    plan = units.take_list(listed, today=TODAY, now=utc_now(), actor=None, file_name="a.csv")
    assert plan.count("add") == 2001
    assert sum(queries.headcounts_on(TODAY).values()) == sum(range(2000))


def test_a_unit_is_added_renamed_closed_and_opened(organiser: FlaskClient, city: Unit) -> None:
    response = post(
        organiser, "/accounts/units/new", parent_id=city.id, name=" 教育局 ", kind="department", people="35"
    )
    assert response.location == f"/accounts/units?below={city.id}"
    bureau = db.session.scalars(select(Unit).where(Unit.name == "教育局")).one()
    address = f"/accounts/units/{bureau.id}"
    assert bureau.headcounts[0].people == 35
    assert post(organiser, address, name="教体局", kind="department", code="J1", lock_version=1).status_code == 303
    assert post(organiser, f"{address}/state", state="disabled", lock_version=2).status_code == 303
    assert "教体局" not in str(queries.unit_choices(root_id=None))
    assert post(organiser, f"{address}/state", state="active", lock_version=3).status_code == 303
    assert "教体局" in str(queries.unit_choices(root_id=None))
    noted = list(db.session.scalars(select(AuditEvent.action).where(AuditEvent.subject_id == str(bureau.id))))
    verbs_noted = ["add_unit", "set_headcount", "change_unit", "disable_unit", "enable_unit"]
    assert noted == [f"accounts.{verb}" for verb in verbs_noted]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": " \u200b"},
        {"name": "名" * 129},
        {"name": "司法局"},
        {"kind": "planet"},
        {"code": "410000"},
        {"code": "c" * 65},
        {"people": "many"},
        {"people": "-1"},
        {"people": "1.5"},
        {"people": "9" * 30},
        {"parent_id": "x"},
        {"parent_id": "-1"},
    ],
)
def test_a_bad_new_unit_is_refused_and_nothing_stored(
    organiser: FlaskClient, city: Unit, fields: dict[str, str]
) -> None:
    before = db.session.scalar(select(func.count(Unit.id)))
    good = {"parent_id": city.id, "name": "新局", "kind": "unit", "code": "", "people": ""}
    assert post(organiser, "/accounts/units/new", **{**good, **fields}).status_code == 422
    assert db.session.scalar(select(func.count(Unit.id))) == before


def test_no_unit_is_put_below_one_that_is_not_there_or_closed(organiser: FlaskClient, city: Unit) -> None:
    assert post(organiser, "/accounts/units/new", parent_id="999999", name="新局", kind="unit").status_code == 404
    closed = db.session.scalars(select(Unit).where(Unit.name == "旧县")).one()
    page = post(organiser, "/accounts/units/new", parent_id=closed.id, name="新局", kind="unit")
    assert page.status_code == 422 and "上级单位已停用" in page.text


def test_an_edit_of_an_older_state_is_refused(organiser: FlaskClient, city: Unit) -> None:
    address = f"/accounts/units/{city.id}"
    assert post(organiser, address, name="一市", kind="region", lock_version=1).status_code == 303
    assert post(organiser, address, name="二市", kind="region", lock_version=1).status_code == 409
    assert post(organiser, f"{address}/state", state="disabled", lock_version=1).status_code == 409
    assert post(organiser, address, name="二市", kind="region").status_code == 422
    db.session.expire_all()
    assert (city.name, city.is_active) == ("一市", True)


def test_a_name_that_is_taken_is_told_beside_the_field(organiser: FlaskClient, city: Unit) -> None:
    bureau = db.session.scalars(select(Unit).where(Unit.name == "办公室")).one()
    page = post(organiser, f"/accounts/units/{bureau.id}", name="法治科", kind="unit", lock_version=1)
    assert page.status_code == 409 and "换一个名称" in page.text
    db.session.expire_all()
    assert bureau.name == "办公室"


@pytest.mark.parametrize(
    "fields",
    [
        {"people": ""},
        {"people": "x"},
        {"people": "-1"},
        {"people": "100000001"},
        {"valid_from": ""},
        {"valid_from": "2026-02-30"},
        {"valid_from": "0000-01-01"},
        {"valid_from": "9999-12-31"},
        {"valid_from": "昨天"},
    ],
)
def test_a_bad_headcount_is_refused(organiser: FlaskClient, city: Unit, fields: dict[str, str]) -> None:
    good = {"people": "10", "valid_from": "2026-11-23"}
    page = post(organiser, f"/accounts/units/{city.id}/headcount", **{**good, **fields})
    assert page.status_code == 422
    assert db.session.scalar(select(Headcount.id)) is None


def test_a_headcount_keeps_its_history(organiser: FlaskClient, city: Unit) -> None:
    for people, day in (("100", "2026-01-01"), ("120", "2026-06-01")):
        response = post(organiser, f"/accounts/units/{city.id}/headcount", people=people, valid_from=day)
        assert response.status_code == 303
    page = organiser.get(f"/accounts/units/{city.id}").text
    assert "2026-01-01" in page and "2026-06-01" in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["某市", "司法局", "法治科", "旧局"]),
        ("words=法", ["司法局", "法治科"]),
        ("words=410000", ["某市"]),
        ("words=%25", []),
        ("below=999", ["某市", "司法局", "法治科", "旧局"]),
        ("below=x", ["某市", "司法局", "法治科", "旧局"]),
    ],
)
def test_the_tree_page_finds_by_name_and_code(organiser: FlaskClient, city: Unit, query: str, shown: list[str]) -> None:
    page = organiser.get(f"/accounts/units?{query}").text
    assert [name for name in ("某市", "司法局", "法治科", "旧局") if f">{name}</a>" in page] == shown


@pytest.mark.parametrize("number", ["0", "-1", "x", "1000000000000000000000"])
def test_a_page_of_the_tree_that_is_not_there_is_not_found(organiser: FlaskClient, city: Unit, number: str) -> None:
    assert organiser.get(f"/accounts/units?page={number}").status_code == 404
