-- Price-time matching in two phases: plan_match only reads, apply_fills only changes. What a command has to
-- refuse (fok, post-only, limits) is decided between the two.

-- Orders read at once behind the best one: most orders trade with few, some sweep thousands.
local CHUNK_FIRST = 8
local CHUNK_GROWTH = 8
local CHUNK_MAX = 512

-- Finds the makers that an order would trade with, best price first, then first come.
-- price: limit in ticks, nil for a market order. Returns the plan: parallel arrays of `count` fills,
-- `left` (lots without a counterpart) and `limited` (the fills bound stopped it).
local function plan_match(shard, limits, book, side, price, quantity)
  local plan = { count = 0, left = quantity, limited = false }
  if not would_match(shard, book, side, price) then return plan end
  local half = book[OPPOSITE[side]]
  local is_buy = side == BUY
  local members, prices, lots, makers = {}, {}, {}, {}
  plan.members, plan.prices, plan.lots, plan.makers = members, prices, lots, makers
  local left, count, size = quantity, 0, CHUNK_FIRST
  local head = half.head or extend_head(shard, half, size, true)
  local at = head.first
  while left > 0 do
    at = skip_removed(half, at)
    while at > head.count and not head.complete do
      local known = head
      head = extend_head(shard, half, size, true)
      -- Made anew, it begins with what is planned already.
      if head ~= known then at = count + 1 end
      at = skip_removed(half, at)
      size = math.min(size * CHUNK_GROWTH, CHUNK_MAX)
    end
    local maker_price = head.prices[at]
    if not maker_price then break end
    if price and ((is_buy and maker_price > price) or (not is_buy and maker_price < price)) then break end
    if count == limits.fills_max then
      -- Only a bound that really cuts something off counts as one.
      plan.limited = true
      break
    end
    local id = head.ids[at]
    local record = shard.records[id] or head.records[at] or record_of(shard, id)
    local filled, notional, fill_seq, priority, price_text, quantity_text, tail = string.match(record, MAKER_RECORD)
    local maker_filled, maker_total = tonumber(filled), tonumber(quantity_text)
    local traded = maker_total - maker_filled
    if traded > left then traded = left end
    count = count + 1
    members[count], prices[count], lots[count] = head.members[at], maker_price, traded
    makers[count] = {
      id = id, filled = maker_filled + traded, notional = notional, fill_seq = fill_seq, priority = priority,
      price_text = price_text, quantity = maker_total, quantity_text = quantity_text, tail = tail,
    }
    left = left - traded
    at = at + 1
  end
  plan.count, plan.left = count, left
  return plan
end

local function next_trade_id(shard, instrument)
  local id = shard.trade_ids[instrument]
  if not id then
    id = tonumber(call('HGET', shard.meta_key, 'trade_id:' .. instrument) or 0)
  end
  id = id + 1
  shard.trade_ids[instrument] = id
  return id
end

-- Carries out a plan. Returns the fills for the log and adds the touched levels to `levels`; plan.notional is
-- the taker's notional after them.
local function apply_fills(shard, book, plan, side, taker_id, taker_notional, levels)
  local half = book[OPPOSITE[side]]
  local seq, time, instrument = shard.seq_text, shard.time, book.instrument
  local fills, recent = {}, {}
  local level_price, level_price_text, level_lots = nil, nil, 0
  for i = 1, plan.count do
    local maker, lots, price = plan.makers[i], plan.lots[i], plan.prices[i]
    local lots_text, trade_id = text(lots), text(next_trade_id(shard, instrument))
    local done = maker.filled == maker.quantity
    local record = format_record(shard, done and maker.quantity_text or text(maker.filled), add_product(maker.notional, price, lots),
      done and STATUS.filled or STATUS.partially_filled, '0', seq, maker.priority, maker.price_text, maker.quantity_text, maker.tail)
    taker_notional = add_product(taker_notional, price, lots)
    fills[i] = '[' .. trade_id .. ',' .. maker.price_text .. ',' .. lots_text .. ',' .. maker.fill_seq .. ',[' .. record .. ']]'
    recent[i] = trade_id .. ',' .. maker.price_text .. ',' .. lots_text .. ',' .. side .. ',"' .. maker.id .. '","'
      .. taker_id .. '",' .. time
    store_record(shard, maker.id, record)
    if done then
      half.members[plan.members[i]] = false
      local client, client_order_id = string.match(maker.tail, TAIL_OWNER)
      unlist_open(shard, client, client_order_id, maker.id)
    end
    if price ~= level_price then
      if level_price then levels[#levels + 1] = lower_level(half, level_price_text, level_lots) end
      level_price, level_price_text, level_lots = price, maker.price_text, 0
    end
    level_lots = level_lots + lots
  end
  levels[#levels + 1] = lower_level(half, level_price_text, level_lots)
  half.best = nil
  call_many('LPUSH', shard.tag .. 'trades:' .. instrument, recent, plan.count)
  plan.notional = taker_notional
  return table.concat(fills, ',')
end
