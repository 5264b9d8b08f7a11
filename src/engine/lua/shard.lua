-- The shard as one engine call sees it: counters read once from `meta`, and everything the call has learned
-- or changed so far. What its commands name is read ahead, and what they change is written at the end of the
-- call, many in one command each: an order that comes and goes within a call never touches its sorted set, and
-- a redis.call costs more than most of what it does. Whatever reads a structure with pending changes goes
-- through the functions below, which know of them. The shard lives for one call: a library keeps no state
-- between calls.
--
-- Keys, all behind the shard's tag:
--   meta                        hash: state, epoch, version, seq, time_us, persisted, trade_id:<instrument>
--   log                         stream: the entries of a call (domain/log-entry.ts), in order, each in a field e; the
--                               id <seq>-0 is the last one's sequence
--   orders                      hash: compact order id -> order record
--   book:<instrument>:<side>    sorted set: score = price (negative for bids), member = priority + order id
--   depth:<instrument>:<side>   hash: price ticks -> total lots
--   open:<client>               sorted set by id: the client's open orders, for listings and mass cancel
--   client_order_ids            hash: client"client_order_id -> order id, open orders only
--   idem                        hash: digest of client and idempotency key -> seq,second
--   trades:<instrument>         list, newest first: recent trades, at least those not yet persisted

local BUY, SELL = '0', '1'
local OPPOSITE = { [BUY] = SELL, [SELL] = BUY }

-- Priority is the log sequence at which an order took its place, in fixed width so that members sort by it.
local PRIORITY_DIGITS = 14
local ZEROS = '00000000000000'
local ID_START = PRIORITY_DIGITS + 1

