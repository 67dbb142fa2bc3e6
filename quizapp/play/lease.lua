#!lua flags=allow-oom
-- The recorder's lease, taken or kept also while memory is full: what is recorded is what frees memory.
-- KEYS[1]  play:recorder, a string: its owner
-- ARGV     owner, ms
-- Returns  1 held, 0 somebody else has it
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
