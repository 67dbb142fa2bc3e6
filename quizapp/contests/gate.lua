-- Settings of a gate, changed only where there is one: lineage and event number are made by play.
-- KEYS[1]  contests:{c<contest>.<shard>}:gate, a hash
-- ARGV     field, value, field, value, …
-- Returns  1 written, 0 no gate
-- The version of the kit never goes back: answers are marked by it, and of two writers the later may know less.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
local kit = redis.call('HGET', KEYS[1], 'kit')
redis.call('HSET', KEYS[1], unpack(ARGV))
if kit and tonumber(redis.call('HGET', KEYS[1], 'kit')) < tonumber(kit) then
  redis.call('HSET', KEYS[1], 'kit', kit)
end
return 1
