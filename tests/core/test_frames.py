"""Frames: rendered once, filled for each reader, renewed as soon as anything of them changes."""

from __future__ import annotations

import pytest
from flask import Flask
from markupsafe import Markup

from quizapp.core import frames
from quizapp.core.frames import KEPT, Frame, get_frames, slot
from quizapp.core.web import LANGUAGE_COOKIE


@pytest.fixture
def rendered(app: Flask) -> list[str]:
    """The names of what was rendered."""
    return []


def get(rendered: list[str], name: str, made_of: object = 1, *, cookie: str = "", root: str = "") -> Frame:
    """The frame `name`, asked for by a request of its own."""

    def render() -> str:
        rendered.append(name)
        return f"{name} {slot('own')}"

    headers = {"Cookie": f"{LANGUAGE_COOKIE}={cookie}"}
    app = frames.current_app._get_current_object()  # type: ignore[attr-defined]
    with app.app_context(), app.test_request_context("/", headers=headers, environ_overrides={"SCRIPT_NAME": root}):
        return get_frames().get(name, made_of=made_of, render=render)


def test_slots_are_filled_anew_each_time() -> None:
    frame = Frame(f"<b>{slot('name')}</b> {slot('code')} <i>{slot('name')}</i>")
    assert frame.fill({"name": "王", "code": 7}) == "<b>王</b> 7 <i>王</i>"
    assert frame.fill({"name": "李", "code": 8}) == "<b>李</b> 8 <i>李</i>"


def test_what_is_filled_in_is_escaped_unless_it_is_markup() -> None:
    assert Frame(slot("a") + slot("b")).fill({"a": "<i>", "b": Markup("<i>")}) == "&lt;i&gt;<i>"


def test_a_value_that_looks_like_a_slot_is_none() -> None:
    assert Frame(slot("a") + slot("b")).fill({"a": slot("b"), "b": 1}) == slot("b") + "1"


def test_a_slot_without_a_value_is_a_fault() -> None:
    with pytest.raises(KeyError):
        Frame(slot("own")).fill({})


def test_a_frame_is_rendered_once_until_what_it_is_made_of_changes(rendered: list[str]) -> None:
    assert get(rendered, "page") is get(rendered, "page")
    assert rendered == ["page"]
    get(rendered, "page", made_of=2)
    get(rendered, "page", made_of=2)
    assert rendered == ["page", "page"]
    get(rendered, "other", made_of=2)
    get(rendered, "page", made_of=1)
    assert rendered == ["page", "page", "other", "page"]


def test_each_language_and_each_place_of_the_site_has_frames_of_its_own(rendered: list[str]) -> None:
    readers = ({}, {"cookie": "en"}, {"root": "/quiz"})
    found = [get(rendered, "page", **reader) for reader in readers]
    assert len(set(map(id, found))) == 3
    assert [get(rendered, "page", **reader) for reader in readers] == found


def test_what_every_page_shows_is_part_of_every_frame(app: Flask, rendered: list[str]) -> None:
    shown = ["before"]
    frames.share(app, lambda: shown.copy())
    get(rendered, "page")
    shown[0] = "after"
    get(rendered, "page")
    assert rendered == ["page", "page"]


def test_only_so_many_frames_are_kept(rendered: list[str]) -> None:
    for number in range(KEPT + 1):
        get(rendered, f"page {number}")
    assert len(get_frames()._kept) <= KEPT
