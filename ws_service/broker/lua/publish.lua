-- One publication: offset, stream, doorbell, change index, idempotency; nobody sees a part of it.
--
-- KEYS  1 metadata  2 stream  3 doorbell channel  4 idempotency  5 changes  6 change number
-- ARGV  1 payload  2 history size (0: none)  3 history lifetime in ms  4 idempotency lifetime in ms
--       5 name for a new epoch  6 metadata lifetime in ms  7 topic  8 payload limit of a doorbell
--       9 how many changes are kept  10 how many earlier epochs are kept
--       11 extra: a JSON fragment that stands beside the payload; '' for none
-- Answer {offset, epoch, 1 if the idempotency key was known}

local known = redis.call('GET', KEYS[4])
if known then
  local offset, epoch = string.match(known, '^(%d+) (.*)$')
  return {tonumber(offset), epoch, 1}
end

local extra, bell = ARGV[11], ARGV[1]
local version = '1 '
if #bell + #extra > tonumber(ARGV[8]) and tonumber(ARGV[2]) > 0 then
  bell = ''
elseif extra ~= '' then
  version, bell = '2 ', #extra .. ' ' .. extra .. bell
end

if tonumber(ARGV[2]) == 0 then
  redis.call('SET', KEYS[4], '0 ', 'PX', ARGV[4])
  redis.call('PUBLISH', KEYS[3], version .. '0 - ' .. bell)
  return {0, '', 0}
end

-- Both halves of the identity: after a fail-back the run id alone is the old one again. A first
-- replica changes the other half without a loss; INFO can't tell it from one (decision 13).
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
local lineage = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or ''

local meta = redis.call('HMGET', KEYS[1], 'epoch', 'offset', 'server', 'lineage', 'earlier')
local epoch, offset, earlier = meta[1], tonumber(meta[2] or '0'), meta[5] or ''
if not epoch then
  -- Evicted, expired or flushed. What is left of the stream belongs to nobody's offsets.
  redis.call('DEL', KEYS[2])
  epoch, offset = ARGV[5], 0
elseif meta[3] ~= server or meta[4] ~= lineage then
  -- Another server, or the same one restarted: it may have lost writes. Offsets go on; positions
  -- of the ended epoch count only up to here.
  earlier = epoch .. '=' .. offset .. (earlier == '' and '' or ',' .. earlier)
  local kept, count = {}, 0
  for pair in string.gmatch(earlier, '[^,]+') do
    count = count + 1
    if count > tonumber(ARGV[10]) then break end
    kept[count] = pair
  end
  earlier = table.concat(kept, ',')
  epoch = ARGV[5]
end

offset = offset + 1
redis.call('HSET', KEYS[1], 'epoch', epoch, 'offset', offset, 'server', server,
  'lineage', lineage, 'earlier', earlier)
redis.call('PEXPIRE', KEYS[1], ARGV[6])
if extra == '' then
  redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[2], offset .. '-0', 'd', ARGV[1])
else
  redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[2], offset .. '-0', 'd', ARGV[1], 'x', extra)
end
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('SET', KEYS[4], offset .. ' ' .. epoch, 'PX', ARGV[4])

local change = redis.call('INCR', KEYS[6])
if change == 1 then
  -- The counter is new, or was evicted: numbers that somebody has seen must not come again.
  local last = redis.call('ZRANGE', KEYS[5], -1, -1, 'WITHSCORES')[2]
  if last and tonumber(last) > 0 then
    change = tonumber(last) + 1
    redis.call('SET', KEYS[6], change)
  end
end
redis.call('ZADD', KEYS[5], change, ARGV[7])
-- The first is no change: it names the index (changes.lua).
redis.call('ZREMRANGEBYRANK', KEYS[5], 1, -1 - tonumber(ARGV[9]))

redis.call('PUBLISH', KEYS[3], version .. offset .. ' ' .. epoch .. ' ' .. bell)
return {offset, epoch, 0}
