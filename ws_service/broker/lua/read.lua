-- A topic's position and what was published after an offset.
--
-- KEYS  1 metadata  2 stream
-- ARGV  1 read after this offset  2 how many at most (0: the position alone)
--       3 name for a new epoch  4 metadata lifetime in ms
--       5 "reverse" reads the newest first, before the offset (0: from the top)
--       6 metadata lifetime in ms of a topic that never had a publication
-- Answer {offset, epoch, earlier epochs, entries, ms until the stream expires}; an entry is {id, {'d', payload}},
-- or {id, {'d', payload, 'x', extra}}

local meta = redis.call('HMGET', KEYS[1], 'epoch', 'offset', 'earlier')
local epoch, offset, earlier = meta[1], tonumber(meta[2] or '0'), meta[3] or ''
if not epoch then
  -- Nobody may hold a position without an epoch: it would fit every later stream.
  redis.call('DEL', KEYS[2])
  epoch, offset, earlier = ARGV[3], 0, ''
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'offset', 0, 'earlier', '',
    'server', string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or '',
    'lineage', string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or '')
end
-- Never sooner than a publication has said: a long history needs its position as long.
local lifetime = offset == 0 and ARGV[6] or ARGV[4]
if redis.call('PTTL', KEYS[1]) < tonumber(lifetime) then
  redis.call('PEXPIRE', KEYS[1], lifetime)
end

-- Clients may ask from any number; a large one would have no exact text as part of an id.
local limit, after = tonumber(ARGV[2]), math.min(tonumber(ARGV[1]), offset + 1)
local entries = {}
if limit > 0 and ARGV[5] == 'reverse' then
  local from = after > 0 and (after - 1) .. '-0' or '+'
  entries = redis.call('XREVRANGE', KEYS[2], from, '-', 'COUNT', limit)
elseif limit > 0 and after < offset then
  entries = redis.call('XRANGE', KEYS[2], (after + 1) .. '-0', '+', 'COUNT', limit)
end
return {offset, epoch, earlier, entries, redis.call('PTTL', KEYS[2])}
