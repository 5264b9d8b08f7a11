-- amend: changes price, quantity or both of an open order.
-- Arguments: order id or '', its client's name for it (client"client_order_id) where that is '', candidates,
--   idempotency digest or '', request as JSON or ''.
-- candidates: `<instrument>=<price>,<quantity>,<remaining>,<quantity max>;` for each instrument the order may be of,
--   in ticks and lots; '' leaves a value as it is, x marks one that does not fit the instrument.
-- Reads: client_order_ids, orders, book, depth, idem. Writes: the same, open:<client>, trades, log.
-- Returns: the entry, R<replay>, X<code>[,<record>], or K<record> when nothing changes and no key is given.
local AMEND_ARGUMENTS = 5

local function amend(shard, limits, argv, at)
  local candidates, idem, request = argv[at + 2], argv[at + 3], argv[at + 4]
  local answered = replay(shard, limits, idem)
  if answered then return answered end
  if shard.seq - shard.persisted >= limits.backlog_max then return 'X' .. CODE.backlog_full end
  local id, record = find_order(shard, argv[at], argv[at + 1])
  if not record then return refuse(shard, CODE.order_not_found, nil, nil, idem, request) end
  local old_filled, notional, old_status, fill_seq, old_priority, old_price, old_quantity_text, tail, side, kind, instrument,
    client, client_order_id = unpack(parse_record(shard, record))
  if not is_open(old_status) then return refuse(shard, CODE.order_not_open, record, id, idem, request) end
  local already, old_quantity = tonumber(old_filled), tonumber(old_quantity_text)
  local _, start = string.find(candidates, ';' .. instrument .. '=', 1, true)
  local new_price, new_quantity, new_remaining, quantity_max
  if start then
    new_price, new_quantity, new_remaining, quantity_max =
      match(candidates, '^(%w*),(%w*),(%w*),(%d+);', start + 1)
  end
  if not quantity_max or new_price == 'x' or new_quantity == 'x' or new_remaining == 'x' then
    -- A request that is not valid uses up no key, here as little as where the service finds out itself.
    return refuse(shard, CODE.amend_invalid, record, id, '', request)
  end
  local quantity = old_quantity
  if new_quantity ~= '' then quantity = tonumber(new_quantity) end
  if new_remaining ~= '' then quantity = already + tonumber(new_remaining) end
  if quantity <= already then return refuse(shard, CODE.quantity_below_filled, record, id, idem, request) end
  if quantity > tonumber(quantity_max) then return refuse(shard, CODE.quantity_out_of_range, record, id, idem, request) end
  local price_text = new_price == '' and old_price or new_price
  local price = tonumber(price_text)
  local remaining, old_remaining = quantity - already, old_quantity - already
  local same_price = price_text == old_price

  if same_price and quantity == old_quantity then
    if idem == '' then return 'K' .. with_id(record, id) end
    next_seq(shard)
    return append_entry(shard, ENTRY.keep, record, id, '', '', idem, request, '0', '0')
  end

  local book = book_of(shard, instrument)
  local half = book[side]
  if same_price then
    -- The difference first: level and order together may be past what is exact.
    local total = level_total(half, price_text) + (remaining - old_remaining)
    if total > EXACT_MAX then return refuse(shard, CODE.level_quantity_limit, record, id, idem, request) end
    next_seq(shard)
    local priority, level = old_priority, nil
    if quantity > old_quantity then
      leave_level(shard, half, priority, id)
      priority = shard.seq_text
      level = join_level(shard, half, price, price_text, id, total)
    else
      level = set_level(half, price_text, total)
    end
    local amended = format_record(shard, old_filled, notional, old_status, '0', fill_seq, priority, price_text, text(quantity), tail)
    store_record(shard, id, amended)
    return append_entry(shard, ENTRY.amend, amended, id, '', level, idem, request, '0', fill_seq)
  end

  local left, makers, limited = remaining, nil, false
  if kind == KIND.limit_post_only then
    if would_match(shard, book, side, price) then return refuse(shard, CODE.post_only_would_match, record, id, idem, request) end
  else
    left, makers, limited = plan_match(shard, limits, book, side, price, remaining)
  end
  local rests = left > 0 and not limited
  local total
  if rests then
    total = level_total(half, price_text) + left
    if total > EXACT_MAX then return refuse(shard, CODE.level_quantity_limit, record, id, idem, request) end
  end

  next_seq(shard)
  leave_level(shard, half, old_priority, id)
  local levels = lower_level(half, old_price, old_remaining)
  local filled, previous_fill, fills = old_filled, fill_seq, ''
  if makers then
    local touched
    fills, touched, notional = apply_fills(shard, book, makers, side, id, notional)
    levels = levels .. ',' .. touched
    filled, fill_seq = text(quantity - left), shard.seq_text
  end
  local status, reason = STATUS.filled, '0'
  if rests then
    status = filled ~= '0' and STATUS.partially_filled or STATUS.open
    levels = levels .. ',' .. join_level(shard, half, price, price_text, id, total)
  else
    if left > 0 then status, reason = STATUS.cancelled, REASON.fills_limit end
    unlist_open(shard, client, client_order_id, id)
  end
  local amended = format_record(shard, filled, notional, status, reason, fill_seq, shard.seq_text, price_text, text(quantity), tail)
  store_record(shard, id, amended)
  return append_entry(shard, ENTRY.amend, amended, id, fills, levels, idem, request, '0', previous_fill)
end
