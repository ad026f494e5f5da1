-- Writes the service's topics, if others are there.
--
-- KEYS  1 the table
-- ARGV  1 its text  2 "1": only where there is none at all
-- Answer 1 if it was written, 0 if not

local there = redis.call('GET', KEYS[1])
if there == ARGV[1] or (there and ARGV[2] == '1') then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1])
return 1
