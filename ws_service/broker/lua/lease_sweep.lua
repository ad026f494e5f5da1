-- Whose lease has ended is dead from now on: a renewal that comes too late is refused. Then some
-- of the dead, for whoever asks to reap; for a while nobody else gets them.
--
-- KEYS  1 leases  2 information of nodes  3 the dead (score: until when somebody reaps, in ms)
--       4 name of the data
-- ARGV  1 how many at most  2 for how many ms the caller has them  3 lifetime of the keys in ms
--       4 identity of the server whose leases the caller may end  5 from when on, in ms  6 until when
-- Answer {ms until the next lease ends or nil, {incarnation, …}}

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local identity = (string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or '') .. ' '
  .. (string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or '') .. ' '
  .. (redis.call('GET', KEYS[4]) or '')
if identity == ARGV[4] and now >= tonumber(ARGV[5]) and now <= tonumber(ARGV[6]) then
  local ended = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
  for _, incarnation in ipairs(ended) do
    redis.call('ZREM', KEYS[1], incarnation)
    redis.call('HDEL', KEYS[2], incarnation)
    redis.call('ZADD', KEYS[3], 0, incarnation)
  end
end

local taken = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, incarnation in ipairs(taken) do
  redis.call('ZADD', KEYS[3], now + ARGV[2], incarnation)
end
redis.call('PEXPIRE', KEYS[3], ARGV[3])
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
return {first and first - now or false, taken}
