-- amend: changes price, quantity or both of an open order.
-- Arguments: order id or '', client, client_order_id (where the id is ''), candidates, idempotency digest or '',
--   request as JSON or ''.
-- candidates: `<instrument>=<price>,<quantity>,<remaining>,<quantity max>;` for each instrument the order may be of,
--   in ticks and lots; '' leaves a value as it is, x marks one that does not fit the instrument.
-- Reads: client_order_ids, orders, book, depth, idem. Writes: the same, open:<client>, trades, log.
-- Returns: the entry, R<replay>, X<code>[,<record>], or K<record> when nothing changes and no key is given.
local AMEND_ARGUMENTS = 6

local function amend(shard, limits, argv, at)
  local candidates, idem, request = argv[at + 3], argv[at + 4], argv[at + 5]
  local answered = replay(shard, limits, idem)
  if answered then return answered end
  if limits.backlogged(shard) then return 'X' .. CODE.backlog_full end
  local record = find_record(shard, argv[at], argv[at + 1], argv[at + 2])
  if not record then return refuse(shard, CODE.order_not_found, nil, idem, request) end
  local order = parse_record(record)
  if not is_open(order.status) then return refuse(shard, CODE.order_not_open, record, idem, request) end
  local _, start = string.find(candidates, ';' .. order.instrument .. '=', 1, true)
  local new_price, new_quantity, new_remaining, quantity_max
  if start then
    new_price, new_quantity, new_remaining, quantity_max =
      string.match(candidates, '^(%w*),(%w*),(%w*),(%d+);', start + 1)
  end
  if not quantity_max or new_price == 'x' or new_quantity == 'x' or new_remaining == 'x' then
    -- A request that is not valid uses up no key, here as little as where the service finds out itself.
    return refuse(shard, CODE.amend_invalid, record, '', request)
  end
  local quantity = order.quantity
  if new_quantity ~= '' then quantity = tonumber(new_quantity) end
  if new_remaining ~= '' then quantity = order.filled + tonumber(new_remaining) end
  if quantity <= order.filled then return refuse(shard, CODE.quantity_below_filled, record, idem, request) end
  if quantity > tonumber(quantity_max) then return refuse(shard, CODE.quantity_out_of_range, record, idem, request) end
  local price_text = new_price == '' and order.price_text or new_price
  local price = tonumber(price_text)
  local remaining, old_remaining = quantity - order.filled, order.quantity - order.filled

  if price == order.price and quantity == order.quantity then
    if idem == '' then return 'K' .. record end
    next_seq(shard)
    return append_entry(shard, 'keep', record, '', '', idem, request, '0', '0')
  end

  local book, side = book_of(shard, order.instrument), order.side
  local half = book[side]
  if price == order.price then
    -- The difference first: level and order together may be past what is exact.
    local total = level_total(half, price_text) + (remaining - old_remaining)
    if total > EXACT_MAX then return refuse(shard, CODE.level_quantity_limit, record, idem, request) end
    next_seq(shard)
    local priority, level = order.priority, nil
    if quantity > order.quantity then
      leave_level(half, priority, order.id)
      priority = shard.seq_text
      level = join_level(shard, half, price, price_text, order.id, total)
    else
      level = set_level(half, price_text, total)
    end
    local amended = format_record(shard, order.filled_text, order.notional, order.status, '0', order.fill_seq, priority,
      price_text, text(quantity), order.tail)
    store_record(shard, order.id, amended)
    return append_entry(shard, 'amend', amended, '', level, idem, request, '0', order.fill_seq)
  end

  local plan
  if order.kind == KIND.limit_post_only then
    if would_match(shard, book, side, price) then return refuse(shard, CODE.post_only_would_match, record, idem, request) end
    plan = { count = 0, left = remaining }
  else
    plan = plan_match(shard, limits, book, side, price, remaining)
  end
  local rests = plan.left > 0 and not plan.limited
  local total
  if rests then
    total = level_total(half, price_text) + plan.left
    if total > EXACT_MAX then return refuse(shard, CODE.level_quantity_limit, record, idem, request) end
  end

  next_seq(shard)
  leave_level(half, order.priority, order.id)
  local levels = { lower_level(half, order.price_text, old_remaining) }
  local filled, notional, fill_seq, fills = order.filled_text, order.notional, order.fill_seq, ''
  if plan.count > 0 then
    fills = apply_fills(shard, book, plan, side, order.id, notional, levels)
    filled, notional, fill_seq = text(quantity - plan.left), plan.notional, shard.seq_text
  end
  local status, reason = STATUS.filled, '0'
  if rests then
    status = filled ~= '0' and STATUS.partially_filled or STATUS.open
    levels[#levels + 1] = join_level(shard, half, price, price_text, order.id, total)
  else
    if plan.left > 0 then status, reason = STATUS.cancelled, REASON.fills_limit end
    unlist_open(shard, order.client, order.client_order_id, order.id)
  end
  local amended = format_record(shard, filled, notional, status, reason, fill_seq, shard.seq_text, price_text,
    text(quantity), order.tail)
  store_record(shard, order.id, amended)
  return append_entry(shard, 'amend', amended, fills, table.concat(levels, ','), idem, request, '0', order.fill_seq)
end
