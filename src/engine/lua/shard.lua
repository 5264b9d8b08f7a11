-- The shard as one engine call sees it: counters read once from `meta`, written back once at the end,
-- and what the call has already learned about books and clients. It lives for one call only: a library
-- keeps no state between calls.
--
-- Keys, all behind the shard's tag:
--   meta                        hash: state, epoch, version, seq, time_us, persisted, trade_id:<instrument>
--   log                         stream, id <seq>-0, field e: the entry (domain/log-entry.ts)
--   orders                      hash: compact order id -> order record
--   book:<instrument>:<side>    sorted set: score = price (negative for bids), member = priority + order id
--   depth:<instrument>:<side>   hash: price ticks -> total lots
--   open:<client>               sorted set by id: the client's open orders, for listings and mass cancel
--   client_order_ids            hash: client"client_order_id -> order id, open orders only
--   idem                        hash: digest of client and idempotency key -> seq,second
--   trades:<instrument>         list, newest first: recent trades, at least those not yet persisted

-- Redis' own functions are bound on the first call: while a library loads they are not there yet.
local call

-- Priority is the log sequence at which an order took its place, in fixed width so that members sort by it.
local PRIORITY_DIGITS = 14
local ID_START = PRIORITY_DIGITS + 1

-- Most values handed to one variadic redis.call; Lua's stack holds about 8,000.
local VARIADIC_MAX = 2000

local function call_many(command, key, values, count)
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
    tag = tag,
    log_key = tag .. 'log',
    orders_key = tag .. 'orders',
    client_order_ids_key = tag .. 'client_order_ids',
    idem_key = tag .. 'idem',
    seq = tonumber(meta[2]),
    time_us = time_us,
    time = string.format('%.0f', time_us),
    second = tonumber(now[1]),
    persisted = tonumber(meta[4]),
    books = {},
    open_counts = {},
    trade_ids = {},
  }
end

-- Writes the counters back. Called once, after the last command of the call.
local function close_shard(shard)
  local fields = { 'seq', text(shard.seq), 'time_us', shard.time }
  for instrument, trade_id in pairs(shard.trade_ids) do
    fields[#fields + 1] = 'trade_id:' .. instrument
    fields[#fields + 1] = text(trade_id)
  end
  call('HSET', shard.meta_key, unpack(fields))
end

-- The book of one instrument. best[side] is the best price of that side once known, false for an empty side.
local function book_of(shard, instrument)
  local book = shard.books[instrument]
  if book then return book end
  local tag = shard.tag
  book = {
    instrument = instrument,
    [0] = tag .. 'book:' .. instrument .. ':bids',
    [1] = tag .. 'book:' .. instrument .. ':asks',
    depth = {
      [0] = tag .. 'depth:' .. instrument .. ':bids',
      [1] = tag .. 'depth:' .. instrument .. ':asks',
    },
    best = {},
  }
  shard.books[instrument] = book
  return book
end

local function best_price(book, side)
  local best = book.best[side]
  if best ~= nil then return best end
  local first = call('ZRANGE', book[side], 0, 0, 'WITHSCORES')
  best = false
  if first[2] then best = math.abs(tonumber(first[2])) end
  book.best[side] = best
  return best
end

-- Whether an order of `side` at `price` would match at once; price nil stands for a market order.
local function would_match(book, side, price)
  local best = best_price(book, 1 - side)
  if not best then return false end
  if not price then return true end
  if side == 0 then return best <= price end
  return best >= price
end

local function open_count(shard, client)
  local count = shard.open_counts[client]
  if count then return count end
  count = call('ZCARD', shard.tag .. 'open:' .. client)
  shard.open_counts[client] = count
  return count
end

local function level_change(book, side, price, total)
  return '["' .. book.instrument .. '",' .. side .. ',' .. price .. ',' .. total .. ']'
end

-- Takes `lots` off a level. Returns the level's change for the log.
local function lower_level(book, side, price_text, lots)
  local depth_key = book.depth[side]
  local total = call('HGET', depth_key, price_text) - lots
  if total > 0 then
    local total_text = text(total)
    call('HSET', depth_key, price_text, total_text)
    return level_change(book, side, price_text, total_text)
  end
  call('HDEL', depth_key, price_text)
  if book.best[side] == tonumber(price_text) then book.best[side] = nil end
  return level_change(book, side, price_text, '0')
end

-- What a level holds, as a number.
local function level_total(book, side, price_text)
  return tonumber(call('HGET', book.depth[side], price_text) or 0)
end

-- Puts an order at the back of its level. `total` is the level's new total, checked by the caller.
local function join_level(shard, book, side, price, price_text, id, total)
  local member = string.format('%014.0f', shard.seq) .. id
  call('ZADD', book[side], side == 0 and '-' .. price_text or price_text, member)
  local total_text = text(total)
  call('HSET', book.depth[side], price_text, total_text)
  local best = book.best[side]
  if best ~= nil and (best == false or (side == 0 and price > best) or (side == 1 and price < best)) then
    book.best[side] = price
  end
  return level_change(book, side, price_text, total_text)
end

local function leave_level(book, side, priority, id)
  call('ZREM', book[side], string.format('%014.0f', priority) .. id)
end

-- Enters an order in its client's listings.
local function list_open(shard, client, client_order_id, id)
  call('ZADD', shard.tag .. 'open:' .. client, '0', id)
  if shard.open_counts[client] then shard.open_counts[client] = shard.open_counts[client] + 1 end
  if client_order_id ~= '' then
    call('HSET', shard.client_order_ids_key, client .. '"' .. client_order_id, id)
  end
end

-- Takes a done order out of its client's listings.
local function unlist_open(shard, client, client_order_id, id)
  call('ZREM', shard.tag .. 'open:' .. client, id)
  if shard.open_counts[client] then shard.open_counts[client] = shard.open_counts[client] - 1 end
  if client_order_id ~= '' then
    call('HDEL', shard.client_order_ids_key, client .. '"' .. client_order_id)
  end
end
