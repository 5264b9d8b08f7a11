-- What is good once and was used, over all processes: signatures, and logins elsewhere. In one set for each second that they are of,
-- since the same one is always of the same second. A set stays as long as any of its second could be used again.
--
-- Key: {shard}:once:<second>
-- A use is one text (domain/one-time-use.ts): its digest, its second, and for how many ms any of that second could be used again.

local DIGEST_END, SECOND_END = 22, 32

-- Whether the set of a second may be new, by how many were added to it: then its time begins.
local function begin(key, added, use)
  if call('SCARD', key) == added then call('PEXPIRE', key, sub(use, SECOND_END + 1)) end
end

-- What a use is of, whenever it is told.
function once.name_of(use)
  return sub(use, 1, SECOND_END)
end

-- Takes a use. Returns whether it is the first.
function once.take(tag, use)
  local key = tag .. 'once:' .. sub(use, DIGEST_END + 1, SECOND_END)
  if call('SADD', key, sub(use, 1, DIGEST_END)) == 0 then return false end
  begin(key, 1, use)
  return true
end

-- Takes several, in two commands for each second. Returns for the name of each whether it was there before.
function once.take_all(tag, uses, count)
  local digests_of, use_of, were_there = {}, {}, {}
  for i = 1, count do
    local use = uses[i]
    local second = sub(use, DIGEST_END + 1, SECOND_END)
    local digests = digests_of[second]
    if not digests then
      digests = {}
      digests_of[second], use_of[second] = digests, use
    end
    digests[#digests + 1] = sub(use, 1, DIGEST_END)
  end
  for second, digests in pairs(digests_of) do
    local key = tag .. 'once:' .. second
    local found = call('SMISMEMBER', key, unpack(digests))
    local added = call('SADD', key, unpack(digests))
    for i = 1, #digests do were_there[digests[i] .. second] = found[i] == 1 end
    if added > 0 then begin(key, added, use_of[second]) end
  end
  return were_there
end
