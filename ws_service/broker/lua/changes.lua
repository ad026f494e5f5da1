-- Which topics changed after a change number, and where they stand now.
--
-- KEYS  1 changes  2 change number
-- ARGV  1 after this number  2 how many at most  3 what a topic's metadata key begins with
--       4 how many changes are kept
-- Answer {last change number, number up to which changes may be forgotten, server's identity,
--         {topic, change number, offset, epoch, topic, …}}

local last = tonumber(redis.call('GET', KEYS[2]) or '0')
local server = (string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or '') .. ' '
  .. (string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or '')
local forgotten = 0
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then
  forgotten = tonumber(redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]) - 1
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
return {last, forgotten, server, answer}
