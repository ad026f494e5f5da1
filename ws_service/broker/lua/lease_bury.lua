-- Topics in which a dead incarnation still has entries; when there are none, it is forgotten.
--
-- KEYS  1 the dead  2 held by the incarnation
-- ARGV  1 incarnation  2 how many topics at most  3 for how many ms the caller goes on reaping
-- Answer {topic, …}

local topics, cursor = {}, '0'
repeat
  local page = redis.call('HSCAN', KEYS[2], cursor, 'COUNT', ARGV[2])
  cursor = page[1]
  for i = 1, #page[2], 2 do
    if #topics < tonumber(ARGV[2]) then topics[#topics + 1] = page[2][i] end
  end
until cursor == '0' or #topics > 0

if #topics == 0 then
  redis.call('ZREM', KEYS[1], ARGV[1])
elseif redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  local time = redis.call('TIME')
  redis.call('ZADD', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3], ARGV[1])
end
return topics
