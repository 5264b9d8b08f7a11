-- The shard as one engine call sees it: counters read once from `meta`, and everything the call has learned
-- or changed so far. Changes are gathered here and written by `flush` at the end of the call, many in one
-- command: an order that comes and goes within a call never touches its sorted set, and a redis.call costs
-- more than most of what it does. Whatever reads a structure with pending changes goes through the functions
-- below, which know of them. The shard lives for one call: a library keeps no state between calls.
--
-- Keys, all behind the shard's tag:
--   meta                        hash: state, epoch, version, seq, time_us, persisted, trade_id:<instrument>
--   log                         stream, id <seq>-0, field e: the entry (domain/log-entry.ts)
--   orders                      hash: compact order id -> order record without that id
--   book:<instrument>:<side>    sorted set: score = price (negative for bids), member = priority + order id
--   depth:<instrument>:<side>   hash: price ticks -> total lots
--   open:<client>               sorted set by id: the client's open orders, for listings and mass cancel
--   client_order_ids            hash: client"client_order_id -> order id, open orders only
--   idem                        hash: digest of client and idempotency key -> seq,second
--   trades:<instrument>         list, newest first: recent trades, at least those not yet persisted

-- Redis' own functions are bound on the first call: while a library loads they are not there yet.
local call

local BUY, SELL = '0', '1'
local OPPOSITE = { [BUY] = SELL, [SELL] = BUY }

-- Priority is the log sequence at which an order took its place, in fixed width so that members sort by it.
local PRIORITY_DIGITS = 14
local MEMBER = '%0' .. PRIORITY_DIGITS .. 'd%s'
local ID_START = PRIORITY_DIGITS + 1

local function member_of(priority_text, id)
  return string.format(MEMBER, priority_text, id)
end

-- Most values handed to one variadic redis.call; Lua's stack holds about 8,000.
local VARIADIC_MAX = 2000

local function call_many(command, key, values, count)
  if count == 0 then return end
  if count <= VARIADIC_MAX then
    call(command, key, unpack(values, 1, count))
    return
  end
  for first = 1, count, VARIADIC_MAX do
    call(command, key, unpack(values, first, math.min(first + VARIADIC_MAX - 1, count)))
  end
end

-- Opens the shard for one call. Returns the shard, or nil and a result code when its state refuses commands.
-- epoch and sequence_min are what the caller knows of the shard's life: a Redis that came back empty, older or as
-- another life is never traded on, however early after its return a command arrives.
local function open_shard(meta_key, epoch, sequence_min)
  local meta = call('HMGET', meta_key, 'state', 'seq', 'time_us', 'persisted', 'epoch')
  local state = meta[1]
  if state ~= 'open' then
    if state == 'frozen' then return nil, CODE.engine_frozen end
    if state == 'recovering' then return nil, CODE.engine_recovering end
    -- No state at all is an empty Redis: a venue that lost its book must not start a new one silently.
    return nil, CODE.engine_unavailable
  end
  if (epoch ~= '' and epoch ~= meta[5]) or tonumber(meta[2]) < sequence_min then
    return nil, CODE.engine_recovering
  end
  local now = call('TIME')
  local time_us = now[1] * 1000000 + now[2]
  local last_us = tonumber(meta[3])
  if time_us < last_us then time_us = last_us end
  local tag = string.sub(meta_key, 1, -5)
  return {
    meta_key = meta_key,
    epoch = meta[5],
    tag = tag,
    log_key = tag .. 'log',
    orders_key = tag .. 'orders',
    client_order_ids_key = tag .. 'client_order_ids',
    idem_key = tag .. 'idem',
    seq = tonumber(meta[2]),
    time = text(time_us),
    second_text = now[1],
    second = tonumber(now[1]),
    persisted = tonumber(meta[4]),
    trade_ids = {},
    -- Known and pending, by structure:
    books = {},
    records = {}, record_ids = {}, record_count = 0,
    client_order_ids = {}, client_order_ids_stored = {},
    opens = {},
    idems = {},
  }
