-- The way of an answer: every call is one of the functions below or in duties.lua, decided whole by one script:
-- leaderboards/board.lua, which gives `board`, then this file, then duties.lua.
--
-- Keys, all of one shard and one slot (T is the hash tag {c<contest>.<shard>}):
--   KEYS[1]  contests:T:gate          hash    lineage number kit opens closes paused capacity, and ours, which
--                                             contests/gate.lua changes too:
--                                             version (of the contest whose settings these are),
--                                             halted (the recorder found that events went back in time),
--                                             since (ms of the pause), shift (ms added to all deadlines so far),
--                                             still (ms of pauses so far), reopened (ms of the last rebuild, resume
--                                             or takeover by another server), life (of the server that was last seen)
--   KEYS[2]  play:T:counters          hash    visits begun finished answers points peak peak_at, and what was
--                                             counted before the visitors were lost: visitors
--   KEYS[3]  play:T:stream            stream  events: v schema, n dense number, k kind, a attempt, t ms, …
--   KEYS[4]  play:T:deadlines         zset    open attempt → end of its own time before shifts, or NEVER
--   KEYS[5]  play:T:online            zset    open attempt → ms when it was last heard
--   KEYS[6]  play:T:waiting           zset    person → place in the queue
--   KEYS[7]  play:T:waiting_heard     zset    person in the queue → ms when last heard
--   KEYS[8]  play:T:visitors          HyperLogLog
--   KEYS[9]  leaderboards:T:overall   zset    see board.lua
-- Keys made here from an id:
--   play:T:attempt:<id>   hash  p person, k kit, n number, s started, e end before shifts (absent: the close),
--                               b still at begin, c score, r right, w answered, g knowledge points,
--                               f finish (absent: open), t finished, d duration, q0… paper,
--                               <place> "<seq> <points> <flag> <response>"; flag is 1 when right, +2 when the
--                               response is long and kept in texts
--   play:T:texts:<id>     hash  <place> long response
--   play:T:person:<id>    hash  v version (begins + finishes), n begun, d start of the day of the last begin,
--                               m begun on that day, l last attempt, o 1 while it is open, i its Idempotency-Key,
--                               a masked name, z 1 when the entry was deleted, h0… history
--   play:T:visit:<id>     string, expires when a visit is over
--   play:T:rebuilding     string, the lock of a rebuild
--   play:T:counting       string, the board was lost and is being counted: the event up to which SQL must have come
--   play:T:let_in:<n>     string, how many began in minute n while a capacity was set; expires
--
-- Times are ms since 1970-01-01 UTC by this server's clock. Whole numbers above 2^47 never go through Lua's own
-- conversion to text. Everything is validated before the first write: a script is not rolled back.
-- Answers are marked in Python by the kit that the gate names: what was marked by another one is "stale", so that
-- after a key was corrected nothing is stored any more by the former key.
-- Replies begin with a word: ok, or why not. A missing or halted gate is always "recovering".

local gate_key, counters_key, stream_key, deadlines_key, online_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local waiting_key, heard_key, visitors_key, board_key = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local base = string.match(deadlines_key, '^(.*:)deadlines$')

local SCHEMA = '1'
local NEVER = 9007199254740991
local GRACE_MS = 5000
local RESEND_MS = 60000
local ONLINE_MS = 60000
local LONG = 40
local EXPIRE_AT_MOST = 200

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function whole(number)
  return string.format('%.0f', number)
end

local function read_gate()
  local f = redis.call('HMGET', gate_key, 'lineage', 'kit', 'opens', 'closes', 'paused', 'capacity',
    'since', 'shift', 'still', 'reopened', 'halted')
  if not f[1] or f[11] then
    return nil
  end
  local pause = 0
  if f[5] == '1' then
    pause = math.max(0, now - tonumber(f[7] or now))
  end
  return {
    kit = f[2],
    opens = tonumber(f[3]),
    closes = tonumber(f[4]),
    is_paused = f[5] == '1',
    capacity = tonumber(f[6]),
    shift = tonumber(f[8] or 0) + pause,
    still = tonumber(f[9] or 0) + pause,
    reopened = tonumber(f[10] or 0),
  }
end

