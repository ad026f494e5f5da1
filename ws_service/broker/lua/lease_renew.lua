-- A process says that it is alive.
--
-- KEYS  1 leases  2 information of nodes  3 name of the data  4 the dead
-- ARGV  1 incarnation  2 lease in ms
--       3 information of this node, empty for an incarnation that is about to end  4 lifetime of the keys in ms
--       5 a name for the data, if they have none  6 "new" if the incarnation has no lease yet
-- Answer {1 if it has a lease now, identity of the server and its data, its time in ms,
--         ms until the first of all leases ends or nil, how many dead wait to be reaped}

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- A server that came back without its data, or with old ones, is another one: run id and
-- replication id show a restart and a fail-over, the name shows FLUSHDB.
redis.call('SET', KEYS[3], ARGV[5], 'NX')
local identity = (string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or '') .. ' '
  .. (string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or '') .. ' '
  .. redis.call('GET', KEYS[3])

local is_held = 0
if ARGV[6] == 'new' or redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  is_held = 1
  redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
  if ARGV[3] == '' then
    redis.call('HDEL', KEYS[2], ARGV[1])
  else
    redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
  end
end
for i = 1, 4 do redis.call('PEXPIRE', KEYS[i], ARGV[4]) end

local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
return {is_held, identity, now, first and first - now or false, redis.call('ZCARD', KEYS[4])}
