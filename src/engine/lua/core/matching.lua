-- Price-time matching in two phases: plan only reads, apply only changes. What a command has to refuse (fok, post-only,
-- limits) is decided between the two.

local add_product = numbers.add_product
local ID_START, extend_head, skip_removed, would_match = books.ID_START, heads.extend, heads.skip_removed, heads.would_match
local record_of = records.of
local lower_level, level_total, unlist, drop_due, note = levels.lower, levels.total, listings.unlist, dues.drop_order, stops.note
local join_head, member_of, moved = heads.join, books.member_of, records.moved
local iceberg_of, traits_at_rest, traits_at_end = icebergs.waiting, icebergs.traits_at_rest, icebergs.traits_at_end
local LISTED = lists.MARK
local SHOWN = ',' .. TRAIT.shown .. ','
local is_own, meet, meet_part, own_part, spend = prevention.is_own, prevention.meet, prevention.meet_part, prevention.own_part, budgets.spend
local fits, band_of = budgets.fits, bands.limits
local FILLS_LIMIT, PRICE_BAND = REASON.fills_limit, REASON.price_band

-- Orders read at once behind the best one: most orders trade with few, some sweep thousands.
local CHUNK_FIRST = 8
local CHUNK_GROWTH = 8
local CHUNK_MAX = 512

-- What of a price's icebergs is shown anew, in its order: rows of the plan, and parts of the taker's own (core/prevention.lua). `total` is
-- what the level shows then. What the rows so far took of the price has left it already.
local function begin_again(half, makers, rows, price, price_text)
  local total = level_total(half, price_text)
  while rows > 0 and makers[MAKER_WIDTH * (rows - 1) + 2] == price do
    total = total - makers[MAKER_WIDTH * (rows - 1) + 3]
    rows = rows - 1
  end
  return { first = 1, count = 0, price = price, total = total }
end

-- Shows as much again of an iceberg's part as it may of the `left` lots of it, behind all others at the price. `row` is what is traded then.
local function refill(makers, again, part, row, left)
  local shown = part.iceberg.display
  if shown > left then shown = left end
  -- The level stays an exact integer.
  if shown > EXACT_MAX - again.total then shown = EXACT_MAX - again.total end
  makers.refills = (makers.refills or 0) + 1
  part.shown, part.number = shown, makers.refills
  again.total, again.count = again.total + shown, again.count + 1
  again[again.count] = row
end

-- Notes that a part of an iceberg is traded, in a row of the plan. `part` says what is left of it:
--   iceberg   the maker by its traits, as it was
--   before    row of the part of it that is traded ahead of this one, nil for the first
--   shown     lots that are shown behind it
--   number    where they are shown anew, behind all others at the price: which refill of the plan it is
-- Returns `again`, made where there was none.
local function note_part(half, makers, again, row, iceberg, before, shown)
  local at = MAKER_WIDTH * (row - 1)
  local traded, left = makers[at + 3], makers[at + 6] - makers[at + 5]
  local part = { iceberg = iceberg, before = before, shown = shown - traded, number = nil }
  local parts = makers.parts
  if not parts then
    parts = {}
    makers.parts = parts
  end
  parts[row] = part
  if again then again.total = again.total - traded end
  if part.shown > 0 or left == 0 then return again end
  again = again or begin_again(half, makers, row, makers[at + 2], makers[at + 11])
  refill(makers, again, part, row, left)
  return again
end

-- The taker meets a part of an iceberg of its own, which it loses as many lots as. Returns what is left of the taker, and `again`.
local function meet_own(half, makers, guard, again, part, rows, price, price_text, left)
  local shown = part.shown
  local now = meet_part(guard, part, price, left)
  if part.shown == 0 and part.resting > 0 then
    again = again or begin_again(half, makers, rows, price, price_text)
    again.total = again.total - shown
    refill(makers, again, part, part, part.resting)
  end
  return now, again
end

