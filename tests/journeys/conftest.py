"""A browser for journeys: Chromium as phones and desktops, listening for anything the page complains about."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.conftest import missing

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE = (390, 844)
DESKTOP = (1440, 900)
expect.set_options(timeout=15_000)
"""On a machine that others use too a page takes its time."""
OFFLINE = "net::ERR_INTERNET_DISCONNECTED"
"""What the console says of a call without network."""


@dataclass
class Device:
    """One person's browser with its own cookies and storage."""

    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=lambda: [OFFLINE])
    """Parts of console lines that belong to the journey."""

    def listen(self) -> None:
        self.page.on("console", lambda line: self._hear(line.type, line.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not any(part in text for part in self.expected):
            self.complaints.append(text)

    def must_be_accessible(self) -> None:
        """No serious or critical finding of axe on the page as it is."""
        findings = [
            f"{finding['id']}: {finding['nodes'][0]['html'][:160]}"
            for finding in Axe().run(self.page).response["violations"]
            if finding["impact"] in ("serious", "critical")
        ]
        assert findings == [], f"{self.page.url}: {findings}"

    def must_not_scroll_sideways(self) -> None:
        width = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1], f"{self.page.url} is {width[0]} wide on a screen of {width[1]}"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        missing("Chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture
def open_device(browser: Browser) -> Iterator[Callable[..., Device]]:
    """Opens a new browser: open_device() is a phone, open_device(size=DESKTOP, elder=True) something else."""
    devices: list[Device] = []

    def make(*, size: tuple[int, int] = PHONE, **options: Any) -> Device:
        width, height = size
        context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN", **options)
        device = Device(context, context.new_page())
        device.listen()
        devices.append(device)
        return device

    yield make
    for device in devices:
        device.context.close()
    assert [complaint for device in devices for complaint in device.complaints] == []
