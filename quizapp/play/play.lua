-- The way of an answer: every call is one of the functions below, in beginning.lua or in duties.lua, decided whole by
-- one script: leaderboards/board.lua, which gives `board`, then these three.
--
-- Keys, all of one shard and one slot (T is the hash tag {c<contest>.<shard>}):
--   KEYS[1]  contests:T:gate          hash    lineage number kit opens closes paused capacity, and ours, which
--                                             contests/gate.lua changes too:
--                                             version (of the contest whose settings these are),
--                                             halted (the recorder found that events went back in time),
--                                             since (ms of the pause), shift (ms added to all deadlines so far),
--                                             still (ms of pauses so far), reopened (ms when the last rebuild, pause
--                                             or outage was over), life (of the server that was last seen)
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
--                               m begun on that day, l last attempt, o 1 while it is open, i its Idempotency-Keys,
--                               a masked name, z 1 when the entry was deleted, h0… history
--   play:T:visits:<n>     hash  digest of a visitor → ms, modulo two gaps between visits, when last here; of stretch
--                               n, which is one gap long; expires
--   play:T:rebuilding     string, the lock of a rebuild
--   play:T:former         hash  lineage, number of a gate that was taken away, halted_at (the event behind which a
--                               halted shard was not recorded); gone when the doors open
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

-- The moment from which nobody's answers are taken any more, so that what waits for the close may be shown: after the
-- grace, and the time for sending again that follows a pause or a rebuild. NEVER in a pause, and while papers are open
-- that should have been handed in by now: after an outage, be it one that nobody has noticed yet, answers to them would
-- be taken.
local function settled_at(gate)
  local settled = math.max(gate.closes + GRACE_MS, gate.reopened > 0 and gate.reopened + RESEND_MS or 0)
  if gate.is_paused or (now >= settled and redis.call('ZCARD', deadlines_key) > 0) then
    return NEVER
  end
  return settled
end

local function life_of_server()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
end

-- Whether another server, or another life of it, replies than was last seen: what was sent in between was lost or
-- refused, and phones get time to send it again from now on. A replica that took over may have run for days, so that
-- its uptime would not tell.
local function notice_takeover(gate)
  local life = life_of_server()
  if redis.call('HGET', gate_key, 'life') == life then
    return false
  end
  redis.call('HSET', gate_key, 'life', life, 'reopened', whole(now))
  gate.reopened = now
  return true
end

-- Whether phones are still given time to send again what an outage or a pause held back. Whoever asks first after a
-- takeover notices it: the recorder may be away for longer than the live store.
local function is_after_outage(gate, wait_ms)
  return wait_ms > 0 and (now < gate.reopened + wait_ms or notice_takeover(gate))
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