-- An attempt, nil when there is none, and of its answers those at `places`.
local function read_attempt(id, places)
  local key = base .. 'attempt:' .. id
  local fields = { 'p', 'n', 's', 'e', 'b', 'c', 'r', 'w', 'g', 'f', 't', 'd' }
  for i, place in ipairs(places or {}) do
    fields[12 + i] = place
  end
  local f = redis.call('HMGET', key, unpack(fields))
  if not f[1] then
    return nil
  end
  local stored = {}
  for i, place in ipairs(places or {}) do
    stored[place] = f[12 + i] or nil
  end
  return {
    id = id,
    key = key,
    texts_key = base .. 'texts:' .. id,
    person = f[1],
    number = f[2],
    started = tonumber(f[3]),
    ends = tonumber(f[4] or NEVER),
    still = tonumber(f[5] or 0),
    score = tonumber(f[6]),
    right = tonumber(f[7]),
    answered = tonumber(f[8]),
    points = tonumber(f[9]),
    finish = f[10],
    finished = f[11],
    duration = f[12],
    stored = stored,
  }
end

local function deadline_of(gate, attempt)
  if attempt.ends >= NEVER then
    return gate.closes
  end
  return math.min(gate.closes, attempt.ends + gate.shift)
end

-- The moment from which nobody's answers are taken any more, so that what waits for the close may be shown:
-- after the grace, after a pause, and after the time for sending again that follows a pause or a rebuild.
local function settled_at(gate)
  if gate.is_paused then
    return NEVER
  end
  return math.max(gate.closes + GRACE_MS, gate.reopened > 0 and gate.reopened + RESEND_MS or 0)
end

-- Whether phones are still given time to send again what an outage or a pause held back.
local function is_after_outage(gate, wait_ms)
  if wait_ms <= 0 then
    return false
  end
  if now < gate.reopened + wait_ms then
    return true
  end
  local uptime = string.match(redis.call('INFO', 'server'), 'uptime_in_seconds:(%d+)')
  return uptime ~= nil and uptime * 1000 < wait_ms
end

local function is_overdue(gate, attempt, wait_ms)
  if gate.is_paused or now < deadline_of(gate, attempt) + GRACE_MS then
    return false
  end
  return not is_after_outage(gate, wait_ms)
end

local function add_event(kind, id, ...)
  local number = redis.call('HINCRBY', gate_key, 'number', 1)
  redis.call('XADD', stream_key, '*', 'v', SCHEMA, 'n', number, 'k', kind, 'a', id, 't', whole(now), ...)
end

-- Answers ------------------------------------------------------------------------------------------------------

-- The places of the items that ARGV holds from `first` on.
local function places_from(first)
  local places = {}
  for i = 1, tonumber(ARGV[first]) do
    places[i] = ARGV[first + 1 + (i - 1) * 7]
  end
  return places
end

local function read_answer(attempt, place)
  local text = attempt.stored[place]
  if not text then
    return nil
  end
  local seq, points, flag, response = string.match(text, '^(%d+) (%d+) (%d) (.*)$')
  local is_long = tonumber(flag) >= 2
  if is_long then
    response = redis.call('HGET', attempt.texts_key, place) or ''
  end
  return { seq = seq, points = points, right = tostring(flag % 2), response = response, was_long = is_long }
end

-- Decide the items that ARGV holds from `first` on: their number, then for each place, seq, response, points,
-- right (0 or 1), knowledge points, and its part of the event. Nothing is written; `attempt` gets the new sums.
local function decide(attempt, first, locks)
  local known = {}
  local taken = { changed = {}, events = {}, outcomes = {}, answers = 0, points = 0 }
  for i = 1, tonumber(ARGV[first]) do
    local at = first + 1 + (i - 1) * 7
    local place, seq, response, points, right, worth, json = unpack(ARGV, at, at + 6)
    local old = known[place] or read_answer(attempt, place)
    local outcome
    if old and ((locks and old.response ~= '') or tonumber(seq) <= tonumber(old.seq)) then
      outcome = old.response == response and 'same' or 'conflict'
    else
      outcome = 'stored'
      local was, is = old ~= nil and old.response ~= '', response ~= ''
      local step = (is and 1 or 0) - (was and 1 or 0)
      attempt.score = attempt.score + points - (old and old.points or 0)
      attempt.right = attempt.right + right - (old and old.right or 0)
      attempt.answered = attempt.answered + step
      attempt.points = attempt.points + step * worth
      taken.answers = taken.answers + step
      taken.points = taken.points + step * worth
      old = { seq = seq, points = points, right = right, response = response, was_long = old and old.was_long }
      known[place] = old
      taken.changed[place] = old
      table.insert(taken.events, json)
    end
    table.insert(taken.outcomes, { outcome, old.seq, old.response, old.points, old.right })
  end
  return taken
