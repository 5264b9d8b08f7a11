-- What clients have open: their listings, and their own names for orders.

-- The open order of a client by its own name for it (a field of client_order_ids), or false.
function listings.order_id_of(shard, name)
  local id = shard.client_order_ids[name]
  if id == nil then
    id = call('HGET', shard.client_order_ids_key, name)
    shard.client_order_ids[name], shard.client_order_ids_stored[name] = id, id
  end
  return id
end

-- What the call knows of a client's open orders: their number, and those to list (the sequence of their placing) or
-- unlist (false).
local function open_of(shard, client)
  local open = shard.opens[client]
  if not open then
    open = { changes = {}, count = false }
    shard.opens[client] = open
  end
  return open
end

function listings.open_count(shard, client, open)
  local count = open.count
  if not count then
    count = call('ZCARD', shard.tag .. 'open:' .. client)
    for _, placed in pairs(open.changes) do count = count + (placed and 1 or -1) end
    open.count = count
  end
  return count
end

-- Enters an order that is placed now in its client's listings. `name` is '' without a client_order_id.
function listings.list(shard, open, name, id)
  open.changes[id] = shard.seq_text
  if open.count then open.count = open.count + 1 end
  if name ~= '' then shard.client_order_ids[name] = id end
end

-- Takes a done order out of its client's listings.
function listings.unlist(shard, client, client_order_id, id)
  local open = shard.opens[client] or open_of(shard, client)
  if open.changes[id] then open.changes[id] = nil else open.changes[id] = false end
  if open.count then open.count = open.count - 1 end
  if client_order_id == '' then return end
  local name = client .. '","' .. client_order_id
  if shard.client_order_ids_stored[name] == nil then
    shard.client_order_ids_stored[name] = shard.client_order_ids[name] == nil
  end
  shard.client_order_ids[name] = false
end

function listings.flush(shard, client, open)
  local changes = open.changes
  local id, placed = next(changes)
  if not id then return end
  local key = shard.tag .. 'open:' .. client
  if not next(changes, id) then
    if placed then call('ZADD', key, placed, id) else call('ZREM', key, id) end
  else
    change_members(key, changes)
  end
  open.changes = {}
end

listings.open_of = open_of