-- Notes that the maker of a row is of a list.
local function note_listed(makers, row)
  local listed = makers.listed
  if not listed then
    listed = {}
    makers.listed = listed
  end
  listed[#listed + 1] = row
end

-- Trades with what is shown anew at a price, as long as anything is left of the taker, or of its guard's budget. Returns what is left, the
-- number of rows then, and what the bound counts, and why it stopped.
local function plan_again(limits, half, makers, guard, again, count, met, left)
  while left > 0 and again.first <= again.count and not (guard and guard.exhausted) do
    if met == limits.fills_max then return left, count, met, FILLS_LIMIT end
    local before = again[again.first]
    again.first, met = again.first + 1, met + 1
    if type(before) == 'table' then
      left = meet_own(half, makers, guard, again, before, count, again.price, nil, left)
      if guard.stops then break end
    else
      local part, from, at = makers.parts[before], MAKER_WIDTH * (before - 1), MAKER_WIDTH * count
      local traded = part.shown < left and part.shown or left
      if guard and guard.budget then
        traded = spend(guard, again.price, traded)
        if traded == 0 then break end
      end
      count = count + 1
      for i = 1, MAKER_WIDTH do makers[at + i] = makers[from + i] end
      makers[at + 3], makers[at + 5] = traded, makers[from + 5] + traded
      note_part(half, makers, again, count, part.iceberg, before, part.shown)
      if makers.listed and find(makers[at + 13], LISTED, 1, true) then note_listed(makers, count) end
      left = left - traded
    end
  end
  return left, count, met, false
end

-- Finds the makers that an order would trade with, best price first, then first come.
-- limit: price in ticks, nil for any. guard: of a taker with traits that bound what it trades (core/prevention.lua), which gathers
-- what comes of them; nil for none. Returns the lots that are left without a counterpart, the makers with
-- what is traded with each (nil for none), and false, or the reason why it stopped though there was more: `fills_limit`, or `price_band`
-- where the next trade would be outside of the instrument's band. A maker that is an iceberg has a row for each part that is traded, and
-- `parts` of the makers tells of these, by row; `listed` has the rows of those that are of a list. is_free: no band counts.
function matching.plan(shard, limits, book, side, limit, lots, guard, is_free)
  if not would_match(shard, book, side, limit) then return lots, nil, false end
  local half, is_buy = book[OPPOSITE[side]], side == BUY
  local makers, limited, lowest, highest = {}, false, nil, nil
  if shard.has_rules and not is_free then lowest, highest = band_of(shard, book) end
  -- Orders of the head that are met; rows, of which an iceberg has several and the taker's own orders none; what the bound counts, which
  -- is all of these.
  local left, taken, count, met, size, again = lots, 0, 0, 0, CHUNK_FIRST, nil
  local head = half.head or extend_head(shard, half, size, true)
  local at = head.first
  while left > 0 do
    at = skip_removed(half, at)
    while at > head.count and not head.complete do
      local known = head
      head = extend_head(shard, half, size, true)
      -- Made anew, it begins with what is planned already.
      if head ~= known then at = taken + 1 end
      at = skip_removed(half, at)
      size = math.min(size * CHUNK_GROWTH, CHUNK_MAX)
    end
    local maker_price = head.prices[at]
    if again and maker_price ~= again.price then
      left, count, met, limited = plan_again(limits, half, makers, guard, again, count, met, left)
      again = nil
      if left == 0 or limited or (guard and (guard.stops or guard.exhausted)) then break end
    end
    if not maker_price then break end
    if limit and ((is_buy and maker_price > limit) or (not is_buy and maker_price < limit)) then
      if guard then guard.beyond = true end
      break
    end
    if met == limits.fills_max then
      -- Only a bound that really cuts something off counts as one.
      limited = FILLS_LIMIT
      break
    end
    local member = head.members[at]
    local id = sub(member, ID_START)
    local MAKER_PARTS = match(shard.records[id] or shard.stored_records[id] or record_of(shard, id), MAKER_PATTERN)
    if not filled then error('an order record of an unknown layout: ' .. record_of(shard, id)) end
    local maker_filled, maker_total = tonumber(filled), tonumber(quantity)
    taken, met, at = taken + 1, met + 1, at + 1
    local traded, iceberg, shown = maker_total - maker_filled, nil, nil
    if traits ~= '' and find(traits, SHOWN, 1, true) then iceberg = iceberg_of(traits) end
    if guard and is_own(guard, tail) then
      if iceberg and guard.is_by_parts then
        left, again = meet_own(half, makers, guard, again, own_part(id, iceberg, traded), count, maker_price, price, left)
      else
        left = meet(guard, id, maker_price, traded, left)
      end
      if guard.stops or guard.exhausted then break end
    elseif highest and (maker_price > highest or maker_price < lowest) and not (guard and guard.budget and fits(guard, maker_price, 1) == 0) then
      limited = PRICE_BAND
      break
    else
      if iceberg then
        shown = iceberg.shown
        traded = shown
      end
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
      if iceberg then
        again = note_part(half, makers, again, count, iceberg, nil, shown)
      elseif again then
        again.total = again.total - traded
      end
      if traits ~= '' and find(traits, LISTED, 1, true) then note_listed(makers, count) end
      left = left - traded
      if guard and guard.exhausted then break end
    end
  end
  return left, makers[1] and makers, limited
end

local TRADE, TAKER, UNCHARGED = '[' .. EVENT.trade .. ',', ',0,"', ',0,"0","0",'
-- The id of an instrument's last trade, 0 ahead of the first.
local function last_trade_id(shard, instrument)
  return shard.trade_ids[instrument] or tonumber(call('HGET', shard.meta_key, 'trade_id:' .. instrument) or 0)
end

function matching.next_trade_id(shard, instrument)
  local id = last_trade_id(shard, instrument) + 1
  shard.trade_ids[instrument] = id
  return id
end

-- What a trade makes of an iceberg's record: ahead of it `notional` to `tail` are as the plan has them, of the order's first part.
-- refilled: parts of the entry that are shown anew, in their order. Returns notional and sequence of its fill ahead of the trade, and
-- priority, traits and tail behind it.
local function carry_part(shard, half, part, parts, refilled, done, member, id, notional, fill_seq, priority, tail)
  local number = part.number
  local iceberg, seq = part.iceberg, shard.seq_text
  local earlier, refill = part.before and parts[part.before], iceberg.refill
  if earlier then notional, fill_seq, priority, tail, refill = earlier.notional, seq, earlier.priority, earlier.tail, earlier.refill end
  if done or number then
    -- It leaves its place: one of before this entry, or one that it got in it.
    if earlier then earlier.member = nil else half.members[member] = false end
  end
  local traits
  if done then
    traits = traits_at_end(iceberg)
  else
    if number then
      priority, tail = seq, moved(tail, priority)
      refill = text(number)
      part.member = member_of(shard, seq, id, refill)
      refilled[#refilled + 1] = part
    end
    traits = traits_at_rest(iceberg, part.shown, refill)
  end
  part.priority, part.tail, part.refill = priority, tail, refill
  return notional, fill_seq, priority, traits, tail
end

-- Puts what was shown anew where it waits.
local function join_refilled(half, refilled)
  for i = 1, #refilled do
    local part = refilled[i]
    local member = part.member
    if member then
      half.members[member] = half.is_bid and '-' .. part.price_text or part.price_text
      if half.head then join_head(half, member, part.price) end
    end
  end
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
  local parts, refilled = makers.parts, nil
  local before, now = last_trade_id(shard, instrument), shard.records
  shard.trade_ids[instrument] = before + count
  for i = 1, count do
    local member, price, lots, maker_id, filled, quantity, notional, fill_seq, priority, fees, price_text, quantity_text, traits, tail =
      unpack(makers, MAKER_WIDTH * (i - 1) + 1, MAKER_WIDTH * i)
    -- Printing a number is dear: what stands there as text already is taken as it is.
    local lots_text, trade_id = lots == quantity and quantity_text or format('%d', lots), format('%d', before + i)
    local done = filled == quantity
    local part = parts and parts[i]
    if part then
      if not refilled then refilled = {} end
      notional, fill_seq, priority, traits, tail = carry_part(shard, half, part, parts, refilled, done, member, maker_id, notional, fill_seq, priority, tail)
    end
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
    now[maker_id] = record
    if done then
      if not part then half.members[member] = false end
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
    if part then
      part.notional = maker_notional
      if part.number then
        part.price, part.price_text = price, price_text
        level_lots = level_lots - part.shown
      end
    end
  end
  touched = touched .. lower_level(half, level_price_text, level_lots)
  half.best = nil
  if refilled then join_refilled(half, refilled) end
  book.recent_count = recent_count + count
  if shard.waiting then note(shard, book, makers[2], level_price) end
  return count > 1 and concat(fills) or fills[1], touched, taker_notional
end