end

local function write_answers(attempt, taken)
  if #taken.events == 0 then
    return
  end
  local fields = {
    'c', whole(attempt.score), 'r', whole(attempt.right), 'w', whole(attempt.answered), 'g', whole(attempt.points),
  }
  for place, item in pairs(taken.changed) do
    local flag, response = tonumber(item.right), item.response
    if #response > LONG then
      redis.call('HSET', attempt.texts_key, place, response)
      flag, response = flag + 2, ''
    elseif item.was_long then
      redis.call('HDEL', attempt.texts_key, place)
    end
    table.insert(fields, place)
    table.insert(fields, table.concat({ item.seq, item.points, flag, response }, ' '))
  end
  redis.call('HSET', attempt.key, unpack(fields))
  if taken.answers ~= 0 then
    redis.call('HINCRBY', counters_key, 'answers', taken.answers)
  end
  if taken.points ~= 0 then
    redis.call('HINCRBY', counters_key, 'points', taken.points)
  end
end

local function events_of(taken)
  return '[' .. table.concat(taken.events, ',') .. ']'
end

-- Ending -------------------------------------------------------------------------------------------------------

-- Time in pauses does not count as used, and neither does time after the deadline.
local function close(gate, attempt, finish, json)
  local deadline = deadline_of(gate, attempt)
  local finished = finish == 'expired' and deadline or math.min(now, deadline)
  local duration = math.max(0, finished - attempt.started - (gate.still - attempt.still))
  attempt.finish, attempt.finished, attempt.duration = finish, whole(finished), whole(duration)
  local person_key = base .. 'person:' .. attempt.person
  redis.call('HSET', attempt.key, 'f', finish, 't', attempt.finished, 'd', attempt.duration)
  redis.call('HDEL', person_key, 'o')
  redis.call('HINCRBY', person_key, 'v', 1)
  redis.call('ZREM', deadlines_key, attempt.id)
  redis.call('ZREM', online_key, attempt.id)
  redis.call('HINCRBY', counters_key, 'finished', 1)
  local is_lost = redis.call('EXISTS', board_key) == 0 and redis.call('HGET', counters_key, 'finished') ~= '1'
  board.add(board_key, attempt.person, attempt.score, duration)
  add_event('finish', attempt.id, 'how', finish, 'at', attempt.finished, 'score', whole(attempt.score),
    'right', whole(attempt.right), 'answered', whole(attempt.answered), 'points', whole(attempt.points),
    'duration', attempt.duration, 'd', json)
  if is_lost then
    redis.call('SET', base .. 'counting', redis.call('HGET', gate_key, 'number'))
  end
end

local functions = {}

-- answer: wait ms, id, person, locks 0 or 1, kit, items (see decide); none is a heartbeat
-- → ok, now, deadline, outcomes | missing | paused | finished, finish, result | stale, kit
function functions.answer(gate)
  local attempt = read_attempt(ARGV[3], places_from(7))
  if not attempt or attempt.person ~= ARGV[4] then
    return { 'missing' }
  end
  if attempt.finish then
    return { 'finished', attempt.finish }
  end
  if gate.is_paused then
    return { 'paused' }
  end
  if is_overdue(gate, attempt, tonumber(ARGV[2])) then
    close(gate, attempt, 'expired', '[]')
    return { 'finished', 'expired' }
  end
  if ARGV[6] ~= gate.kit then
    return { 'stale', gate.kit }
  end
  local taken = decide(attempt, 7, ARGV[5] == '1')
  redis.call('ZADD', online_key, now, attempt.id)
  if #taken.events > 0 then
    write_answers(attempt, taken)
    add_event('answer', attempt.id, 'd', events_of(taken))
  end
  return { 'ok', now, deadline_of(gate, attempt), taken.outcomes }
