-- An incarnation ends before its lease does: what it still holds may be reaped at once.
--
-- KEYS  1 leases  2 information of nodes  3 the dead  4 held by the incarnation
-- ARGV  1 incarnation  2 lifetime of the keys in ms
-- Answer 1 if there is something to reap

redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
if redis.call('EXISTS', KEYS[4]) == 0 then
  redis.call('ZREM', KEYS[3], ARGV[1])
  return 0
end
redis.call('ZADD', KEYS[3], 0, ARGV[1])
redis.call('PEXPIRE', KEYS[3], ARGV[2])
return 1
