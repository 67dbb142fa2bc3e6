-- What is not a participant's answer: sweeping, figures, names, what was recorded, gates and rebuilds.
-- Stands behind play.lua and beginning.lua, whose keys and functions it uses, and ends the script by calling the
-- function that ARGV[1] names.

-- expire: wait ms → ok, how many were handed in; call again while it is 200
function functions.expire(gate)
  -- Looked for each second, so that the time for sending again begins as soon as an outage is over.
  notice_takeover(gate)
  if gate.is_paused or now < gate.reopened + tonumber(ARGV[2]) then
    return { 'ok', 0 }
  end
  local ids
  if now >= gate.closes + GRACE_MS then
    ids = redis.call('ZRANGE', deadlines_key, 0, EXPIRE_AT_MOST - 1)
  else
    ids = redis.call('ZRANGEBYSCORE', deadlines_key, '-inf', now - gate.shift - GRACE_MS, 'LIMIT', 0, EXPIRE_AT_MOST)
  end
  for _, id in ipairs(ids) do
    local attempt = read_attempt(id)
    if attempt and not attempt.finish then
      close(gate, attempt, 'expired', '[]')
    else
      redis.call('ZREM', deadlines_key, id)
    end
  end
  return { 'ok', #ids }
end

-- visit: visitor, gap in seconds → ok
-- The marks of a stretch of one gap lie together, since a key with its own end would cost each visitor twice as much:
-- who was here less than a gap ago is marked in this stretch or in the one before. A digest of 11 digits (44 bits) and
-- the moment are what fits the smallest mark.
function functions.visit()
  local digest, gap_ms = string.sub(redis.sha1hex(ARGV[2]), 1, 11), ARGV[3] * 1000
  local stretch = math.floor(now / gap_ms)
  local marks = base .. 'visits:' .. stretch
  local seen = redis.call('HGET', marks, digest) or redis.call('HGET', base .. 'visits:' .. stretch - 1, digest)
  redis.call('HSET', marks, digest, whole(now % (2 * gap_ms)))
  if redis.call('TTL', marks) < 0 then
    redis.call('EXPIRE', marks, 2 * ARGV[3])
  end
  if not seen or (now - seen) % (2 * gap_ms) >= gap_ms then
    redis.call('HINCRBY', counters_key, 'visits', 1)
    redis.call('PFADD', visitors_key, ARGV[2])
  end
  return { 'ok' }
end

-- figures: → ok, now, closes, counters, visitors seen, playing now, waiting
function functions.figures(gate)
  return {
    'ok', now, gate.closes, redis.call('HGETALL', counters_key), redis.call('PFCOUNT', visitors_key),
    redis.call('ZCOUNT', online_key, now - ONLINE_MS, '+inf'), redis.call('ZCARD', waiting_key),
  }
end

-- sample: playing now over all shards → ok; forgets who was not heard, keeps the peak and its moment
function functions.sample(gate)
  redis.call('ZREMRANGEBYSCORE', online_key, '-inf', now - ONLINE_MS)
  leave_queue_unheard(gate)
  if tonumber(ARGV[2]) > tonumber(redis.call('HGET', counters_key, 'peak') or 0) then
    redis.call('HSET', counters_key, 'peak', ARGV[2], 'peak_at', whole(now))
  end
  return { 'ok' }
end

-- names: person, … → ok, the masked name of each
function functions.names()
  local names = {}
  for i = 2, #ARGV do
    names[i - 1] = redis.call('HGET', base .. 'person:' .. ARGV[i], 'a') or ''
  end
  return { 'ok', names }
end

-- forget: person, masked name → ok; the person can begin nothing any more
function functions.forget()
  redis.call('HSET', base .. 'person:' .. ARGV[2], 'a', ARGV[3], 'z', 1)
  return { 'ok' }
end

-- These work without a gate, or on one that is halted.
local gateless = {}

-- recorded: seconds, id, … → ok; these ended attempts are in SQL and leave after a while
function gateless.recorded()
  for i = 3, #ARGV do
    redis.call('EXPIRE', base .. 'attempt:' .. ARGV[i], ARGV[2])
    redis.call('EXPIRE', base .. 'texts:' .. ARGV[i], ARGV[2])
  end
  return { 'ok' }
end

-- lock: token, ms → ok | busy; a rebuild begins; it ends by open or unlock, or by time
-- It holds in this life of this server: what was written under a former one may be lost, so that all is done again.
function gateless.lock()
  local key, life = base .. 'rebuilding', ' ' .. life_of_server()
  local holder = redis.call('GET', key)
  if holder and string.sub(holder, -#life) == life then
    return { 'busy' }
  end
  redis.call('SET', key, ARGV[2] .. life, 'PX', ARGV[3])
  return { 'ok' }
end

local function holds_lock(token)
  return redis.call('GET', base .. 'rebuilding') == token .. ' ' .. life_of_server()
end

-- unlock: token → ok
function gateless.unlock()
  if holds_lock(ARGV[2]) then
    redis.call('DEL', base .. 'rebuilding')
  end
  return { 'ok' }
end

-- shut: token → ok, number of the last event | busy; takes the gate away; -1 when there was none
-- What tells whose events are in the stream stays until the doors open: the next one may have to begin anew.
function gateless.shut()
  if not holds_lock(ARGV[2]) then
    return { 'busy' }
  end
  local f = redis.call('HMGET', gate_key, 'lineage', 'number')
  if not f[1] then
    return { 'ok', -1 }
  end
  redis.call('DEL', gate_key, base .. 'former')
  redis.call('HSET', base .. 'former', 'lineage', f[1], 'number', f[2])
  return { 'ok', tonumber(f[2]) }
end

-- rank: token, ms, rank, person, … → ok | busy; a better rank that is there already stays
function gateless.rank()
  if not holds_lock(ARGV[2]) then
    return { 'busy' }
  end
  redis.call('PEXPIRE', base .. 'rebuilding', ARGV[3])
  redis.call('ZADD', board_key, 'GT', unpack(ARGV, 4))
  return { 'ok' }
end

-- restore: token, ms, commands as JSON [[command, key, …], …] → ok | busy
function gateless.restore()
  if not holds_lock(ARGV[2]) or redis.call('EXISTS', gate_key) == 1 then
    return { 'busy' }
  end
  redis.call('PEXPIRE', base .. 'rebuilding', ARGV[3])
  for _, command in ipairs(cjson.decode(ARGV[4])) do
    redis.call(unpack(command))
  end
  return { 'ok' }
end

-- open: token, rebuilt 0 or 1, fields of the gate → ok | busy; the only place where a gate is made
function gateless.open()
  if not holds_lock(ARGV[2]) or redis.call('EXISTS', gate_key) == 1 then
    return { 'busy' }
  end
  local reopened = ARGV[3] == '1' and whole(now) or 0
  redis.call('HSET', gate_key, 'life', life_of_server(), 'reopened', reopened, unpack(ARGV, 4))
  redis.call('DEL', base .. 'rebuilding', base .. 'former')
  return { 'ok' }
end

if gateless[ARGV[1]] then
  return gateless[ARGV[1]]()
end
local gate = read_gate()
if not gate then
  return { 'recovering' }
end
return functions[ARGV[1]](gate)
