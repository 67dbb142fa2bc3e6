"""What somebody tries who wants to be led away from this site, or to break a page."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

ELSEWHERE = ("//[", "//[evil", "http://[", "//evil", "///evil", "/\\evil", "\t//evil", "/\tevil", "https:evil")


@pytest.mark.parametrize("address", ["/language", "/elder"])
@pytest.mark.parametrize("target", ELSEWHERE)
def test_what_is_no_path_of_ours_leads_home(client: FlaskClient, address: str, target: str) -> None:
    response = client.post(address, data={"next": target})
    assert (response.status_code, response.location) == (303, "/")
