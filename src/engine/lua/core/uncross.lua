-- The end of a call auction: everything that can trade does so at one price, best price first and then first come, in pages of so many trades.
-- Each page is an entry of its own, and nothing else happens to the instrument between two of them: `opening` of meta says that one is under
-- way, and every call goes on with it ahead of its commands.
--
-- Of the two sides of a trade the order that has waited for longer is the maker. Whose orders they are does not matter here, and an iceberg
-- takes part with all that it has, at its place, which it keeps.

local add_product, ID_START, extend_head, skip_removed = numbers.add_product, books.ID_START, heads.extend, heads.skip_removed
local record_of, store_record, parse, with_id = records.of, records.store, records.parse, records.with_id
local level_total, set_level, unlist, drop_due = levels.total, levels.set, listings.unlist, dues.drop_order
local iceberg_of, traits_at_rest, traits_at_end = icebergs.waiting, icebergs.traits_at_rest, icebergs.traits_at_end
local best = heads.best
local next_trade_id, link, LISTED = matching.next_trade_id, lists.link, lists.MARK
local SIDES_OF_TRADE = { 'maker', 'taker' }
local TRADE, ORDER = '[' .. EVENT.trade .. ',', '[' .. EVENT.order .. ','

local CHUNK_FIRST, CHUNK_GROWTH, CHUNK_MAX = 8, 8, 512

-- An order that waits, as the page sees it: what is `left` of it changes with the plan, what is filled with its trades.
local function order_of(shard, member, side, ticks)
  local id = sub(member, ID_START)
  local MAKER_PARTS = match(record_of(shard, id), MAKER_PATTERN)
  if not filled then error('an order record of an unknown layout: ' .. record_of(shard, id)) end
  local iceberg = traits ~= '' and iceberg_of(traits)
  local filled_lots, quantity_lots = tonumber(filled), tonumber(quantity)
  local left = quantity_lots - filled_lots
  local client, client_order_id
  if shard.keeps_money then client, client_order_id = match(tail, TAIL_OWNER_PATTERN) end
  return {
    id = id, member = member, side = side, ticks = ticks, price = price, priority = tonumber(priority), priority_text = priority,
    filled = filled_lots, quantity = quantity_lots, quantity_text = quantity, left = left, left_before = left, notional = notional,
    fill_sequence = fill_sequence, previous_fill = fill_sequence, fees = fees, fees_before = fees, traits = traits, iceberg = iceberg,
    shown = iceberg and iceberg.shown or left, tail = tail, client = client, client_order_id = client_order_id,
  }
end

local function new_cursor(half)
  return { half = half, at = half.head and half.head.first or 1, taken = 0, size = CHUNK_FIRST, order = nil }
end

-- The first order of a side that trades at `ticks` and has something left, nil where there is none.
local function peek(shard, cursor, ticks)
  local half, order = cursor.half, cursor.order
  if order then
    if order.left > 0 then return order end
    cursor.order, cursor.taken, cursor.at = nil, cursor.taken + 1, cursor.at + 1
  end
  local head = half.head or extend_head(shard, half, cursor.size, true)
  local at = skip_removed(half, cursor.at)
  while at > head.count and not head.complete do
    local known = head
    head = extend_head(shard, half, cursor.size, true)
    -- Made anew, it begins with what the plan has used up already.
    if head ~= known then at = cursor.taken + 1 end
    at = skip_removed(half, at)
    cursor.size = math.min(cursor.size * CHUNK_GROWTH, CHUNK_MAX)
  end
  cursor.at = at
  local price = head.prices[at]
  if not price or (half.side == BUY and price < ticks) or (half.side == SELL and price > ticks) then return nil end
  order = order_of(shard, head.members[at], half.side, price)
  cursor.order = order
  return order
end

