local code = redis.call('HGET', KEYS[2], ARGV[1])
if not code then
  code = redis.call('RPOP', KEYS[1])
  redis.call('HSET', KEYS[2], ARGV[1], code)
end
return code
