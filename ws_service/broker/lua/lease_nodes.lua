-- What the processes that are alive say of themselves.
--
-- KEYS  1 leases  2 information of nodes
-- Answer {information, …}

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local alive = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')
local answer = {}
for _, incarnation in ipairs(alive) do
  local information = redis.call('HGET', KEYS[2], incarnation)
  if information then answer[#answer + 1] = information end
end
return answer
