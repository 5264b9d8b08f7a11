-- What a refused order asked for, for the log: price, quantity and the record's constant part, with the id.
local function place_request(argv, at)
  return '[' .. argv[at + 3] .. ',' .. argv[at + 4] .. ',' .. with_id(argv[at + 9], argv[at + 5]) .. ']'
end

-- place: a new order.
-- Arguments: instrument, side, kind, price_ticks (0 for market), quantity_lots, order id, client,
--   its name for the order (client"client_order_id) or '', idempotency digest or '', tail (the record's constant part without its time).
-- Reads: book, depth, orders, open:<client>, client_order_ids, idem.
-- Writes: the same, trades, log.
-- Returns: the entry, R<replay> or X<code>.
local PLACE_ARGUMENTS = 10

local function place(shard, limits, argv, at)
  local instrument, side, kind = argv[at], argv[at + 1], argv[at + 2]
  local price_text, quantity_text, id = argv[at + 3], argv[at + 4], argv[at + 5]
  local client, name, idem = argv[at + 6], argv[at + 7], argv[at + 8]

  local answered = replay(shard, limits, idem)
  if answered then return answered end
  if shard.seq - shard.persisted >= limits.backlog_max then return 'X' .. CODE.backlog_full end
  local may_rest = kind == KIND.limit_gtc or kind == KIND.limit_post_only
  local open = may_rest and open_of(shard, client)
  if open and open_count(shard, client, open) >= limits.open_orders_max then
    return refuse(shard, CODE.open_orders_limit, nil, nil, idem, place_request(argv, at))
  end
  if name ~= '' and order_id_of(shard, name) then
    return refuse(shard, CODE.duplicate_client_order_id, nil, nil, idem, place_request(argv, at))
  end

  local book = book_of(shard, instrument)
  local half = book[side]
  local price, quantity = tonumber(price_text), tonumber(quantity_text)
  local status, reason = nil, '0'
  local left, makers, limited = quantity, nil, false
  if kind == KIND.limit_post_only then
    if would_match(shard, book, side, price) then status, reason = STATUS.rejected, REASON.post_only_would_match end
  else
    local limit = price
    if kind == KIND.market then limit = nil end
    left, makers, limited = plan_match(shard, limits, book, side, limit, quantity)
    if kind == KIND.limit_fok and left > 0 then
      status, reason = STATUS.rejected, REASON.fok_not_fillable
      left, makers = quantity, nil
    end
  end

  local rests, level = false, nil
  if not status then
    if left == 0 then
      status = STATUS.filled
    elseif limited then
      status, reason = STATUS.cancelled, REASON.fills_limit
    elseif kind == KIND.limit_ioc then
      status, reason = STATUS.cancelled, REASON.ioc_remainder
    elseif kind == KIND.market then
      status, reason = STATUS.cancelled, REASON.no_liquidity
    else
      status = makers and STATUS.partially_filled or STATUS.open
      rests = true
      level = level_total(half, price_text) + left
      if level > EXACT_MAX then return refuse(shard, CODE.level_quantity_limit, nil, nil, idem, place_request(argv, at)) end
    end
  end

  next_seq(shard)
  local fills, levels, filled, notional, fill_seq = '', '', '0', '0', '0'
  if makers then
    fills, levels, notional = apply_fills(shard, book, makers, side, id, notional)
    filled, fill_seq = text(quantity - left), shard.seq_text
  end
  if rests then
    local joined = join_level(shard, half, price, price_text, id, level)
    if makers then levels = levels .. ',' .. joined else levels = joined end
    list_open(shard, open, name, id)
  end
  local record = new_record(filled, notional, status, reason, fill_seq, shard.seq_text, price_text, quantity_text,
    argv[at + 9], shard.time)
  store_record(shard, id, record)
  return append_entry(shard, ENTRY.place, record, id, fills, levels, idem, '', '0', '0')
end
