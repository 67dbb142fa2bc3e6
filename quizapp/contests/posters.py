"""The address of a contest as it is printed, and its QR code."""

from __future__ import annotations

import ipaddress
from io import BytesIO

import segno

from quizapp.core.settings import get_settings

MIME_TYPES = {"svg": "image/svg+xml", "png": "image/png"}
QUIET_MODULES = 4
"""The empty border that ISO/IEC 18004 asks for."""
PNG_SCALE = 24
"""Pixels a module: over 700 pixels for a short address, sharp on an A4 sheet."""


def address(slug: str) -> str:
    """The public page of a contest; it is printed on posters and never changes."""
    return f"{get_settings().public_url}/play/{slug}"


def is_loopback(host: str) -> bool:
    """Whether an address works only on the machine itself, so that a poster with it would be useless."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def qr_code(text: str, form: str) -> bytes:
    """A QR code as svg or png that survives a quarter of it being dirty or torn (error correction Q)."""
    out = BytesIO()
    code = segno.make_qr(text, error="q")
    if form == "svg":
        code.save(out, kind="svg", border=QUIET_MODULES, scale=8, dark="#000", light="#fff", xmldecl=False)
    else:
        code.save(out, kind="png", border=QUIET_MODULES, scale=PNG_SCALE)
    return out.getvalue()
