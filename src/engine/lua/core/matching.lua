-- Price-time matching in two phases: plan only reads, apply only changes. What a command has to refuse (fok, post-only,
-- limits) is decided between the two.

local add_product = numbers.add_product
local ID_START, extend_head, skip_removed, would_match = books.ID_START, heads.extend, heads.skip_removed, heads.would_match
local record_of, store_record = records.of, records.store
local lower_level, unlist, drop_due = levels.lower, listings.unlist, dues.drop_order
local is_own, meet, spend = prevention.is_own, prevention.meet, budgets.spend

-- Orders read at once behind the best one: most orders trade with few, some sweep thousands.
local CHUNK_FIRST = 8
local CHUNK_GROWTH = 8
local CHUNK_MAX = 512

-- Finds the makers that an order would trade with, best price first, then first come.
-- limit: price in ticks, nil for any. guard: of a taker with traits that bound what it trades (core/prevention.lua), which gathers
-- what comes of them; nil for none. Returns the lots that are left without a counterpart, the makers with
-- what is traded with each (nil for none), and whether the fills bound stopped it.
function matching.plan(shard, limits, book, side, limit, lots, guard)
  if not would_match(shard, book, side, limit) then return lots, nil, false end
  local half, is_buy = book[OPPOSITE[side]], side == BUY
  local makers, limited = {}, false
  -- Of those that are met some are no makers: the taker's own.
  local left, count, met, size = lots, 0, 0, CHUNK_FIRST
  local head = half.head or extend_head(shard, half, size, true)
  local at = head.first
  while left > 0 do
    at = skip_removed(half, at)
    while at > head.count and not head.complete do
      local known = head
      head = extend_head(shard, half, size, true)
      -- Made anew, it begins with what is planned already.
      if head ~= known then at = met + 1 end
      at = skip_removed(half, at)
      size = math.min(size * CHUNK_GROWTH, CHUNK_MAX)
    end
    local maker_price = head.prices[at]
    if not maker_price then break end
    if limit and ((is_buy and maker_price > limit) or (not is_buy and maker_price < limit)) then
      if guard then guard.beyond = true end
      break
    end
    if met == limits.fills_max then
      -- Only a bound that really cuts something off counts as one.
      limited = true
      break
    end
    local member = head.members[at]
    local id = sub(member, ID_START)
    local MAKER_PARTS = match(record_of(shard, id), MAKER_PATTERN)
    if not filled then error('an order record of an unknown layout: ' .. record_of(shard, id)) end
    local maker_filled, maker_total = tonumber(filled), tonumber(quantity)
    local traded = maker_total - maker_filled
    met = met + 1
    at = at + 1
    if guard and is_own(guard, tail) then
      left = meet(guard, id, maker_price, traded, left)
      if guard.stops or guard.exhausted then break end
    else
      if traded > left then traded = left end
      if guard and guard.budget then
        traded = spend(guard, maker_price, traded)
        if traded == 0 then break end
      end
      count = count + 1
      local base = MAKER_WIDTH * (count - 1)
      makers[base + 1], makers[base + 2], makers[base + 3], makers[base + 4], makers[base + 5], makers[base + 6] =
        member, maker_price, traded, id, maker_filled + traded, maker_total
      makers[base + 7], makers[base + 8], makers[base + 9], makers[base + 10], makers[base + 11], makers[base + 12], makers[base + 13],
        makers[base + 14] = notional, fill_sequence, priority, fees, price, quantity, traits, tail
      left = left - traded
      if guard and guard.exhausted then break end
    end
  end
  return left, makers[1] and makers, limited
end

local TRADE, TAKER, UNCHARGED = '[' .. EVENT.trade .. ',', ',0,"', ',0,"0","0",'
local function next_trade_id(shard, instrument)
  local id = shard.trade_ids[instrument]
  if not id then
    id = tonumber(call('HGET', shard.meta_key, 'trade_id:' .. instrument) or 0)
  end
  id = id + 1
  shard.trade_ids[instrument] = id
  return id
end

-- Trades with the makers of a plan; the taker is the first of the entry's orders. Returns the trades' events, each with a comma
-- behind it, and the changed levels', each with one before it, and the taker's notional after them.
-- settled: what settlement.settle said of the plan's money, nil where none is kept.
function matching.apply(shard, book, makers, side, taker_id, taker_notional, settled)
  local half = book[OPPOSITE[side]]
  local seq, time, instrument = shard.seq_text, shard.time, book.instrument
  local fills, touched, count = {}, '', #makers / MAKER_WIDTH
  local recent, recent_count = book.recent, book.recent_count
  local level_price, level_price_text, level_lots = nil, nil, 0
  for i = 1, count do
    local member, price, lots, maker_id, filled, quantity, notional, fill_seq, priority, fees, price_text, quantity_text, traits, tail =
      unpack(makers, MAKER_WIDTH * (i - 1) + 1, MAKER_WIDTH * i)
    -- Printing a number is dear: what stands there as text already is taken as it is.
    local lots_text, trade_id = lots == quantity and quantity_text or text(lots), text(next_trade_id(shard, instrument))
    local done = filled == quantity
    local maker_notional = add_product(notional, price, lots)
    local charges, client, client_order_id = UNCHARGED, nil, nil
    if settled then
      fees, client, client_order_id = settled.maker_fees[i], settled.clients[i], settled.names[i]
      local maker_paid, taker_paid = settled.maker_paid[i], settled.taker_paid[i]
      if maker_paid ~= '0' or taker_paid ~= '0' then charges = TAKER .. maker_paid .. '","' .. taker_paid .. '",' end
    end
    local record = changed_record(done and quantity_text or text(filled), maker_notional,
      done and STATUS.filled or STATUS.partially_filled, '0', seq, time, seq, priority, fees, price_text, quantity_text, traits, tail)
    taker_notional = taker_notional == notional and maker_notional or add_product(taker_notional, price, lots)
    fills[i] = TRADE .. trade_id .. ',' .. price_text .. ',' .. lots_text .. ',' .. fill_seq .. charges .. record .. ',"' .. maker_id .. '"],'
    recent[recent_count + i] = trade_id .. ',' .. price_text .. ',' .. lots_text .. ',' .. side .. ',"' .. maker_id .. '","'
      .. taker_id .. '",' .. time
    store_record(shard, maker_id, record)
    if done then
      half.members[member] = false
      if not settled then
        client, client_order_id = match(tail, TAIL_OWNER_PATTERN)
      end
      unlist(shard, client, client_order_id, maker_id)
      if shard.has_dues then drop_due(shard, maker_id, tail) end
    end
    if price ~= level_price then
      if level_price then touched = touched .. lower_level(half, level_price_text, level_lots) end
      level_price, level_price_text, level_lots = price, price_text, 0
    end
    level_lots = level_lots + lots
  end
  touched = touched .. lower_level(half, level_price_text, level_lots)
  half.best = nil
  book.recent_count = recent_count + count
  return count > 1 and concat(fills) or fills[1], touched, taker_notional
end
