-- Some of what a dead incarnation has left in a topic goes, and those who were told that it came
-- are told that it has gone. An entry goes in the step in which it is told: no two tell it.
--
-- KEYS  1 presence  2 held by the incarnation  3 doorbell channel
-- ARGV  1 incarnation  2 topic  3 cursor, 0 at the beginning  4 about how many are looked at
-- Answer the cursor for the next part, 0 when there is none

local page = redis.call('HSCAN', KEYS[1], ARGV[3], 'COUNT', ARGV[4])
for i = 1, #page[2], 2 do
  local owner, told, info = string.match(page[2][i + 1], '^([^\n]*)\n([^\n]*)\n[^\n]*\n(.*)$')
  if owner == ARGV[1] then
    redis.call('HDEL', KEYS[1], page[2][i])
    if told == '1' then redis.call('PUBLISH', KEYS[3], 'l ' .. info) end
  end
end
if page[1] == '0' then redis.call('HDEL', KEYS[2], ARGV[2]) end
return page[1]
