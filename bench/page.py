"""P10: what the first load of a contest's page costs a phone: `python -m bench.page [--json]`.

A phone without anything kept opens each contest of the demo in Chromium, which counts the bytes of all replies as
they came over the line, headers and compression included. The second load, with what may be kept, stands beside. The
page is then opened without scripts: it must show what the contest is, its rules and window, and let people enter.
"""

from __future__ import annotations

import argparse
import json
import shutil
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench import machine
from tests.journeys.conftest import FLAGS, PHONE
from tests.stack import Stack

QUIET_MS = 1500
# What somebody without scripts must find on the page.
NEEDED = {
    "title": "h1",
    "rules": "dl.rules dt",
    "window": "dl.rules dd",
    "entry": "#entry form [type=submit], form[action$='/entry'] [type=submit]",
}


def phone(browser: Browser, **changes: Any) -> BrowserContext:
    viewport: Any = {"width": PHONE[0], "height": PHONE[1]}
    return browser.new_context(viewport=viewport, is_mobile=True, has_touch=True, locale="zh-CN", **changes)


def load(page: Page, address: str) -> dict[str, Any]:
    """Open the page; bytes over the line of each resource, by its path."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    paths: dict[str, str] = {}
    transferred: dict[str, int] = {}

    def begun(event: dict[str, Any]) -> None:
        paths[event["requestId"]] = event["request"]["url"].partition("//")[2].partition("/")[2].partition("?")[0]

    def done(event: dict[str, Any]) -> None:
        path = paths.get(event["requestId"], "?")
        transferred[path] = transferred.get(path, 0) + round(event["encodedDataLength"])

    session.on("Network.requestWillBeSent", begun)
    session.on("Network.loadingFinished", done)
    page.goto(address, wait_until="load")
    page.wait_for_timeout(QUIET_MS)
    session.detach()
    return {"bytes": sum(transferred.values()), "requests": len(paths), "resources": transferred}


def contests(browser: Browser, base_url: str) -> list[str]:
    """The addresses of the contests that the home page links to."""
    with phone(browser) as context:
        page = context.new_page()
        page.goto(base_url)
        found: list[str] = page.eval_on_selector_all(
            "a[href^='/play/']", "links => [...new Set(links.map((link) => link.pathname))]"
        )
    return [path for path in found if path.count("/") == 2]


def measure(browser: Browser, address: str) -> dict[str, Any]:
    with phone(browser) as context:
        page = context.new_page()
        first = load(page, address)
        again = load(page, address)
    with phone(browser, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(address)
        shown = {name: page.locator(selector).first.is_visible() for name, selector in NEEDED.items()}
    return {
        "kb": round(first["bytes"] / 1000, 1),
        "again_kb": round(again["bytes"] / 1000, 1),
        "requests": first["requests"],
        "without_script": shown,
        "resources": first["resources"],
    }


def run() -> dict[str, Any]:
    figures: dict[str, Any] = {}
    with Stack.running("--demo") as stack, sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        for path in contests(browser, stack.base_url):
            figures[path] = measure(browser, stack.base_url + path)
        browser.close()
    heaviest = max(figures.values(), key=lambda row: row["kb"])
    return {
        "kb": heaviest["kb"],
        "again_kb": max(row["again_kb"] for row in figures.values()),
        "usable_without_script": all(all(row["without_script"].values()) for row in figures.values()),
        "pages": figures,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    figures = run()
    machine.keep("page", figures)
    if asked.json:
        print(json.dumps(figures, ensure_ascii=False))
        return
    for path, row in figures["pages"].items():
        print(path, row)
    print(f"first load {figures['kb']} KB, again {figures['again_kb']} KB (must 100, aim 60)")


if __name__ == "__main__":
    main()