end

-- By far the most calls are answers: they need nothing of what follows.
if ARGV[1] == 'answer' then
  local gate = read_gate()
  return gate and functions.answer(gate) or { 'recovering' }
end

-- Beginning ----------------------------------------------------------------------------------------------------

-- The place in the queue of somebody who must wait; nil for who may come in, which leaves the queue alone.
local function place_in_queue(gate, person)
  if gate.capacity == 0 then
    return nil
  end
  local queued = redis.call('ZRANK', waiting_key, person)
  local rank = queued or redis.call('ZCARD', waiting_key)
  local playing = redis.call('ZCOUNT', online_key, now - ONLINE_MS, '+inf')
  if rank < gate.capacity - playing then
    return nil
  end
  return rank + 1, not queued
end

local function leave_queue_unheard()
  local gone = redis.call('ZRANGEBYSCORE', heard_key, '-inf', now - ONLINE_MS, 'LIMIT', 0, 200)
  if #gone > 0 then
    redis.call('ZREM', heard_key, unpack(gone))
    redis.call('ZREM', waiting_key, unpack(gone))
  end
end

local function wait_in_queue(person, is_new)
  if is_new then
    local last = redis.call('ZRANGE', waiting_key, -1, -1, 'WITHSCORES')[2]
    redis.call('ZADD', waiting_key, math.max(now, tonumber(last or 0) + 1), person)
  end
  redis.call('ZADD', heard_key, now, person)
end

local function count_let_in()
  local key = base .. 'let_in:' .. math.floor(now / 60000)
  redis.call('INCR', key)
  redis.call('EXPIRE', key, 180)
end

-- How many were let in during the last minute; from a part of a minute while there is no whole one yet.
local function let_in_a_minute()
  local minute, share = math.floor(now / 60000), now % 60000 / 60000
  local last = tonumber(redis.call('GET', base .. 'let_in:' .. (minute - 1)) or 0)
  local this = tonumber(redis.call('GET', base .. 'let_in:' .. minute) or 0)
  if last == 0 then
    return math.floor(this / math.max(share, 0.2) + 0.5)
  end
  return math.floor(last * (1 - share) + this + 0.5)
end

-- The day that now lies in, of four day starts that Python gave, the last one ending the third day.
local function day_of(first)
  for i = 2, 0, -1 do
    if now >= tonumber(ARGV[first + i]) then
      return ARGV[first + i], ARGV[first + i + 1]
    end
  end
  return ARGV[first], ARGV[first + 1]
end

-- look: person → ok, now, kit, opens, settled, paused, fields of the person
function functions.look(gate)
  local flat = redis.call('HGETALL', base .. 'person:' .. ARGV[2])
  return { 'ok', now, gate.kit, gate.opens, settled_at(gate), gate.is_paused and 1 or 0, flat }
end

