"""The blueprint on which all view modules of this room put their pages."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("accounts", __name__, url_prefix="/accounts")