local function member_of(shard, priority_text, id)
  local zeros = shard.zeros[#priority_text]
  if not zeros then
    zeros = sub(ZEROS, #priority_text + 1)
    shard.zeros[#priority_text] = zeros
  end
  return zeros .. priority_text .. id
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
  local seq = tonumber(meta[2])
  if (epoch ~= '' and epoch ~= meta[5]) or seq < sequence_min then
    return nil, CODE.engine_recovering
  end
  local now = call('TIME')
  local time_us = now[1] * 1000000 + now[2]
  local last_us = tonumber(meta[3])
  if time_us < last_us then time_us = last_us end
  local tag, entry_end = sub(meta_key, 1, -5), ',"' .. meta[5] .. '"]'
  return {
    meta_key = meta_key,
    -- How an entry ends: any, and one without a key, a request, a code or a fill before it.
    entry_end = entry_end, plain_end = '],"",null,0,0' .. entry_end,
    tag = tag,
    log_key = tag .. 'log',
    orders_key = tag .. 'orders',
    client_order_ids_key = tag .. 'client_order_ids',
    idem_key = tag .. 'idem',
    seq = seq, opening_seq = seq,
    time = text(time_us),
    second_text = now[1],
    second = tonumber(now[1]),
    persisted = tonumber(meta[4]),
    trade_ids = {},
    zeros = {},
    -- Entries of this call as XADD takes them, each behind the name of its field, and how many of them the log has.
    entries = {}, entry_count = 0, logged_count = 0,
    -- Known and pending, by structure:
    books = {},
    records = {}, stored_records = {}, parsed = {},
    client_order_ids = {}, client_order_ids_stored = {},
    opens = {},
    idems = {}, stored_idems = {},
  }
end

-- The book of one instrument: its recent trades to list, and for each side its key, best price once known (false for an
-- empty side), pending members (score to add, false to remove) and the totals of levels: as numbers, as the text that
-- they changed to, and as the text that is stored (false where there is none).
local function book_of(shard, instrument)
  local book = shard.books[instrument]
  if book then return book end
  local tag = shard.tag
  book = { instrument = instrument, recent = {}, recent_count = 0 }
  for side, name in pairs({ [BUY] = ':bids', [SELL] = ':asks' }) do
    book[side] = {
      side = side,
      -- How the change of a level begins in the log.
      change = '["' .. instrument .. '",' .. side .. ',',
      key = tag .. 'book:' .. instrument .. name,
      depth_key = tag .. 'depth:' .. instrument .. name,
      members = {},
      totals = {}, changed_totals = {}, stored_totals = {}, wanted = {},
    }
  end
  shard.books[instrument] = book
  return book
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

-- Reads what is not known of some orders ahead, in one command.
local function read_records(shard, ids)
  local records, stored = shard.records, shard.stored_records
  local missing, count = {}, 0
  for i = 1, #ids do
    local id = ids[i]
    if not records[id] and stored[id] == nil then
      count = count + 1
      missing[count] = id
      stored[id] = false
    end
  end
  if count == 0 then return end
  local found = call('HMGET', shard.orders_key, unpack(missing, 1, count))
  for i = 1, count do stored[missing[i]] = found[i] end
end

-- The head of a side: its best resting orders in matching order, as parallel arrays of members and prices. `complete`
-- when nothing rests behind them. An order that joins among them is one of them from then on. Entries whose member is
-- pending removal are passed over.
local HEAD_MOVED_MAX = 16

local function new_head()
  return { count = 0, first = 1, complete = false, members = {}, prices = {} }
end

-- A head without the orders that are pending removal: what is left of it stands first in the sorted set.
local function without_removed(head, pending)
  local kept, count = new_head(), 0
  for i = head.first, head.count do
    local member = head.members[i]
    if pending[member] ~= false then
      count = count + 1
      kept.members[count], kept.prices[count] = member, head.prices[i]
    end
  end
  kept.count = count
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
  local before, members, prices = head.count, head.members, head.prices
  local page = call('ZRANGE', half.key, before, before + size - 1, 'WITHSCORES')
  local found = #page / 2
  for i = 1, found do
    members[before + i], prices[before + i] = page[2 * i - 1], math.abs(tonumber(page[2 * i]))
  end
  if with_records and found > 0 then
    local ids = {}
    for i = 1, found do ids[i] = sub(page[2 * i - 1], ID_START) end
    read_records(shard, ids)
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

local function know_total(half, price_text, stored)
  half.stored_totals[price_text] = stored
  local total = stored and tonumber(stored) or 0
  half.totals[price_text] = total
  return total
end

-- Notes a level whose total a command of the call will ask for.
local function want_total(half, price_text)
  if half.stored_totals[price_text] ~= nil then return end
  half.stored_totals[price_text] = false
  half.wanted[#half.wanted + 1] = price_text
end

local function read_wanted_totals(shard)
  for _, book in pairs(shard.books) do
    for side in pairs(OPPOSITE) do
      local half = book[side]
      local wanted = half.wanted
      if #wanted > 0 then
        local found = call('HMGET', half.depth_key, unpack(wanted))
        for i = 1, #wanted do know_total(half, wanted[i], found[i]) end
        half.wanted = {}
      end
    end
  end
end

-- What a level holds, as a number.
local function level_total(half, price_text)
  return half.totals[price_text] or know_total(half, price_text, call('HGET', half.depth_key, price_text))
end

-- Sets a level's total, which is known. Returns the level's change for the log.
local function set_level(half, price_text, total)
  local total_text = text(total)
  half.totals[price_text], half.changed_totals[price_text] = total, total_text
  if total == 0 and half.best == tonumber(price_text) then half.best = nil end
  return half.change .. price_text .. ',' .. total_text .. ']'
end

-- Takes `lots` off a level. Returns the level's change for the log.
local function lower_level(half, price_text, lots)
  return set_level(half, price_text, level_total(half, price_text) - lots)
end

-- An order joins the head behind those of a better or the same price, or rests behind it all. A long head is done away
-- with instead: moving its orders would cost more than reading it again.
local function join_head(half, member, price)
  local head, is_bid = half.head, half.side == BUY
  local prices, at = head.prices, head.count
  while at > 0 and ((is_bid and prices[at] < price) or (not is_bid and prices[at] > price)) do at = at - 1 end
  if at == head.count and not head.complete then return end
  if head.count - at > HEAD_MOVED_MAX then
    half.head = nil
    return
  end
  local members = head.members
  for i = head.count, at + 1, -1 do members[i + 1], prices[i + 1] = members[i], prices[i] end
  at = at + 1
  members[at], prices[at] = member, price
  head.count = head.count + 1
  if at < head.first then head.first = at end
end

-- Puts an order at the back of its level. `total` is the level's new total, checked by the caller.
local function join_level(shard, half, price, price_text, id, total)
  local is_bid = half.side == BUY
  local member = member_of(shard, shard.seq_text, id)
  half.members[member] = is_bid and '-' .. price_text or price_text
  if half.head then join_head(half, member, price) end
  local best = half.best
  if best ~= nil and (best == false or (is_bid and price > best) or (not is_bid and price < best)) then
    half.best = price
  end
  return set_level(half, price_text, total)
end

local function leave_level(shard, half, priority_text, id)
  local member = member_of(shard, priority_text, id)
  -- One that came within this call is not stored yet, but the head may know of it.
  if half.members[member] and not half.head then half.members[member] = nil else half.members[member] = false end
end

-- The record of an order, nil or false where there is none.
local function record_of(shard, id)
  local record = shard.records[id]
  if record then return record end
  record = shard.stored_records[id]
  if record == nil then
    record = call('HGET', shard.orders_key, id)
    shard.stored_records[id] = record
  end
  return record
end

local function store_record(shard, id, record)
  shard.records[id] = record
end

-- The open order of a client by its own name for it (a field of client_order_ids), or false.
local function order_id_of(shard, name)
  local id = shard.client_order_ids[name]
  if id == nil then
    id = call('HGET', shard.client_order_ids_key, name)
    shard.client_order_ids[name], shard.client_order_ids_stored[name] = id, id
  end
  return id
end

-- What the call knows of a client's open orders: their number, and those to list (true) or unlist (false).
local function open_of(shard, client)
  local open = shard.opens[client]
  if not open then
    open = { changes = {}, count = false }
    shard.opens[client] = open
  end
  return open
end

local function open_count(shard, client, open)
  local count = open.count
  if not count then
    count = call('ZCARD', shard.tag .. 'open:' .. client)
    for _, is_listed in pairs(open.changes) do count = count + (is_listed and 1 or -1) end
    open.count = count
  end
  return count
end

-- Enters an order in its client's listings. `name` is '' without a client_order_id.
local function list_open(shard, open, name, id)
  open.changes[id] = true
  if open.count then open.count = open.count + 1 end
  if name ~= '' then shard.client_order_ids[name] = id end
end

-- Takes a done order out of its client's listings.
local function unlist_open(shard, client, client_order_id, id)
  local open = open_of(shard, client)
  if open.changes[id] then open.changes[id] = nil else open.changes[id] = false end
  if open.count then open.count = open.count - 1 end
  if client_order_id == '' then return end
  local name = client .. '"' .. client_order_id
  if shard.client_order_ids_stored[name] == nil then
    shard.client_order_ids_stored[name] = shard.client_order_ids[name] == nil
  end
  shard.client_order_ids[name] = false
end

local function flush_open(shard, client, open)
  local changes = open.changes
  local id, is_listed = next(changes)
  if not id then return end
  local key = shard.tag .. 'open:' .. client
  if not next(changes, id) then
    if is_listed then call('ZADD', key, '0', id) else call('ZREM', key, id) end
  else
    local added, added_count, removed, removed_count = {}, 0, {}, 0
    for one, is_added in pairs(changes) do
      if is_added then
        added[added_count + 1], added[added_count + 2] = '0', one
        added_count = added_count + 2
      else
        removed_count = removed_count + 1
        removed[removed_count] = one
      end
    end
    call_many('ZREM', key, removed, removed_count)
    call_many('ZADD', key, added, added_count)
  end
  open.changes = {}
end

local function flush_levels(half)
  local set, set_count, gone, gone_count = {}, 0, {}, 0
  for price_text, total_text in pairs(half.changed_totals) do
    local stored = half.stored_totals[price_text]
    if total_text == '0' then
      if stored then
        gone_count = gone_count + 1
        gone[gone_count] = price_text
      end
    elseif total_text ~= stored then
      set[set_count + 1], set[set_count + 2] = price_text, total_text
      set_count = set_count + 2
    end
  end
  call_many('HSET', half.depth_key, set, set_count)
  call_many('HDEL', half.depth_key, gone, gone_count)
end

-- Appends the entries of the call to the log: all of them, or as many as `logged_count` says.
local function write_log(shard)
  while shard.logged_count < shard.entry_count do
    local last = math.min(shard.logged_count + VARIADIC_MAX / 2, shard.entry_count)
    -- A stream takes a number alone as the id <number>-0.
    call('XADD', shard.log_key, text(shard.opening_seq + last), unpack(shard.entries, 2 * shard.logged_count + 1, 2 * last))
    shard.logged_count = last
  end
end

-- Writes everything pending, and the counters. Called once, when the log has the call's entries.
local function flush(shard)
  for _, book in pairs(shard.books) do
    for side in pairs(OPPOSITE) do
      flush_members(book[side])
      flush_levels(book[side])
    end
    call_many('LPUSH', shard.tag .. 'trades:' .. book.instrument, book.recent, book.recent_count)
  end
  for client, open in pairs(shard.opens) do flush_open(shard, client, open) end

  local values, count = {}, 0
  for id, record in pairs(shard.records) do
    values[count + 1], values[count + 2] = id, record
    count = count + 2
  end
  call_many('HSET', shard.orders_key, values, count)

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
