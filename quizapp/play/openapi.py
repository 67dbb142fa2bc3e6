"""The OpenAPI document of the HTTP interface, made from the classes of its bodies. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from quizapp.play import documents

ENTRY, ATTEMPT = "entry", "attempt"


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its path below /api/v1, its possible bodies by status and the codes it is refused with."""

    method: str
    path: str
    summary: str
    replies: dict[int, tuple[type[msgspec.Struct], ...]]
    refusals: dict[int, str]
    body: type[msgspec.Struct] | None = None
    token: str | None = None
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()


GONE = {503: "recovering, busy"}
BODY = {400: "bad_json", 413: "too_large", 415: "unsupported_media_type", 422: "invalid"}
OWNED = {401: "entry_required", 403: "csrf", 404: "not_found"}

CALLS = (
    Call(
        "get", "/contests/{slug}", "A contest and how to enter it", {200: (documents.ContestReply,)}, {404: "not_found"}
    ),
    Call(
        "post",
        "/contests/{slug}/visits",
        "Count a visit",
        {204: ()},
        {404: "not_found", 429: "too_many_requests"} | GONE,
        headers=("X-Visitor",),
    ),
    Call(
        "post",
        "/contests/{slug}/entries",
        "Enter, or come back with the resume code (200)",
        {201: (documents.EntryReply,), 200: (documents.EntryReply,)},
        BODY
        | {
            401: "resume_code_required",
            403: "contest_closed, entry_deleted",
            404: "not_found",
            422: "invalid, consent_required",
            429: "too_many_requests",
        }
        | GONE,
        body=documents.EntryCall,
        headers=("Idempotency-Key",),
    ),
    Call(
        "get",
        "/contests/{slug}/boards/{board}",
        "The top of a board; the one of all people is called overall",
        {200: (documents.BoardReply,), 304: ()},
        {404: "not_found", 422: "invalid"} | GONE,
        query=("top",),
    ),
    Call(
        "get",
        "/contests/{slug}/pulse",
        "Live figures",
        {200: (documents.PulseReply,), 304: ()},
        {404: "not_found"} | GONE,
    ),
    Call(
        "post",
        "/contests/{slug}/attempts",
        "Begin an attempt (201), resume the open one (200), or wait for a place (202)",
        {201: (documents.AttemptReply,), 200: (documents.AttemptReply,), 202: (documents.WaitingReply,)},
        OWNED
        | {
            403: "not_open, not_eligible, csrf",
            409: "no_attempts_left",
            422: "invalid",
            429: "too_many_requests",
        }
        | GONE,
        token=ENTRY,
        headers=("Idempotency-Key",),
    ),
    Call(
        "put",
        "/attempts/{attempt}/answers",
        "Store answers; an empty list says that one is still here",
        {200: (documents.AnswersReply,)},
        BODY | OWNED | {409: "finished", 410: "expired", 503: "recovering, paused, busy"},
        body=documents.AnswersCall,
        token=ATTEMPT,
    ),
    Call(
        "post",
        "/attempts/{attempt}/finish",
        "Hand in, with all answers sent again; a second time the same result comes back",
        {200: (documents.ResultReply,)},
        BODY | OWNED | {503: "recovering, paused, busy"},
        body=documents.AnswersCall,
        token=ATTEMPT,
    ),
    Call(
        "get",
        "/attempts/{attempt}",
        "The paper with the stored answers while it is open, the result afterwards",
        {200: (documents.AttemptReply, documents.ResultReply)},
        {401: "entry_required", 404: "not_found"} | GONE,
        token=ATTEMPT,
    ),
    Call("get", "/openapi.json", "This document", {200: ()}, {}),
)


@cache
def openapi() -> dict[str, Any]:
    """The document; the same for every reader."""
    types = _types()
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    by_type = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for call in CALLS:
        paths.setdefault(f"/api/v1{call.path}", {})[call.method] = _operation(call, by_type)
    schemes = {
        "entry": {"type": "http", "scheme": "bearer", "description": "The token of an entry"},
        "attempt": {"type": "http", "scheme": "bearer", "description": "The token of an attempt, or of its entry"},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "QuizApp", "version": "1", "description": DESCRIPTION},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": schemes},
    }


DESCRIPTION = (
    "Take part in a contest. Points have at most two decimals; times are RFC 3339 UTC; durations are milliseconds. "
    "Refusals are problem documents (RFC 9457) with a stable code. 503 and 429 carry Retry-After; every call may be "
    "repeated: an answer is decided by its seq, a begin and an entry by their Idempotency-Key."
)


def _types() -> list[Any]:
    found: dict[Any, None] = {documents.Problem: None}
    for call in CALLS:
        bodies = [call.body] if call.body else []
        found |= dict.fromkeys([*bodies, *(kind for kinds in call.replies.values() for kind in kinds)])
    return list(found)


def _operation(call: Call, schemas: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": call.summary,
        "parameters": [*_parameters(call)],
        "responses": {str(status): _response(kinds, schemas) for status, kinds in call.replies.items()},
    }
    for status, codes in sorted(call.refusals.items()):
        problem = {"application/problem+json": {"schema": schemas[documents.Problem]}}
        operation["responses"][str(status)] = {"description": codes, "content": problem}
    if call.body is not None:
        content = {"application/json": {"schema": schemas[call.body]}}
        operation["requestBody"] = {"required": True, "content": content}
    if call.token:
        operation["security"] = [{call.token: []}]
    return operation


def _parameters(call: Call) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in call.path.split("/") if part.startswith("{")]
    text = {"type": "string"}
    return [
        *({"name": name, "in": "path", "required": True, "schema": text} for name in names),
        *({"name": name, "in": "query", "schema": {"type": "integer", "minimum": 1}} for name in call.query),
        *({"name": name, "in": "header", "schema": text} for name in call.headers),
    ]


def _response(kinds: tuple[Any, ...], schemas: dict[Any, Any]) -> dict[str, Any]:
    if not kinds:
        return {"description": "Nothing, or the document itself"}
    choices = [schemas[kind] for kind in kinds]
    schema = choices[0] if len(choices) == 1 else {"oneOf": choices}
    return {
        "description": " or ".join(kind.__name__ for kind in kinds),
        "content": {"application/json": {"schema": schema}},
    }
