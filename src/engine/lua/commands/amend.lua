-- amend: changes price, quantity or both of an open order.
-- Arguments: id (of the order, or ''), name (its client's: client","client_order_id, where id is ''), actor (the client that it
--   must belong to, '' for anybody), candidates, idem (digest of its key, or ''), request (as JSON, or '').
-- candidates: `<instrument>=<price>,<quantity>,<remaining>,<quantity max>;` for each instrument the order may be of, in ticks
--   and lots; null leaves a value as it is, x marks one that does not fit the instrument.
-- Reads: client_order_ids, orders, book, depth, idem. Writes: the same, open:<client>, trades, log.
-- Returns: the entry, R<its key's answer>, X<code>[,<record>], or K<record> when nothing changes and no key is given.

local add, next_seq, answered, ending, refuse = log.add, log.next_seq, log.answered, log.ending, log.refuse
local find_order, parse, is_open, store_record, with_id = cancel.find_order, records.parse, records.is_open, records.store, records.with_id
local book_of, level_total, set_level, lower_level, leave_level, join_level =
  books.of, levels.total, levels.set, levels.lower, levels.leave, levels.join
local LAST = ARGUMENTS.amend - 1
local OPENING, KEEP = log.OPENING.amend, log.OPENING.keep
local ORDER, SHOWN = '[' .. EVENT.order .. ',', '[' .. EVENT.shown .. ','
local NOTHING = 'null,null,null,null'

-- The command as the log tells it.
local function asked(actor, limits, wanted, id, name)
  return '["A","' .. actor .. limits.of_amend .. wanted .. ',"' .. id .. '","' .. name .. '"]'
end

-- The tail of an order that leaves its place: from now on it tells where it was placed.
local function moved(tail, priority)
  return sub(tail, -2) == ',0' and sub(tail, 1, -2) .. priority or tail
end

function amend.run(shard, limits, argv, at)
  local AMEND_ARGUMENTS = unpack(argv, at, at + LAST)
  local known = idem ~= '' and answered(shard, limits, idem)
  if known then return known end
  if shard.seq - shard.persisted >= limits.backlog_max then return 'X' .. CODE.backlog_full end
  local found, record = find_order(shard, id, name, actor)
  if not record then return refuse(shard, CODE.order_not_found, nil, nil, asked(actor, limits, NOTHING, id, name), idem, request) end
  local ORDER_PARTS = unpack(parse(shard, record))
  local rule = kinds[kind]
  -- A later program placed it: what may be done with it is not known here.
  if not rule then return 'X' .. CODE.engine_unavailable end
  local _, start = string.find(candidates, ';' .. instrument .. '=', 1, true)
  local wanted, new_price, new_quantity, new_remaining, quantity_max
  if start then
    wanted, new_price, new_quantity, new_remaining, quantity_max = match(candidates, '^((%w+),(%w+),(%w+),(%d+));', start + 1)
  end
  local is_valid = quantity_max and new_price ~= 'x' and new_quantity ~= 'x' and new_remaining ~= 'x'
  if not is_open(status) then
    return refuse(shard, CODE.order_not_open, record, found, asked(actor, limits, is_valid and wanted or NOTHING, id, name), idem, request)
  end
  -- A request that is not valid uses up no key, here as little as where the service finds out itself.
  if not is_valid then return refuse(shard, CODE.amend_invalid, record, found, asked(actor, limits, NOTHING, id, name), '', request) end
  local already, old_lots = tonumber(filled), tonumber(quantity)
  local lots = old_lots
  if new_quantity ~= 'null' then lots = tonumber(new_quantity) end
  if new_remaining ~= 'null' then lots = already + tonumber(new_remaining) end
  if lots <= already then return refuse(shard, CODE.quantity_below_filled, record, found, asked(actor, limits, wanted, id, name), idem, request) end
  if lots > tonumber(quantity_max) then return refuse(shard, CODE.quantity_out_of_range, record, found, asked(actor, limits, wanted, id, name), idem, request) end
  local price_text = new_price == 'null' and price or new_price
  local ticks = tonumber(price_text)
  local remaining, old_remaining = lots - already, old_lots - already
  local same_price = price_text == price

  if same_price and lots == old_lots then
    if idem == '' then return 'K' .. with_id(record, found) end
    next_seq(shard)
    return add(shard, idem, KEEP .. shard.seq_text .. ',' .. shard.time .. ',' .. asked(actor, limits, wanted, id, name) .. ',0,[' .. SHOWN .. with_id(record, found) .. ']'
      .. ending(shard, idem, request))
  end

  local book = book_of(shard, instrument)
  local half = book[side]
  if same_price then
    -- The difference first: level and order together may be past what is exact.
    local total = level_total(half, price_text) + (remaining - old_remaining)
    if total > EXACT_MAX then return refuse(shard, CODE.level_quantity_limit, record, found, asked(actor, limits, wanted, id, name), idem, request) end
    next_seq(shard)
    local seq, time = shard.seq_text, shard.time
    local level
    if lots > old_lots then
      leave_level(shard, half, priority, found)
      priority, tail = seq, moved(tail, priority)
      level = join_level(shard, half, ticks, price_text, found, total)
    else
      level = set_level(half, price_text, total)
    end
    local amended = changed_record(filled, notional, status, '0', seq, time, fill_sequence, priority, price_text, text(lots), tail)
    store_record(shard, found, amended)
    return add(shard, idem, OPENING .. seq .. ',' .. time .. ',' .. asked(actor, limits, wanted, id, name) .. ',0,[' .. ORDER .. fill_sequence .. ',' .. amended .. ',"' .. found .. '"]'
      .. level .. (idem == '' and shard.plain_end or ending(shard, idem, request)))
  end

  local left, makers, limited, turned_down = rule.plan(shard, limits, book, side, ticks, remaining)
  if turned_down then return refuse(shard, CODE.post_only_would_match, record, found, asked(actor, limits, wanted, id, name), idem, request) end
  local rests = left > 0 and not limited
  local total
  if rests then
    total = level_total(half, price_text) + left
    if total > EXACT_MAX then return refuse(shard, CODE.level_quantity_limit, record, found, asked(actor, limits, wanted, id, name), idem, request) end
  end

  next_seq(shard)
  local seq, time = shard.seq_text, shard.time
  leave_level(shard, half, priority, found)
  local lowered = lower_level(half, price, old_remaining)
  local now_filled, now_notional, now_fill, trades, taken, joined = filled, notional, fill_sequence, '', '', ''
  if makers then
    trades, taken, now_notional = matching.apply(shard, book, makers, side, found, notional)
    now_filled, now_fill = text(lots - left), seq
  end
  local now_status, reason = STATUS.filled, '0'
  if rests then
    now_status = now_filled ~= '0' and STATUS.partially_filled or STATUS.open
    joined = join_level(shard, half, ticks, price_text, found, total)
  else
    if left > 0 then now_status, reason = STATUS.cancelled, REASON.fills_limit end
    listings.unlist(shard, client, client_order_id, found)
  end
  local amended = changed_record(now_filled, now_notional, now_status, reason, seq, time, now_fill, seq, price_text, text(lots),
    moved(tail, priority))
  store_record(shard, found, amended)
  return add(shard, idem, OPENING .. seq .. ',' .. time .. ',' .. asked(actor, limits, wanted, id, name) .. ',0,[' .. trades .. ORDER .. fill_sequence .. ',' .. amended .. ',"' .. found
    .. '"]' .. lowered .. taken .. joined .. (idem == '' and shard.plain_end or ending(shard, idem, request)))
end
