-- Settings of a gate, changed only where there is one: lineage and event number are made by play.
-- KEYS[1]  contests:{c<contest>.<shard>}:gate, a hash
-- ARGV     field, value, field, value, …
-- Returns  1 written, 0 no gate
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1
