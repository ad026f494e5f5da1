-- Publications of one topic, in their order, in one step: all of them, or those before a failure.
--
-- KEYS  those of the first publication, then the idempotency key of each other, then of the one
--       that comes before them
-- ARGV  1 "1" if there is one before them: without it they are out of turn
--       2 how many keys and  3 how many arguments the first has; its arguments;
--       then of each other: payload, history size, history lifetime, idempotency lifetime,
--       metadata lifetime, extra; everything else is as for the first
-- Answer {the answer of each publication, …}

if ARGV[1] == '1' and redis.call('EXISTS', KEYS[#KEYS]) == 0 then
  return redis.error_reply('OUTOFTURN the publication before these is not there')
end

local function publish(KEYS, ARGV)
--<publish.lua>
end

local keys, arguments = {}, {}
for i = 1, tonumber(ARGV[2]) do keys[i] = KEYS[i] end
for i = 1, tonumber(ARGV[3]) do arguments[i] = ARGV[3 + i] end
local answers = {publish(keys, arguments)}
local at = 3 + #arguments
for i = #keys + 1, #KEYS - 1 do
  keys[4] = KEYS[i]
  for offset, place in ipairs({1, 2, 3, 4, 6, 11}) do arguments[place] = ARGV[at + offset] end
  at = at + 6
  answers[#answers + 1] = publish(keys, arguments)
end
return answers
