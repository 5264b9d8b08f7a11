-- What the service reads of a shard, each at one moment.

local with_id, parts_of, ID_START = records.with_id, records.parts_of, books.ID_START
local trail_of_traits, best_of, traits_with = trails.of_traits, trails.read_best, traits.with
local BEST = ',' .. TRAIT.best .. ','

-- The prices of an entry that has moved on a part of what trails in an instrument, nil for none.
local function moving_of(tag, instrument)
  local _, first, last, is_moving = stops.parse_entry(call('LINDEX', tag .. 'reached:' .. instrument, 0))
  if is_moving then return first, last end
end

-- A record as results hold it, of an order that trails with the best trade that it has seen by now.
local function shown(tag, record, id)
  if find(record, BEST, 1, true) then
    local ORDER_PARTS = unpack(parts_of(record))
    local measure, _, since
    if status == STATUS.pending and traits ~= '' then measure, _, since = trail_of_traits(traits) end
    if measure and since ~= '0' then
      local best = best_of(tag, instrument, side, measure, since, moving_of(tag, instrument))
      record = records.with_traits(record, traits, traits_with(traits, TRAIT.best, text(best)))
    end
  end
  return with_id(record, id)
end

-- Sequence of an order's fill before an entry: of the first of the entry's events that tells of one of another entry. In a call auction an
-- order may take first and make then.
local function previous_fill(entry, id)
  local own = entry[ENTRY_AT.sequence]
  for _, event in ipairs(entry[ENTRY_AT.events]) do
    local kind = text(event[1])
    if kind == EVENT.trade and event[#event] == id and event[TRADE_AT.maker_previous_fill] ~= own then return event[TRADE_AT.maker_previous_fill] end
    if kind == EVENT.order and event[#event] == id then return event[ORDER_EVENT_AT.previous_fill] end
  end
  -- Placed by it.
  return 0
end

-- read_order: an order with the log entries of its fills that are still in the log, newest first.
-- Keys: {shard}:meta. Arguments: compact order id, log sequence to go on from ('' for the newest fill), page size.
-- Returns: nothing for an unknown order, else record, sequence to go on from (0 when the walk is done), first
--   log sequence the walk could not reach (0 when it reached the order's first fill), then the entries.
function reads.order(keys, argv)
  bind()
  local tag = sub(keys[1], 1, -5)
  local record = call('HGET', tag .. 'orders', argv[1])
  if not record then return {} end
  local entries, count, page_size = {}, 0, tonumber(argv[3])
  local seq = argv[2]
  if seq == '' then seq = parts_of(record)[ORDER_PART.fill_sequence] end
  seq = tonumber(seq)
  while seq > 0 and count < page_size do
    local payload = log.entry_at(tag .. 'log', seq)
    if not payload then return { shown(tag, record, argv[1]), 0, seq, unpack(entries) } end
    count = count + 1
    entries[count] = payload
    seq = previous_fill(cjson.decode(payload), argv[1])
  end
  return { shown(tag, record, argv[1]), seq, 0, unpack(entries) }
end

-- A page of one side's price levels, best first, behind price `behind` ('' for the best): appends price and lots of
-- each to `result`. Returns how many.
local function append_levels(tag, instrument, side, behind, page_size, result)
  local name = instrument .. (side == BUY and ':bids' or ':asks')
  local book_key = tag .. 'book:' .. name
  local from = '-inf'
  if behind ~= '' then from = side == BUY and '(-' .. behind or '(' .. behind end
  local prices, count = {}, 0
  while count < page_size do
    local first = call('ZRANGEBYSCORE', book_key, from, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
    if not first[2] then break end
    count = count + 1
    prices[count] = string.gsub(first[2], '^-', '')
    from = '(' .. first[2]
  end
  for first = 1, count, VARIADIC_MAX do
    local last = math.min(first + VARIADIC_MAX - 1, count)
    local totals = call('HMGET', tag .. 'depth:' .. name, unpack(prices, first, last))
    for i = first, last do
      result[#result + 1] = prices[i]
      result[#result + 1] = totals[i - first + 1]
    end
  end
  return count
end

-- read_levels: a page of one side's price levels, best first.
-- Keys: {shard}:meta. Arguments: instrument, side, price to go on behind ('' for the best), page size.
-- Returns: log sequence, time in µs, then price and lots of each level.
function reads.levels(keys, argv)
  bind()
  local meta = call('HMGET', keys[1], 'seq', 'time_us')
  local result = { meta[1], meta[2] }
  append_levels(sub(keys[1], 1, -5), argv[1], argv[2], argv[3], tonumber(argv[4]), result)
  return result
end

-- read_book: the best levels of both sides at one moment.
-- Keys: {shard}:meta. Arguments: instrument, levels a side.
-- Returns: log sequence, time in µs, number of bid levels, then price and lots of each bid level and each ask level.
function reads.book(keys, argv)
  bind()
  local tag, levels = sub(keys[1], 1, -5), tonumber(argv[2])
  local meta = call('HMGET', keys[1], 'seq', 'time_us')
  local result = { meta[1], meta[2], 0 }
  result[3] = append_levels(tag, argv[1], BUY, '', levels, result)
  append_levels(tag, argv[1], SELL, '', levels, result)
  return result
end

-- read_auction: what a call auction of an instrument would come to at this moment.
-- Keys: {shard}:meta. Arguments: instrument.
-- Returns: log sequence, time in µs, its rules ('' where the catalogue has none), price of its last trade ('' without one), then, where something
--   would trade, price, lots, lots left over and their side ('' for none).
function reads.auction(keys, argv)
  bind()
  local tag, instrument = sub(keys[1], 1, -5), argv[1]
  local meta, last = call('HMGET', keys[1], 'seq', 'time_us'), auction_price.last(tag, instrument)
  local result = { meta[1], meta[2], call('HGET', tag .. 'catalogue', instrument) or '', last and text(last) or '' }
  local price, lots, left, side = auction_price.find(tag, instrument, last)
  if price then result[5], result[6], result[7], result[8] = text(price), lots, left, side or '' end
  return result
end

-- Members of one side looked at in one step: deep levels are seldom asked for.
local ORDERS_STEP = 100

-- Records of a side's orders in queue order: those of the best `levels` prices, at most `orders_max`. Returns them, and
-- 1 when the bound cut them short, else 0.
local function orders_of_side(tag, instrument, side, levels, orders_max)
  local book_key = tag .. 'book:' .. instrument .. (side == BUY and ':bids' or ':asks')
  local result, count, seen, price = {}, 0, 0, nil
  while true do
    local page = call('ZRANGE', book_key, count, count + ORDERS_STEP - 1, 'WITHSCORES')
    local ids, id_count, is_done, is_cut = {}, 0, #page < 2 * ORDERS_STEP, 0
    for i = 1, #page, 2 do
      if page[i + 1] ~= price then
        if seen == levels then is_done = true break end
        seen, price = seen + 1, page[i + 1]
      end
      if count + id_count == orders_max then is_done, is_cut = true, 1 break end
      id_count = id_count + 1
      ids[id_count] = sub(page[i], ID_START)
    end
    if id_count > 0 then
      local found = call('HMGET', tag .. 'orders', unpack(ids))
      for i = 1, id_count do result[count + i] = found[i] and with_id(found[i], ids[i]) end
      count = count + id_count
    end
    if is_done then return result, is_cut end
  end
end

-- read_orders: single orders of the best levels of both sides in queue order, and the levels of a checksum, at one moment.
-- Keys: {shard}:meta. Arguments: instrument, levels a side, orders a side, levels of the checksum.
-- Returns: log sequence, time in µs, then for bids and for asks: records, whether there were too many, price and lots of
--   each level of the checksum.
function reads.orders(keys, argv)
  bind()
  local tag = sub(keys[1], 1, -5)
  local meta = call('HMGET', keys[1], 'seq', 'time_us')
  local result = { meta[1], meta[2] }
  for _, side in ipairs({ BUY, SELL }) do
    local orders, is_cut = orders_of_side(tag, argv[1], side, tonumber(argv[2]), tonumber(argv[3]))
    local top = {}
    append_levels(tag, argv[1], side, '', tonumber(argv[4]), top)
    result[#result + 1], result[#result + 2], result[#result + 3] = orders, is_cut, top
  end
  return result
end

-- read_accounts: accounts with what they have, at one moment.
-- Keys: {shard}:meta. Arguments: accounts.
-- Returns: log sequence, time in us, then the record of each, nothing where there is none.
function reads.accounts(keys, argv)
  bind()
  local meta = call('HMGET', keys[1], 'seq', 'time_us')
  local found = call('HMGET', sub(keys[1], 1, -5) .. 'accounts', unpack(argv))
  return { meta[1], meta[2], unpack(found, 1, #argv) }
end

-- scan_accounts: a page of all accounts with what they have, behind one log sequence.
-- Keys: {shard}:meta. Arguments: cursor ('0' for the first page), page size.
-- Returns: cursor of the next page ('0' at the end), log sequence, then account and record of each.
function reads.scan_accounts(keys, argv)
  bind()
  local seq = call('HGET', keys[1], 'seq')
  local page = call('HSCAN', sub(keys[1], 1, -5) .. 'accounts', argv[1], 'COUNT', argv[2])
  return { page[1], seq, unpack(page[2]) }
end

-- read_open_orders: a page of a client's open orders, newest first.
-- Keys: {shard}:meta. Arguments: client, instrument or '' for all, where to go on behind (sequence of placing and compact id of an order) or '',
--   page size.
-- Returns: where to go on behind likewise ('' when the listing ends), then records. A page scans a bounded number of
--   orders, so one may be short or empty although more follow.
function reads.open_orders(keys, argv)
  bind()
  local tag = sub(keys[1], 1, -5)
  local page_size = tonumber(argv[4])
  local scanned_max = argv[2] == '' and page_size or 1000
  local behind_seq, behind_id = match(argv[3], '^(%d+),(.+)$')
  -- Orders of a list are placed at the same sequence, and their ids differ in the last character.
  local behind_end = behind_id and byte(behind_id, -1)
  local page = call('ZREVRANGEBYSCORE', tag .. 'open:' .. argv[1], behind_seq or '+inf', '-inf', 'WITHSCORES', 'LIMIT', 0,
    behind_seq and scanned_max + #LIST_ENDS or scanned_max)
  local ids, places, count = {}, {}, 0
  for i = 1, #page, 2 do
    if count < scanned_max and not (page[i + 1] == behind_seq and byte(page[i], -1) >= behind_end) then
      count = count + 1
      ids[count], places[count] = page[i], page[i + 1] .. ',' .. page[i]
    end
  end
  local result = { count == scanned_max and places[count] or '' }
  if #ids == 0 then return result end
  local found = call('HMGET', tag .. 'orders', unpack(ids))
  for i = 1, #found do
    if argv[2] == '' or parts_of(found[i])[ORDER_PART.instrument] == argv[2] then
      result[#result + 1] = shown(tag, found[i], ids[i])
      if #result == page_size + 1 then
        result[1] = places[i]
        break
      end
    end
  end
  return result
end

-- read_waiting: orders by id, of one that trails with the best trade that it has seen by now.
-- Keys: {shard}:meta. Arguments: compact order ids.
-- Returns: the record of each, nothing where there is none.
function reads.waiting(keys, argv)
  bind()
  local tag = sub(keys[1], 1, -5)
  local found = call('HMGET', tag .. 'orders', unpack(argv))
  for i = 1, #argv do found[i] = found[i] and shown(tag, found[i], argv[i]) end
  return found
end