end

-- The book of one instrument; for each side its key, best price once known (false for an empty side), pending
-- members (score to add, false to remove) and level totals.
local function book_of(shard, instrument)
  local book = shard.books[instrument]
  if book then return book end
  local tag = shard.tag
  book = { instrument = instrument }
  for side, name in pairs({ [BUY] = ':bids', [SELL] = ':asks' }) do
    book[side] = {
      side = side,
      -- How the change of a level begins in the log.
      change = '["' .. instrument .. '",' .. side .. ',',
      key = tag .. 'book:' .. instrument .. name,
      depth_key = tag .. 'depth:' .. instrument .. name,
      members = {},
      totals = {},
      stored_totals = {},
    }
  end
  shard.books[instrument] = book
  return book
end

-- The `orders` hash holds a record without the order's id, which is the field's name already: 25 bytes an order.
-- The id stands before the last element, the time of creation in µs, which has 16 digits until the year 2286.
local STORED_TAIL = #',1763716000000000'
local RECORD_TAIL = STORED_TAIL + #',"0123456789ABCDEFGHIJKL"'

local function stored_form(record)
  return string.sub(record, 1, -RECORD_TAIL - 1) .. string.sub(record, -STORED_TAIL)
end

local function record_form(stored, id)
  return string.sub(stored, 1, -STORED_TAIL - 1) .. ',"' .. id .. '"' .. string.sub(stored, -STORED_TAIL)
end

-- Reads records as they are stored. Returns them in the order of the ids; false where there is none.
local function stored_records(orders_key, ids)
  local records = call('HMGET', orders_key, unpack(ids))
  for i = 1, #ids do
    if records[i] then records[i] = record_form(records[i], ids[i]) end
  end
  return records
end

local function flush_members(half)
  local added, added_count, removed, removed_count = {}, 0, {}, 0
  for member, score in pairs(half.members) do
    if score then
      added[added_count + 1], added[added_count + 2] = score, member
      added_count = added_count + 2
    else
      removed_count = removed_count + 1
      removed[removed_count] = member
    end
  end
  call_many('ZREM', half.key, removed, removed_count)
  call_many('ZADD', half.key, added, added_count)
  half.members = {}
end

-- The head of a side: its best resting orders in matching order, as parallel arrays of members, prices, ids and records
-- (false where not read yet). `complete` when nothing rests behind them. It knows of no pending order; an order that
-- joins among them does away with it (join_level). Entries whose member is pending removal are passed over.

local function new_head()
  return { count = 0, first = 1, complete = false, members = {}, prices = {}, ids = {}, records = {} }
end

-- A head without the orders that are pending removal: what is left of it stands first in the sorted set.
local function without_removed(head, pending)
  local kept = new_head()
  for i = head.first, head.count do
    local member = head.members[i]
    if pending[member] ~= false then
      local at = kept.count + 1
      kept.count = at
      kept.members[at], kept.prices[at], kept.ids[at], kept.records[at] = member, head.prices[i], head.ids[i], head.records[i]
    end
  end
  return kept
end

-- Reads the next `size` orders behind those of the head, with their records if asked for. Returns the head.
local function extend_head(shard, half, size, with_records)
  local head = half.head or new_head()
  if next(half.members) then
    head = without_removed(head, half.members)
    flush_members(half)
  end
  half.head = head
  local page = call('ZRANGE', half.key, head.count, head.count + size - 1, 'WITHSCORES')
  local before, found, ids = head.count, #page / 2, {}
  for i = 1, found do
    local member = page[2 * i - 1]
    local id = string.sub(member, ID_START)
    ids[i] = id
    local at = before + i
    head.members[at], head.prices[at], head.ids[at], head.records[at] = member, math.abs(tonumber(page[2 * i])), id, false
  end
  if with_records and found > 0 then
    local records = stored_records(shard.orders_key, ids)
    for i = 1, found do head.records[before + i] = records[i] end
  end
  head.count = before + found
  head.complete = found < size
  return head
