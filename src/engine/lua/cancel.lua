-- Finds the order that a cancel or amend names: by id, or by its client's name for it.
-- Returns its id and record; no record where there is none.
local function find_order(shard, id, name)
  if id == '' then
    id = order_id_of(shard, name)
    if not id then return nil end
  end
  return id, record_of(shard, id)
end

-- Takes an open order out of the book and its client's listings, and stores it as cancelled. `order` is its record, parsed.
-- Returns the new record and the level's change.
local function cancel_order(shard, id, order, reason)
  local filled, notional, _, fill_seq, priority, price, quantity, tail, side, _, instrument, client, client_order_id = unpack(order)
  local half = book_of(shard, instrument)[side]
  leave_level(shard, half, priority, id)
  local level = lower_level(half, price, quantity - filled)
  unlist_open(shard, client, client_order_id, id)
  local record = format_record(shard, filled, notional, STATUS.cancelled, reason, fill_seq, priority, price, quantity, tail)
  store_record(shard, id, record)
  return record, level
end

-- cancel: takes one open order out of the book.
-- Arguments: order id or '', its client's name for it (client"client_order_id) where that is '', idempotency digest or '',
--   request as JSON or ''.
-- Reads: client_order_ids, orders, depth, idem. Writes: book, depth, orders, open:<client>, client_order_ids, idem, log.
-- Returns: the entry, R<replay>, X<code> or X<code>,<record> when the order is done already.
local CANCEL_ARGUMENTS = 4

local function cancel(shard, limits, argv, at)
  local idem, request = argv[at + 2], argv[at + 3]
  local answered = replay(shard, limits, idem)
  if answered then return answered end
  local id, record = find_order(shard, argv[at], argv[at + 1])
  if not record then return refuse(shard, CODE.order_not_found, nil, nil, idem, request) end
  local order = parse_record(shard, record)
  if not is_open(order[PARSED_STATUS]) then return refuse(shard, CODE.order_not_open, record, id, idem, request) end

  next_seq(shard)
  local cancelled, level = cancel_order(shard, id, order, REASON.requested)
  return append_entry(shard, ENTRY.cancel, cancelled, id, '', level, idem, request, '0', '0')
end
