"""The floor: the least that a Flask program can do for one durable answer, to measure ours against.

A bare view parses the JSON, makes one Lua call with the same writes as ours (attempt, two counters, heartbeat, event)
to a Valkey of the same settings, and returns JSON. It checks nothing, marks nothing and knows nobody.
`bench.answer` serves it with the same WSGI server and workers as the product.
"""

from __future__ import annotations

import os

import msgspec
import redis
from flask import Flask, Response, request

from quizapp.core import shedding

LUA = """
local number = redis.call('HINCRBY', KEYS[1], 'number', 1)
redis.call('HSET', KEYS[2], 'c', ARGV[2], 'r', ARGV[3], 'w', ARGV[4], 'g', ARGV[5], ARGV[6], ARGV[7])
redis.call('HINCRBY', KEYS[3], 'answers', 1)
redis.call('HINCRBY', KEYS[3], 'points', 1)
redis.call('ZADD', KEYS[4], ARGV[1], ARGV[8])
redis.call('XADD', KEYS[5], '*', 'v', '1', 'n', number, 'k', 'answer', 'a', ARGV[8], 't', ARGV[1], 'd', ARGV[9])
return { 'ok', number }
"""


def create_app() -> Flask:
    app = Flask("floor")
    shedding.init_app(app, patience=lambda _method, _path: None)
    client = redis.Redis.from_url(os.environ["FLOOR_REDIS_URL"], protocol=3, decode_responses=True)
    script = client.script_load(LUA)
    encode = msgspec.json.encode
    keys = ("gate", "attempt:", "counters", "online", "stream")

    @app.put("/answers/<attempt>")
    def answer(attempt: str) -> Response:
        (item,) = msgspec.json.decode(request.get_data())["answers"]
        event = encode([item["question"], 1, item["seq"], item["response"], 1000, 1, item["spent_ms"]])
        stored = f"{item['seq']} 1000 1 {item['response'][0]}"
        arguments = ("1764100000000", 1000, 1, 1, 1, item["question"], stored, attempt, event)
        names = [f"{key}{attempt}" if key == "attempt:" else key for key in keys]
        client.evalsha(script, len(names), *names, *arguments)
        reply = {"stored": [{"question": item["question"], "seq": item["seq"]}], "rejected": [], "remaining_ms": 600000}
        return Response(encode(reply), mimetype="application/json")

    return app
