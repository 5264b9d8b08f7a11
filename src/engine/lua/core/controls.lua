-- Controls of accounts (domain/controls.ts): what acts on their orders as a whole. A dead man's switch, and the lease of a connection, stand
-- among what falls due; accounts that are stopped in the hash `killed`, each with since when. `kills` of meta says whether there are any.

-- Since when an account is stopped, as text; false where it is not.
function controls.killed_since(shard, account)
  local since = shard.killed[account]
  if since == nil then
    since = shard.has_kills and call('HGET', shard.tag .. 'killed', account) or false
    shard.killed[account] = since
  end
  return since
end

-- `since` is false for one that may order again.
function controls.set_killed(shard, account, since)
  shard.killed[account], shard.changed_kills[account] = since, since
  shard.has_kills = true
end

-- The event of a control, with a comma before it. `at` is '0' for one that is gone.
function controls.event(kind, account, detail, at)
  return ',[' .. EVENT.control .. ',' .. kind .. ',"' .. account .. '","' .. detail .. '",' .. at .. ']'
end

function controls.flush(shard)
  local key, set, set_count, gone, gone_count = shard.tag .. 'killed', {}, 0, {}, 0
  for account, since in pairs(shard.changed_kills) do
    if since then
      set[set_count + 1], set[set_count + 2] = account, since
      set_count = set_count + 2
    else
      gone_count = gone_count + 1
      gone[gone_count] = account
    end
  end
  if set_count + gone_count == 0 then return end
  call_many('HSET', key, set, set_count)
  call_many('HDEL', key, gone, gone_count)
  if call('EXISTS', key) == 1 then call('HSET', shard.meta_key, 'kills', '1') else call('HDEL', shard.meta_key, 'kills') end
end
