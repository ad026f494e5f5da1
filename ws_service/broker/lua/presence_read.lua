-- Some of a topic's clients; those of processes whose lease has ended are left out.
--
-- KEYS  1 presence  2 leases
-- ARGV  1 cursor, 0 at the beginning  2 read on until so many were seen
--       3 "info" or "user": what is answered of each client
-- Answer {cursor, 0 at the end, {client, info or user, client, …}}; a client may come twice

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local is_alive, found, seen, cursor = {}, {}, 0, ARGV[1]
repeat
  local page = redis.call('HSCAN', KEYS[1], cursor, 'COUNT', ARGV[2])
  cursor = page[1]
  for i = 1, #page[2], 2 do
    seen = seen + 1
    local owner, user, info = string.match(page[2][i + 1], '^([^\n]*)\n[^\n]*\n([^\n]*)\n(.*)$')
    if owner and is_alive[owner] == nil then
      is_alive[owner] = tonumber(redis.call('ZSCORE', KEYS[2], owner) or '0') > now
    end
    if owner and is_alive[owner] then
      found[#found + 1] = page[2][i]
      found[#found + 1] = ARGV[3] == 'info' and info or user
    end
  end
until cursor == '0' or seen >= tonumber(ARGV[2])
return {cursor, found}
