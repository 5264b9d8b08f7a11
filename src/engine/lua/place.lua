-- What a refused order asked for, for the log: price, quantity and the record's constant part.
local function place_request(argv, at)
  return '[' .. argv[at + 3] .. ',' .. argv[at + 4] .. ',' .. argv[at + 9] .. ']'
end

-- place: a new order.
-- Arguments: instrument, side, kind, price_ticks (0 for market), quantity_lots, order id, client,
--   client_order_id or '', idempotency digest or '', tail (the record's constant part without its time).
-- Reads: book, depth, orders, open:<client>, client_order_ids, idem.
-- Writes: the same, trades, log.
-- Returns: the entry, R<replay> or X<code>.
local PLACE_ARGUMENTS = 10

local function place(shard, limits, argv, at)
  local instrument, side, kind = argv[at], argv[at + 1], argv[at + 2]
  local price_text, quantity_text, id = argv[at + 3], argv[at + 4], argv[at + 5]
  local client, client_order_id, idem = argv[at + 6], argv[at + 7], argv[at + 8]

  local answered = replay(shard, limits, idem)
  if answered then return answered end
  if limits.backlogged(shard) then return 'X' .. CODE.backlog_full end
  local may_rest = kind == KIND.limit_gtc or kind == KIND.limit_post_only
  if may_rest and open_count(shard, client) >= limits.open_orders_max then
    return refuse(shard, CODE.open_orders_limit, nil, idem, place_request(argv, at))
  end
  if client_order_id ~= '' and order_id_of(shard, client, client_order_id) then
    return refuse(shard, CODE.duplicate_client_order_id, nil, idem, place_request(argv, at))
  end

  local book = book_of(shard, instrument)
  local half = book[side]
  local price, quantity = tonumber(price_text), tonumber(quantity_text)
  local status, reason = nil, '0'
  local plan
  if kind == KIND.limit_post_only then
    plan = { count = 0, left = quantity }
    if would_match(shard, book, side, price) then status, reason = STATUS.rejected, REASON.post_only_would_match end
  else
    local limit = price
    if kind == KIND.market then limit = nil end
    plan = plan_match(shard, limits, book, side, limit, quantity)
    if kind == KIND.limit_fok and plan.left > 0 then
      status, reason = STATUS.rejected, REASON.fok_not_fillable
      plan = { count = 0, left = quantity }
    end
  end

  local rests, level = false, nil
  if not status then
    if plan.left == 0 then
      status = STATUS.filled
    elseif plan.limited then
      status, reason = STATUS.cancelled, REASON.fills_limit
    elseif kind == KIND.limit_ioc then
      status, reason = STATUS.cancelled, REASON.ioc_remainder
    elseif kind == KIND.market then
      status, reason = STATUS.cancelled, REASON.no_liquidity
    else
      status = plan.count > 0 and STATUS.partially_filled or STATUS.open
      rests = true
      level = level_total(half, price_text) + plan.left
      if level > EXACT_MAX then return refuse(shard, CODE.level_quantity_limit, nil, idem, place_request(argv, at)) end
    end
  end

  next_seq(shard)
  local levels, fills, filled, notional, fill_seq = {}, '', '0', '0', '0'
  if plan.count > 0 then
    fills = apply_fills(shard, book, plan, side, id, notional, levels)
    filled, notional, fill_seq = text(quantity - plan.left), plan.notional, shard.seq_text
  end
  if rests then
    levels[#levels + 1] = join_level(shard, half, price, price_text, id, level)
    list_open(shard, client, client_order_id, id)
  end
  local record = new_record(filled, notional, status, reason, fill_seq, shard.seq_text, price_text, quantity_text,
    argv[at + 9] .. ',' .. shard.time)
  store_record(shard, id, record)
  return append_entry(shard, 'place', record, fills, table.concat(levels, ','), idem, '', '0', '0')
end
