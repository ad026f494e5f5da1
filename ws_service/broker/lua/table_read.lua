-- The service's topics.
--
-- KEYS  1 the table
-- Answer its text, or nil

return redis.call('GET', KEYS[1])
