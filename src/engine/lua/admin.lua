-- Whether a later version of this program laid the shard out: what it means is not known here. An earlier one is drained
-- and then made anew.
local function is_later(version)
  return tonumber(version or 0) > tonumber(SHARD_VERSION)
end

-- initialise: begins the life of a shard in an empty Redis.
-- Keys: {shard}:meta. Arguments: epoch, version, funds (how money is kept).
-- Writes: meta. Returns: 1, or 0 when the shard is there already.
function admin.initialise(keys, argv)
  bind()
  if call('EXISTS', keys[1]) == 1 then return 0 end
  local now = call('TIME')
  call('HSET', keys[1], 'state', 'open', 'epoch', argv[1], 'version', argv[2], 'funds', argv[3], 'seq', '0', 'persisted', '0',
    'time_us', text(now[1] * 1000000 + now[2]))
  return 1
end

-- register: tells what the ticks and lots of instruments are worth.
-- Keys: {shard}:meta. Arguments: for each instrument its name and its scale (ledger/scales.lua).
-- Writes: instruments. Returns: 1, or 0 when a later version has laid the shard out.
function admin.register(keys, argv)
  bind()
  if is_later(call('HGET', keys[1], 'version')) then return 0 end
  if #argv > 0 then call_many('HSET', sub(keys[1], 1, -5) .. 'instruments', argv, #argv) end
  return 1
end

-- set_breach: stops new orders and all that takes money from an account because the balances were found not to add up, or lets them go on.
-- Keys: {shard}:meta. Arguments: what was found ('' to go on), epoch that it is meant for.
-- Writes: meta. Returns: 1, or 0 when the shard is in another epoch.
function admin.set_breach(keys, argv)
  bind()
  if call('HGET', keys[1], 'epoch') ~= argv[2] then return 0 end
  if argv[1] == '' then call('HDEL', keys[1], 'breach') else call('HSET', keys[1], 'breach', argv[1]) end
  return 1
end

-- set_state: moves the shard between open, frozen and recovering.
-- Keys: {shard}:meta. Arguments: state wanted, epoch that it is wanted for ('' for any), then the states it may be
--   reached from.
-- Writes: meta. Returns: the state before, '' for an empty Redis; nothing changes when that one is not listed or the
--   shard is in another epoch.
function admin.set_state(keys, argv)
  bind()
  local meta = call('HMGET', keys[1], 'state', 'epoch')
  local state = meta[1]
  if not state then return '' end
  if argv[2] ~= '' and argv[2] ~= meta[2] then return state end
  for i = 3, #argv do
    if argv[i] == state then
      call('HSET', keys[1], 'state', argv[1])
      break
    end
  end
  return state
end

-- renew_leases: leases of connections that are there yet end later; with no time to go, now.
-- Keys: {shard}:meta. Arguments: epoch, ttl_us (from now on), leases.
-- Reads and writes: due, meta. Returns: those of them that have ended, or are not there; nothing where the shard is in another epoch, or is being
--   rebuilt.
function admin.renew_leases(keys, argv)
  bind()
  local meta = call('HMGET', keys[1], 'epoch', 'state', 'time_us', 'version')
  if meta[1] ~= argv[1] or (meta[2] ~= 'open' and meta[2] ~= 'frozen') or is_later(meta[4]) then return false end
  local now = call('TIME')
  local time_us = math.max(now[1] * 1000000 + now[2], tonumber(meta[3]))
  local key, ended = sub(keys[1], 1, -5) .. 'due', {}
  for i = 3, #argv do
    local member = dues.LEASE .. argv[i]
    local due_us = call('ZSCORE', key, member)
    if due_us and tonumber(due_us) > time_us then
      call('ZADD', key, text(time_us + tonumber(argv[2])), member)
    else
      ended[#ended + 1] = argv[i]
    end
  end
  local first = call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
  if first then call('HSET', keys[1], 'due_us', text(tonumber(first))) end
  return ended
end

-- trim: lets go of what Postgres holds now. Safe to repeat.
-- Keys: {shard}:meta. Arguments: epoch, sequence up to which all is committed, log entries to keep behind it,
--   trades to keep, number of instruments, then for each its name and last committed trade id, then the number of orders that were
--   done by that sequence and their compact ids, then the compact ids of transfers that were.
-- Writes: meta, log, orders, transfers, trades. Returns: 1, or 0 when the epoch is another, or a later version has laid the shard out.
function admin.trim(keys, argv)
  bind()
  local meta = call('HMGET', keys[1], 'epoch', 'persisted', 'seq', 'version')
  if meta[1] ~= argv[1] or is_later(meta[4]) then return 0 end
  local seq, tail = tonumber(argv[2]), tonumber(argv[3])
  if seq > tonumber(meta[3]) then return 0 end
  local tag = sub(keys[1], 1, -5)
  if seq > tonumber(meta[2]) then call('HSET', keys[1], 'persisted', argv[2]) end
  if seq > tail then
    call('XTRIM', tag .. 'log', 'MINID', '~', text(seq + 1 - tail) .. '-0')
  end
  local trades_kept, instruments, at = tonumber(argv[4]), tonumber(argv[5]), 6
  for _ = 1, instruments do
    local name, committed = argv[at], tonumber(argv[at + 1])
    local last = tonumber(call('HGET', keys[1], 'trade_id:' .. name) or 0)
    -- The list is newest first, so its first entries are those that Postgres does not have yet.
    -- The last one is what orders that wait for a price go by, and call auctions.
    local kept = math.max(trades_kept, last - committed, 1)
    call('LTRIM', tag .. 'trades:' .. name, 0, kept - 1)
    at = at + 2
  end
  local ids, count = {}, tonumber(argv[at])
  for i = 1, count do ids[i] = argv[at + i] end
  call_many('HDEL', tag .. 'orders', ids, count)
  ids, at, count = {}, at + count + 1, 0
  while argv[at] do
    count = count + 1
    ids[count] = argv[at]
    at = at + 1
  end
  call_many('HDEL', tag .. 'transfers', ids, count)
  return 1
end

-- take_once: takes the use of what is good once and comes with no command.
-- Keys: {shard}:meta. Arguments: the use.
-- Reads and writes: once:<second>. Returns: 1 for the first use, 0 for another.
function admin.take_once(keys, argv)
  bind()
  return once.take(sub(keys[1], 1, -5), argv[1]) and 1 or 0
end

-- forget_keys: drops idempotency keys past their lifetime.
-- Keys: {shard}:meta. Arguments: lifetime in seconds, then digests.
-- Reads and writes: idem. Returns: how many were dropped, nothing where the layout is a later one; a key that was used anew is kept.
function admin.forget_keys(keys, argv)
  bind()
  if is_later(call('HGET', keys[1], 'version')) then return false end
  local idem_key = sub(keys[1], 1, -5) .. 'idem'
  local now, ttl_s, dropped = tonumber(call('TIME')[1]), tonumber(argv[1]), 0
  for i = 2, #argv do
    local stored = call('HGET', idem_key, argv[i])
    if stored and now - match(stored, ',(%d+)$') >= ttl_s then
      call('HDEL', idem_key, argv[i])
      dropped = dropped + 1
    end
  end
  return dropped
end
