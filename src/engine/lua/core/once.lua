-- What is good once and was used, over all processes: signatures, and logins elsewhere. In one set for each second by which they are
-- timed, since the same one is always of the same second. A set stays as long as any of its second could be used again.
--
-- Key: {shard}:once:<second>

-- Takes the use of one. Returns whether it is the first.
function once.take(tag, digest, second, for_ms)
  local key = tag .. 'once:' .. second
  if call('SADD', key, digest) == 0 then return false end
  if call('SCARD', key) == 1 then call('PEXPIRE', key, for_ms) end
  return true
end
