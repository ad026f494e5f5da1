-- What one process wants to be known of one topic's clients. Who is told of it follows from what
-- was there before, so doing it twice tells nobody twice.
--
-- KEYS  1 presence  2 held by this incarnation  3 leases  4 doorbell channel
-- ARGV  1 incarnation  2 topic  3 lifetime in ms  4 "lost" while it is known that entries were lost
--       then {state, client, user, info} of each client; state is
--         "0" present  "1" present, and others have been told or are told now
--         "-" gone     "!" gone, and others had been told that it came
-- Answer 1, or 0 without doing anything when the incarnation has no lease

if not redis.call('ZSCORE', KEYS[3], ARGV[1]) then return 0 end

local added = 0
for i = 5, #ARGV, 4 do
  local state, client, user, info = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local entry = redis.call('HGET', KEYS[1], client)
  local owner, told, told_info
  if entry then
    owner, told, told_info = string.match(entry, '^([^\n]*)\n([^\n]*)\n[^\n]*\n(.*)$')
  end
  if state == '0' or state == '1' then
    redis.call('HSET', KEYS[1], client, ARGV[1] .. '\n' .. state .. '\n' .. user .. '\n' .. info)
    if owner ~= ARGV[1] then added = added + 1 end
    if state == '0' and told == '1' then
      redis.call('PUBLISH', KEYS[4], 'l ' .. told_info)
    elseif state == '1' and told ~= '1' and (entry or ARGV[4] ~= 'lost') then
      redis.call('PUBLISH', KEYS[4], 'j ' .. info)
    end
  elseif owner == ARGV[1] then
    redis.call('HDEL', KEYS[1], client)
    added = added - 1
    if told == '1' then redis.call('PUBLISH', KEYS[4], 'l ' .. told_info) end
  elseif state == '!' and not entry and ARGV[4] == 'lost' then
    redis.call('PUBLISH', KEYS[4], 'l ' .. info)
  end
end

if added ~= 0 and redis.call('HINCRBY', KEYS[2], ARGV[2], added) <= 0 then
  redis.call('HDEL', KEYS[2], ARGV[2])
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