-- What trades at `ticks`, at most so many trades. Reads only. Returns the trades, the orders in them as they come in, the first of either side, and
-- whether nothing is left behind them.
local function plan(shard, book, ticks, trades_max)
  local bids, asks = new_cursor(book[BUY]), new_cursor(book[SELL])
  local trades, orders, count = {}, {}, 0
  local bid, ask = peek(shard, bids, ticks), peek(shard, asks, ticks)
  local first_bid, first_ask = bid, ask
  while bid and ask and count < trades_max do
    local lots = math.min(bid.left, ask.left)
    bid.left, ask.left = bid.left - lots, ask.left - lots
    count = count + 1
    if ask.priority < bid.priority then
      trades[count] = { maker = ask, taker = bid, lots = lots }
    else
      trades[count] = { maker = bid, taker = ask, lots = lots }
    end
    if not bid.is_in then
      bid.is_in = true
      orders[#orders + 1] = bid
    end
    if not ask.is_in then
      ask.is_in = true
      orders[#orders + 1] = ask
    end
    bid, ask = peek(shard, bids, ticks), peek(shard, asks, ticks)
  end
  return trades, orders, first_bid, first_ask, not (bid and ask)
end

-- What an order shows behind a trade of so many lots, and the total of its level then.
local function show(order, total, lots)
  local before, left = order.shown, order.quantity - order.filled
  if not order.iceberg then
    order.shown = left
  elseif lots < before then
    order.shown = before - lots
  else
    order.shown = math.min(order.iceberg.display, left, EXACT_MAX - (total - before))
  end
  return total - before + order.shown
end

-- The record of an order as it is behind its trades so far.
local function changed(shard, order, record_fees)
  local done = order.filled == order.quantity
  local traits, iceberg = order.traits, order.iceberg
  if iceberg then traits = done and traits_at_end(iceberg) or traits_at_rest(iceberg, order.shown, iceberg.refill) end
  return changed_record(done and order.quantity_text or text(order.filled), order.notional, done and STATUS.filled or STATUS.partially_filled, '0', shard.seq_text,
    shard.time, order.fill_sequence, order.priority_text, record_fees, order.price, order.quantity_text, traits, order.tail)
end

-- Counts a trade of an order, and of the level that it waits at. `totals` are those of its side, `touched` those that have changed.
local function fill(half, order, ticks, lots, seq, totals, touched)
  local level = order.price
  local total = totals[level]
  if not total then
    total = level_total(half, level)
    touched[#touched + 1] = level
  end
  order.filled, order.notional, order.fill_sequence, order.record = order.filled + lots, add_product(order.notional, ticks, lots), seq, nil
  totals[level] = show(order, total, lots)
end

-- What comes of the lists of a plan's orders, nil for nothing.
local function linked_of(shard, trades)
  local linked, seen = nil, {}
  for i = 1, #trades do
    for _, side in ipairs(SIDES_OF_TRADE) do
      local order = trades[i][side]
      if order.traits ~= '' and not seen[order] and find(order.traits, LISTED, 1, true) then
        seen[order] = true
        linked = link(shard, linked, order.id, order.traits, order.left == 0 and STATUS.filled or STATUS.partially_filled, '0', true)
      end
    end
  end
  return linked
end

-- Carries out the trades of a plan at `ticks`, which is `price` as text, and what comes of lists with them. Returns the page's events but for
-- those of money.
local function apply(shard, book, trades, orders, ticks, price, linked)
  local seq, events, count = shard.seq_text, {}, #trades
  local takers, taker_count, totals, touched = {}, 0, { [BUY] = {}, [SELL] = {} }, { [BUY] = {}, [SELL] = {} }
  local recent, recent_count = book.recent, book.recent_count
  for i = 1, count do
    local trade = trades[i]
    local maker, taker, lots = trade.maker, trade.taker, trade.lots
    if not taker.index then
      taker.index = taker_count
      taker_count = taker_count + 1
      takers[taker_count] = taker
    end
    local maker_fill = maker.fill_sequence
    local maker_side, taker_side = maker.side, taker.side
    fill(book[maker_side], maker, ticks, lots, seq, totals[maker_side], touched[maker_side])
    fill(book[taker_side], taker, ticks, lots, seq, totals[taker_side], touched[taker_side])
    maker.record = changed(shard, maker, trade.maker_fees or maker.fees)
    local trade_id, lots_text = text(next_trade_id(shard, book.instrument)), text(lots)
    events[i] = TRADE .. trade_id .. ',' .. price .. ',' .. lots_text .. ',' .. maker_fill .. ',' .. taker.index .. ',"' .. (trade.maker_paid or '0') .. '","'
      .. (trade.taker_paid or '0') .. '",' .. with_id(maker.record, maker.id) .. ']'
    recent[recent_count + i] = trade_id .. ',' .. price .. ',' .. lots_text .. ',' .. taker_side .. ',"' .. maker.id .. '","' .. taker.id .. '",' .. shard.time
  end
  book.recent_count = recent_count + count
  for i = 1, #orders do
    local order = orders[i]
    -- What its last trade told of it as the maker is what it has become.
    store_record(shard, order.id, order.record or changed(shard, order, order.fees))
    if order.left == 0 then
      book[order.side].members[order.member] = false
      local client, client_order_id = order.client, order.client_order_id
      if not client then client, client_order_id = match(order.tail, TAIL_OWNER_PATTERN) end
      unlist(shard, client, client_order_id, order.id)
      if shard.has_dues then drop_due(shard, order.id, order.tail) end
    end
  end
  for i = 1, taker_count do
    local taker = takers[i]
    count = count + 1
    events[count] = ORDER .. taker.previous_fill .. ',' .. with_id(record_of(shard, taker.id), taker.id) .. ']'
  end
  local levels_text = ''
  for _, side in ipairs({ BUY, SELL }) do
    for _, level in ipairs(touched[side]) do levels_text = levels_text .. set_level(book[side], level, totals[side][level]) end
    book[side].best = nil
  end
  -- What waits for the price goes as behind any trade, once the instrument is open.
  if shard.waiting then stops.note(shard, book, ticks, ticks) end
  local gone, lowered = lists.carry_out(shard, book, linked)
  return concat(events, ',') .. gone .. levels_text .. lowered
end

local function tell(shard, instrument, page, events)
  log.add(shard, '', log.OPENING.auction .. shard.seq_text .. ',' .. shard.time .. ',["U",' .. shard.funds .. ',"' .. instrument .. '",' .. text(page) .. '],0,[' .. events
    .. shard.plain_end)
end

-- Moves the money of a page. Returns the balances' events, nil where something is larger than it may be.
local function settle(shard, instrument, ticks, trades, orders, linked)
  if linked then lists.release(shard, linked) end
  auctioned.settle(shard, instrument, ticks, trades, orders)
  return accounts.keep(shard)
end

-- Ends the one of two orders that came later: their trade would go beyond what an account may have.
local function end_later(shard, instrument, bid, ask)
  local order = ask.priority < bid.priority and bid or ask
  local record, gone, level = cancel.with_list(shard, order.id, parse(shard, record_of(shard, order.id)), REASON.balance_limit)
  tell(shard, instrument, 0, ORDER .. order.previous_fill .. ',' .. with_id(record, order.id) .. ']' .. gone .. level .. accounts.keep(shard))
end

-- The price nearest to the auction's at which the sides still cross, nil where they do not: orders that have ended between its pages may leave
-- others that cross at another price only.
local function price_of_page(shard, book, ticks)
  local bid, ask = best(shard, book[BUY]), best(shard, book[SELL])
  if not bid or not ask or bid < ask then return nil end
  return math.max(math.min(ticks, bid), ask)
end

-- Carries out a page of the auction that is under way, of `page` trades at most. Returns whether there is more of it.
function uncross.page(shard, page)
  local instrument = shard.opening
  local book, opening = books.of(shard, instrument), tonumber(catalogue.of(shard, instrument).opening_price)
  local ticks = price_of_page(shard, book, opening) or opening
  local price = text(ticks)
  log.next_seq(shard)
  local trades, orders, bid, ask, is_over = plan(shard, book, ticks, page)
  local money, linked = '', linked_of(shard, trades)
  if shard.keeps_money and #trades > 0 then
    money = settle(shard, instrument, ticks, trades, orders, linked)
    if not money and page > 1 then
      page = 1
      trades, orders, bid, ask, is_over = plan(shard, book, ticks, page)
      linked = linked_of(shard, trades)
      money = settle(shard, instrument, ticks, trades, orders, linked)
    end
    if not money then
      end_later(shard, instrument, bid, ask)
      return true
    end
  end
  local events = #trades > 0 and apply(shard, book, trades, orders, ticks, price, linked) or ''
  is_over = is_over and not price_of_page(shard, book, opening)
  if is_over then
    local band_from = catalogue.of(shard, instrument).price_band > 0 and bands.anchor(shard, instrument, books.last_trade(shard, book)) or '0'
    local ended = '[' .. catalogue.event(instrument, catalogue.opened(shard, instrument, band_from)) .. ']'
    events = events == '' and ended or events .. ',' .. ended
  end
  if is_over and catalogue.is_open(shard, instrument) then
    stops.wake(shard, instrument)
    lists.wake(shard, instrument)
  end
  tell(shard, instrument, page, events .. money)
  return not is_over
end
