-- Fields of a gate, changed only where there is one: lineage and event number are made by play.
-- KEYS[1]  contests:{c<contest>.<shard>}:gate, a hash
-- ARGV     field, value, field, value, …
-- Returns  ok | none, there is no gate | older, and nothing is written: `lineage` is another one than the gate's, or
--          `version` an older one
-- Of two writers the later may know less. `version` is the contest's lock_version with which the other fields were
-- read; it never goes back. Neither does the version of the kit, by which answers are marked, and which is written alone
-- too.
-- Where a pause ends phones get time to send again what they kept, whoever of several writers ends it.
local known = redis.call('HMGET', KEYS[1], 'lineage', 'version', 'kit', 'paused')
if not known[1] then
  return 'none'
end
local new = {}
for i = 1, #ARGV, 2 do
  new[ARGV[i]] = ARGV[i + 1]
end
if new.lineage and new.lineage ~= known[1] then
  return 'older'
end
if new.version and tonumber(new.version) < tonumber(known[2] or 0) then
  return 'older'
end
redis.call('HSET', KEYS[1], unpack(ARGV))
if new.kit and tonumber(new.kit) < tonumber(known[3] or 0) then
  redis.call('HSET', KEYS[1], 'kit', known[3])
end
if known[4] == '1' and new.paused == '0' then
  local time = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'reopened', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
end
return 'ok'
