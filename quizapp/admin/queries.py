"""Reads of the site's settings and of how the house stands."""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import sha256

from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from quizapp.admin.models import Site
from quizapp.core.db import db, reading

FRESH_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class SiteLook:
    """What every page shows of the site."""

    name: str = ""
    host_unit: str = ""
    icp_number: str = ""
    police_number: str = ""
    accent: str = ""
    has_logo: bool = False
    version: str = "0"
    """Changes with every edit; part of the logo's address, so that browsers can keep it."""


class SiteCache:
    """The site's look, read again every few seconds at most, and kept as it was while SQL does not answer."""

    def __init__(self) -> None:
        self._look = SiteLook()
        self._read_at = -FRESH_SECONDS

    def get(self) -> SiteLook:
        if time.monotonic() - self._read_at >= FRESH_SECONDS:
            self._read_at = time.monotonic()
            self._look = _read_look() or self._look
        return self._look

    def forget(self) -> None:
        self._read_at = -FRESH_SECONDS


def init_app(app: Flask) -> None:
    app.extensions["quizapp.site"] = SiteCache()


def site_cache() -> SiteCache:
    cache: SiteCache = current_app.extensions["quizapp.site"]
    return cache


def get_site() -> Site:
    """The row of settings; one with the defaults, not yet stored, before the first edit."""
    return db.session.get(Site, 1) or Site(
        id=1,
        name="",
        host_unit="",
        icp_number="",
        police_number="",
        accent="",
        log_retention_days=183,
        lock_version=1,
    )


def _read_look() -> SiteLook | None:
    """Read on a connection of its own: error pages show the look too, after their request's transaction is over."""
    looks = (Site.name, Site.host_unit, Site.icp_number, Site.police_number, Site.accent)
    try:
        with reading(), db.engine.connect() as connection:
            row = connection.execute(select(*looks, Site.logo, Site.lock_version)).one_or_none()
    except SQLAlchemyError:
        return None
    if row is None:
        return SiteLook()
    name, host_unit, icp_number, police_number, accent, logo, lock_version = row
    version = sha256(f"{lock_version}".encode() + (logo or b"")).hexdigest()[:12]
    return SiteLook(name, host_unit, icp_number, police_number, accent, logo is not None, version)
