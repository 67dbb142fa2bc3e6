"""Staff pages on a phone in both languages: nothing is cut off out of reach, nothing is too small for a thumb."""

from __future__ import annotations

import pytest

from tests.journeys.test_organiser import sign_in
from tests.journeys.test_play import OpenDevice
from tests.stack import Stack

pytestmark = pytest.mark.browser

PAGES = (
    "/desk",
    "/contests/",
    "/contests/new",
    "/bank/",
    "/bank/1",
    "/bank/topics",
    "/bank/questions/1",
    "/bank/questions/1/edit",
    "/bank/review",
    "/bank/laws",
    "/bank/laws/1",
    "/reports/",
    "/reports/demo/results",
    "/play/demo/monitor",
    "/play/demo/monitor/questions",
    "/accounts/units",
    "/accounts/users",
    "/accounts/audit",
    "/admin/site",
    "/admin/health",
    "/admin/course",
)
LISTS = {"/desk", "/contests/", "/reports/"}
"""What an organiser looks at on the way: their rows stand whole below one another."""
WIDER = """
    () => [...document.querySelectorAll(".table-responsive, .card-table")]
        .map((box) => box.scrollWidth - box.clientWidth)
"""
"""How much of a table is out of sight to the right."""
OUT_OF_REACH = """
    () => [...document.querySelectorAll("body *")]
        .filter((box) => box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 2)
        .filter((box) => getComputedStyle(box).overflowX === "hidden")
        .map((box) => box.className)
"""
"""Boxes that cut off what is wider than they are, so that nobody can scroll to it."""
TOO_SMALL = """
    () => [...document.querySelectorAll("button, .btn, summary, .desk-nav a, .desk-person a, label")]
        .filter((target) => target.matches(":not(label), :has(.form-check-input)"))
        .filter((target) => target.checkVisibility() && !target.matches(".visually-hidden"))
        .filter((target) => target.getBoundingClientRect().height < 44)
        .map((target) => target.innerText || target.className)
"""
BRAND_LINES = """
    () => {
        const brand = document.querySelector(".desk-brand span:last-child");
        return brand.getBoundingClientRect().height / parseFloat(getComputedStyle(brand).lineHeight);
    }
"""


@pytest.mark.parametrize("language", ["zh_Hans", "en"])
def test_staff_pages_can_be_used_on_a_phone(stack: Stack, open_device: OpenDevice, language: str) -> None:
    phone = open_device()
    page = phone.page
    sign_in(page, stack, "admin")
    phone.context.add_cookies([{"name": "quizapp_language", "value": language, "url": stack.base_url}])
    for path in PAGES:
        page.goto(stack.base_url + path)
        phone.must_not_scroll_sideways()
        assert page.evaluate(OUT_OF_REACH) == [], path
        assert page.evaluate(TOO_SMALL) == [], path
        if path in LISTS:
            assert set(page.evaluate(WIDER)) == {0}, path
        assert round(page.evaluate(BRAND_LINES)) <= (1 if language == "zh_Hans" else 2), path
        link = page.locator(".desk-nav [aria-current]")
        assert link.count() == 1, f"no link of the navigation stands for {path}"