end

-- Index of the first order of the head that still rests there, from `at` on; one past the end where there is none.
local function skip_removed(half, at)
  local head, pending = half.head, half.members
  while at <= head.count and pending[head.members[at]] == false do at = at + 1 end
  return at
end

local function best_price(shard, half)
  if half.best ~= nil then return half.best end
  local head = half.head or extend_head(shard, half, 1)
  head.first = skip_removed(half, head.first)
  while head.first > head.count and not head.complete do
    head = extend_head(shard, half, 1)
    head.first = skip_removed(half, head.first)
  end
  half.best = head.prices[head.first] or false
  return half.best
end

-- Whether an order of `side` at `price` would match at once; price nil stands for a market order.
local function would_match(shard, book, side, price)
  local best = best_price(shard, book[OPPOSITE[side]])
  if not best then return false end
  if not price then return true end
  if side == BUY then return best <= price end
  return best >= price
end

-- What a level holds, as a number.
local function level_total(half, price_text)
  local total = half.totals[price_text]
  if total then return total end
  total = tonumber(call('HGET', half.depth_key, price_text) or 0)
  half.totals[price_text], half.stored_totals[price_text] = total, total
  return total
end

-- Sets a level's total. Returns the level's change for the log.
local function set_level(half, price_text, total)
  half.totals[price_text] = total
  if total == 0 and half.best == tonumber(price_text) then half.best = nil end
  return half.change .. price_text .. ',' .. text(total) .. ']'
end

-- Takes `lots` off a level. Returns the level's change for the log.
local function lower_level(half, price_text, lots)
  return set_level(half, price_text, level_total(half, price_text) - lots)
end

-- Puts an order at the back of its level. `total` is the level's new total, checked by the caller.
local function join_level(shard, half, price, price_text, id, total)
  local is_bid = half.side == BUY
  half.members[member_of(shard.seq_text, id)] = is_bid and '-' .. price_text or price_text
  local head = half.head
  if head then
    local last = head.prices[head.count]
    if not last or (is_bid and price > last) or (not is_bid and price < last) then half.head = nil else head.complete = false end
  end
  local best = half.best
  if best ~= nil and (best == false or (is_bid and price > best) or (not is_bid and price < best)) then
    half.best = price
  end
  return set_level(half, price_text, total)
end

local function leave_level(half, priority_text, id)
  local member = member_of(priority_text, id)
  if half.members[member] then
    -- It came within this call and is not stored yet.
    half.members[member] = nil
  else
    half.members[member] = false
  end
end

local function record_of(shard, id)
  local record = shard.records[id]
  if record then return record end
  local stored = call('HGET', shard.orders_key, id)
  return stored and record_form(stored, id)
end

local function store_record(shard, id, record)
  if not shard.records[id] then
    shard.record_count = shard.record_count + 1
    shard.record_ids[shard.record_count] = id
  end
  shard.records[id] = record
end

-- Records of several orders at once.
local function records_of(shard, ids)
  local records = stored_records(shard.orders_key, ids)
  for i = 1, #ids do records[i] = shard.records[ids[i]] or records[i] end
  return records
end

-- The open order of a client by its own name for it, or false.
local function order_id_of(shard, client, client_order_id)
  local field = client .. '"' .. client_order_id
  local id = shard.client_order_ids[field]
  if id == nil then
    id = call('HGET', shard.client_order_ids_key, field)
    shard.client_order_ids[field], shard.client_order_ids_stored[field] = id, id
  end
  return id
end

-- What the call knows of a client's open orders: their number, and those to list (true) or unlist (false).
local function open_of(shard, client)
  local open = shard.opens[client]
  if not open then
    open = { changes = {} }
    shard.opens[client] = open
  end
  return open
end

