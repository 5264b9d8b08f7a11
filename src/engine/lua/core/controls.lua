-- Controls of accounts (domain/controls.ts): what acts on their orders as a whole. A dead man's switch, and the lease of a connection, stand
-- among what falls due; accounts that are killed in the hash `killed`, each with since when. `kills` of meta says whether there are any.

-- Since when an account is killed, as text; false where it is not.
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

-- The clients whose orders go when a lease ends, each with since when: changed by `set_client` only.
function controls.clients_of(shard, lease)
  local clients = shard.leases[lease]
  if not clients then
    clients = {}
    local stored = call('HGETALL', shard.tag .. 'lease:' .. lease)
    for i = 1, #stored, 2 do clients[stored[i]] = stored[i + 1] end
    shard.leases[lease] = clients
  end
  return clients
end

-- `since` is nil for one whose orders stay.
function controls.set_client(shard, lease, client, since)
  controls.clients_of(shard, lease)[client] = since
  local changes = shard.changed_leases[lease] or {}
  changes[client] = since or false
  shard.changed_leases[lease] = changes
end

-- The event of a control, with a comma before it. `at` is '0' for one that is gone.
function controls.event(kind, account, detail, at)
  return ',[' .. EVENT.control .. ',' .. kind .. ',"' .. account .. '","' .. detail .. '",' .. at .. ']'
end

function controls.flush_leases(shard)
  for lease, changes in pairs(shard.changed_leases) do change_fields(shard.tag .. 'lease:' .. lease, changes) end
end

function controls.flush(shard)
  if not next(shard.changed_kills) then return end
  local key = shard.tag .. 'killed'
  change_fields(key, shard.changed_kills)
  if call('EXISTS', key) == 1 then call('HSET', shard.meta_key, 'kills', '1') else call('HDEL', shard.meta_key, 'kills') end
end
