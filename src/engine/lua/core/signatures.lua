-- Signatures that were used, over all processes: in one set for each second by which they are timed, since the same signature is always
-- of the same second. A set stays as long as one of its signatures could be used again.
--
-- Key: {shard}:signatures:<second>

-- Takes a signature's use. Returns whether it is the first.
function signatures.take(tag, digest, second, for_ms)
  local key = tag .. 'signatures:' .. second
  if call('SADD', key, digest) == 0 then return false end
  if call('SCARD', key) == 1 then call('PEXPIRE', key, for_ms) end
  return true
end