local function open_count(shard, client)
  local open = open_of(shard, client)
  if not open.count then
    local count = call('ZCARD', shard.tag .. 'open:' .. client)
    for _, is_listed in pairs(open.changes) do count = count + (is_listed and 1 or -1) end
    open.count = count
  end
  return open.count
end

-- Enters an order in its client's listings.
local function list_open(shard, client, client_order_id, id)
  local open = open_of(shard, client)
  open.changes[id] = true
  if open.count then open.count = open.count + 1 end
  if client_order_id ~= '' then
    shard.client_order_ids[client .. '"' .. client_order_id] = id
  end
end

-- Takes a done order out of its client's listings.
local function unlist_open(shard, client, client_order_id, id)
  local open = open_of(shard, client)
  if open.changes[id] then open.changes[id] = nil else open.changes[id] = false end
  if open.count then open.count = open.count - 1 end
  if client_order_id ~= '' then
    local field = client .. '"' .. client_order_id
    if shard.client_order_ids_stored[field] == nil then
      shard.client_order_ids_stored[field] = shard.client_order_ids[field] == nil
    end
    shard.client_order_ids[field] = false
  end
end

local function flush_open(shard, client, open)
  local key = shard.tag .. 'open:' .. client
  local added, added_count, removed, removed_count = {}, 0, {}, 0
  for id, is_listed in pairs(open.changes) do
    if is_listed then
      added[added_count + 1], added[added_count + 2] = '0', id
      added_count = added_count + 2
    else
      removed_count = removed_count + 1
      removed[removed_count] = id
    end
  end
  call_many('ZREM', key, removed, removed_count)
  call_many('ZADD', key, added, added_count)
  open.changes = {}
end

local function flush_levels(half)
  local set, set_count, gone, gone_count = {}, 0, {}, 0
  for price_text, total in pairs(half.totals) do
    local stored = half.stored_totals[price_text]
    if total ~= stored then
      if total > 0 then
        set[set_count + 1], set[set_count + 2] = price_text, text(total)
        set_count = set_count + 2
      elseif stored ~= 0 then
        gone_count = gone_count + 1
        gone[gone_count] = price_text
      end
    end
  end
  call_many('HSET', half.depth_key, set, set_count)
  call_many('HDEL', half.depth_key, gone, gone_count)
end

-- Writes everything pending, and the counters. Called once, after the last command of the call.
local function flush(shard)
  for _, book in pairs(shard.books) do
    for side in pairs(OPPOSITE) do
      flush_members(book[side])
      flush_levels(book[side])
    end
  end
  for client, open in pairs(shard.opens) do flush_open(shard, client, open) end

  local values, count = {}, 0
  for i = 1, shard.record_count do
    local id = shard.record_ids[i]
    values[2 * i - 1], values[2 * i] = id, stored_form(shard.records[id])
  end
  call_many('HSET', shard.orders_key, values, 2 * shard.record_count)

  values, count = {}, 0
  local gone, gone_count = {}, 0
  for field, id in pairs(shard.client_order_ids) do
    local stored = shard.client_order_ids_stored[field]
    if id and id ~= stored then
      values[count + 1], values[count + 2] = field, id
      count = count + 2
    elseif not id and stored then
      gone_count = gone_count + 1
      gone[gone_count] = field
    end
  end
  call_many('HSET', shard.client_order_ids_key, values, count)
  call_many('HDEL', shard.client_order_ids_key, gone, gone_count)

  values, count = {}, 0
  for digest, answer in pairs(shard.idems) do
    values[count + 1], values[count + 2] = digest, answer
    count = count + 2
  end
  call_many('HSET', shard.idem_key, values, count)

  local fields = { 'seq', text(shard.seq), 'time_us', shard.time }
  for instrument, trade_id in pairs(shard.trade_ids) do
    fields[#fields + 1] = 'trade_id:' .. instrument
    fields[#fields + 1] = text(trade_id)
  end
  call('HSET', shard.meta_key, unpack(fields))
end
