-- Beginning an attempt, and the waiting room before it.
-- Stands behind play.lua, whose keys and functions it uses.

-- Within a minute after the doors were opened again phones that went on trying are heard again, and not before: until
-- then nobody has left the queue, and who has a paper is playing.
local function is_just_reopened(gate)
  return now < gate.reopened + ONLINE_MS
end

-- The place in the queue of somebody who must wait; nil for who may come in, which leaves the queue alone.
local function place_in_queue(gate, person)
  local queued = redis.call('ZRANK', waiting_key, person)
  local rank = queued or redis.call('ZCARD', waiting_key)
  local playing = redis.call('ZCOUNT', online_key, now - ONLINE_MS, '+inf')
  if is_just_reopened(gate) then
    playing = math.max(playing, redis.call('ZCARD', deadlines_key))
  end
  if rank < gate.capacity - playing then
    return nil
  end
  return rank + 1, not queued
end

local function leave_queue_unheard(gate)
  if is_just_reopened(gate) then
    return
  end
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

-- The keys of the last attempt, separated by spaces: the one it was begun with, which may be empty, and the newest of
-- those that came back to it. Each device has its own, and a repetition after the hand-in must not begin another attempt.
local MOST_KEYS = 4

local function has_key(keys, key)
  return key ~= '' and string.find(' ' .. keys .. ' ', ' ' .. key .. ' ', 1, true)
end

local function with_key(keys, key)
  local first, later = string.match(keys, '^(%S*) ?(.*)$')
  local known = {}
  for one in string.gmatch(later, '%S+') do
    table.insert(known, one)
  end
  if #known == MOST_KEYS - 1 then
    table.remove(known, 1)
  end
  table.insert(known, key)
  return first .. ' ' .. table.concat(known, ' ')
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
  if has_key(f[7] or '', key) then
    return { 'same', f[5] }
  end
  if f[6] then
    local open = read_attempt(f[5])
    if open and not is_overdue(gate, open, wait_ms) then
      if key ~= '' then
        redis.call('HSET', person_key, 'i', with_key(f[7] or '', key))
      end
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
  if gate.capacity > 0 then
    notice_takeover(gate)
    leave_queue_unheard(gate)
    local place, is_new = place_in_queue(gate, person)
    if place then
      wait_in_queue(person, is_new)
      return { 'waiting', place, let_in_a_minute() }
    end
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
