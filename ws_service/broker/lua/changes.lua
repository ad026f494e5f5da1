-- Which topics changed after a change number, and where they stand now.
--
-- KEYS  1 changes  2 change number
-- ARGV  1 after this number  2 how many at most  3 what a topic's metadata key begins with
-- Answer {last change number, oldest number kept, server's identity,
--         {topic, change number, offset, epoch, topic, …}}

local last = tonumber(redis.call('GET', KEYS[2]) or '0')
local server = (string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or '') .. ' '
  .. (string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or '')
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
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
return {last, tonumber(oldest[2] or '0'), server, answer}
