-- Which topics changed after a change number, and where they stand now.
--
-- KEYS  1 changes  2 change number
-- ARGV  1 after this number  2 how many at most  3 what a topic's metadata key begins with
--       4 how many changes are kept  5 a name for the index, if it has none
-- Answer {last change number, number up to which changes may be forgotten, identity of the server
--         and the index, {topic, change number, offset, epoch, topic, …}}

local last = math.max(tonumber(redis.call('GET', KEYS[2]) or '0'),
  tonumber(redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2] or '0'))
local server = (string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or '') .. ' '
  .. (string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or '')

-- FLUSHDB and an eviction leave the server's identity as it is. So the index has a name, in the
-- same key: its first member, which is no topic (a topic's name has no newline). Whoever lost the
-- index lost the name.
local kept = tonumber(ARGV[4])
local name = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
if not name or string.sub(name, 1, 1) ~= '\n' then
  -- Publishing spares the first, whatever it is: what follows it may have been forgotten.
  if redis.call('ZCARD', KEYS[1]) > kept then redis.call('ZREM', KEYS[1], name) end
  name = '\n' .. ARGV[5]
  redis.call('ZADD', KEYS[1], -1, name)
end

-- Publishers of the release before keep more, and don't spare the name: room for them.
redis.call('ZREMRANGEBYRANK', KEYS[1], 1, -1 - kept)

local forgotten = 0
if redis.call('ZCARD', KEYS[1]) > kept then
  forgotten = tonumber(redis.call('ZRANGE', KEYS[1], 1, 1, 'WITHSCORES')[2]) - 1
end
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf',
  'WITHSCORES', 'LIMIT', 0, ARGV[2])
local answer = {}
for i = 1, #found, 2 do
  local meta = redis.call('HMGET', ARGV[3] .. found[i], 'offset', 'epoch')
  answer[#answer + 1] = found[i]
  answer[#answer + 1] = tonumber(found[i + 1])
  answer[#answer + 1] = tonumber(meta[1] or '0')
  answer[#answer + 1] = meta[2] or ''
end
return {last, forgotten, server .. name, answer}