-- begin: wait ms, person, version, key, id, kit, limit ms or 0, total or 0, a day or 0, four day starts, name,
--        full score, event, points and number of the voided questions on the paper, number of fields that follow,
--        fields of paper and history (q0, …, h0, …)
-- → new, number, started, deadline, begun today | same, id | open, id
--   | waiting, place, how many were let in during the last minute
--   | not_eligible | not_open | no_attempts, scope, start of the next day | stale
function functions.begin(gate)
  local wait_ms, person, version, key, id, kit = tonumber(ARGV[2]), unpack(ARGV, 3, 7)
  local limit, total, daily = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
  local person_key = base .. 'person:' .. person
  local f = redis.call('HMGET', person_key, 'v', 'n', 'd', 'm', 'l', 'o', 'i', 'z')
  if f[8] then
    return { 'not_eligible' }
  end
  if key ~= '' and f[7] == key then
    return { 'same', f[5] }
  end
  if f[6] then
    local open = read_attempt(f[5])
    if open and not is_overdue(gate, open, wait_ms) then
      return { 'open', f[5] }
    end
    if open then
      close(gate, open, 'expired', '[]')
    else
      redis.call('HDEL', person_key, 'o')
    end
    return { 'stale' }
  end
  local queued = gate.is_paused and redis.call('ZRANK', waiting_key, person)
  if queued then
    -- Who waits already goes on waiting, and keeps the place.
    wait_in_queue(person, false)
    return { 'waiting', queued + 1, 0 }
  end
  if gate.is_paused or now < gate.opens or now >= gate.closes then
    return { 'not_open' }
  end
  if kit ~= gate.kit or version ~= (f[1] or '0') then
    return { 'stale' }
  end
  local day, next_day = day_of(11)
  local begun, today = tonumber(f[2] or 0), f[3] == day and tonumber(f[4]) or 0
  if total > 0 and begun >= total then
    return { 'no_attempts', 'total', 0 }
  end
  if daily > 0 and today >= daily then
    return { 'no_attempts', 'day', tonumber(next_day) }
  end
  leave_queue_unheard()
  local place, is_new = place_in_queue(gate, person)
  if place then
    wait_in_queue(person, is_new)
    return { 'waiting', place, let_in_a_minute() }
  end

  local number = begun + 1
  local attempt = {
    'p', person, 'k', kit, 'n', number, 's', whole(now), 'c', ARGV[18], 'r', ARGV[19], 'w', 0, 'g', 0,
  }
  local own = {
    'n', number, 'd', day, 'm', today + 1, 'l', id, 'o', 1, 'i', key, 'a', ARGV[15],
  }
  local ends = NEVER
  if limit > 0 then
    ends = now + limit - gate.shift
    table.insert(attempt, 'e')
    table.insert(attempt, whole(ends))
  end
  if gate.still > 0 then
    table.insert(attempt, 'b')
    table.insert(attempt, whole(gate.still))
  end
  for i = 21, 20 + 2 * tonumber(ARGV[20]), 2 do
    local fields = string.sub(ARGV[i], 1, 1) == 'q' and attempt or own
    table.insert(fields, ARGV[i])
    table.insert(fields, ARGV[i + 1])
  end
  redis.call('HSET', base .. 'attempt:' .. id, unpack(attempt))
  redis.call('HSET', person_key, unpack(own))
  redis.call('HINCRBY', person_key, 'v', 1)
  redis.call('ZADD', deadlines_key, ends, id)
  redis.call('ZADD', online_key, now, id)
  if gate.capacity > 0 then
    redis.call('ZREM', waiting_key, person)
    redis.call('ZREM', heard_key, person)
    count_let_in()
  end
  redis.call('HINCRBY', counters_key, 'begun', 1)
  add_event('begin', id, 'p', person, 'i', number, 'kit', kit, 'e', limit > 0 and whole(now + limit) or '',
    'x', whole(gate.shift), 'y', whole(gate.still), 'key', key, 'full', ARGV[16], 'd', ARGV[17])
  local deadline = deadline_of(gate, { ends = ends })
  return { 'new', number, now, deadline, today + 1 }
end

-- finish: as answer → ok | missing | paused | stale, kit; the result is in the attempt
-- What comes too late is not taken; a second hand-in changes nothing and gets the same result.
function functions.finish(gate)
  local attempt = read_attempt(ARGV[3], places_from(7))
  if not attempt or attempt.person ~= ARGV[4] then
    return { 'missing' }
  end
  if not attempt.finish then
    if gate.is_paused then
      return { 'paused' }
    end
    if is_overdue(gate, attempt, tonumber(ARGV[2])) then
      close(gate, attempt, 'expired', '[]')
    elseif ARGV[6] ~= gate.kit then
      return { 'stale', gate.kit }
    else
      local taken = decide(attempt, 7, ARGV[5] == '1')
      write_answers(attempt, taken)
      close(gate, attempt, 'handed_in', events_of(taken))
    end
  end
  return { 'ok' }
end

-- read: id → ok, now, settled, deadline, paused, kit, fields of the attempt, long responses | missing
function functions.read(gate)
  local attempt = read_attempt(ARGV[2])
  if not attempt then
    return { 'missing' }
  end
  local fields, texts = redis.call('HGETALL', attempt.key), redis.call('HGETALL', attempt.texts_key)
  local deadline, paused = deadline_of(gate, attempt), gate.is_paused and 1 or 0
  return { 'ok', now, settled_at(gate), deadline, paused, gate.kit, fields, texts }
end
