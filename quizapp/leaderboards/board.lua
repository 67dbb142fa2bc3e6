-- Boards: a sorted set of people by their packed rank, greater is better. Joined in front of scripts of other
-- rooms, which use it as `board`.
--
-- leaderboards:{c<contest>.<shard>}:<board>   sorted set: person → rank
--
-- A rank is score (hundredths, 22 bits) × 2^31 + (2^31 − 1 − time used in ms): exact in a double, and passed as
-- a number, since Lua's own conversion to text keeps 14 digits only.
local board = {}

local function clamp(value, limit)
  return math.max(0, math.min(value, limit))
end

function board.pack(score_hundredths, duration_ms)
  return clamp(score_hundredths, 4194303) * 2147483648 + 2147483647 - clamp(duration_ms, 2147483647)
end

-- A better attempt takes the place of the person's former best.
function board.add(key, person, score_hundredths, duration_ms)
  redis.call('ZADD', key, 'GT', board.pack(score_hundredths, duration_ms), person)
end
