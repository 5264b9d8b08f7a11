-- Finds the order that a cancel or amend names: by id, or by client and client_order_id.
-- Returns its record, or nil.
local function find_record(shard, id, client, client_order_id)
  if id == '' then
    id = order_id_of(shard, client, client_order_id)
    if not id then return nil end
  end
  return record_of(shard, id)
end

-- Takes an open order out of the book and its client's listings, and stores it as cancelled.
-- Returns the new record and the level's change.
local function cancel_order(shard, order, reason)
  local book = book_of(shard, order.instrument)
  local half = book[order.side]
  leave_level(half, order.priority, order.id)
  local level = lower_level(half, order.price_text, order.quantity - order.filled)
  unlist_open(shard, order.client, order.client_order_id, order.id)
  local record = format_record(shard, order.filled_text, order.notional, STATUS.cancelled, reason, order.fill_seq,
    order.priority, order.price_text, order.quantity_text, order.tail)
  store_record(shard, order.id, record)
  return record, level
end

-- cancel: takes one open order out of the book.
-- Arguments: order id or '', client, client_order_id (where the id is ''), idempotency digest or '', request as JSON or ''.
-- Reads: client_order_ids, orders, depth, idem. Writes: book, depth, orders, open:<client>, client_order_ids, idem, log.
-- Returns: the entry, R<replay>, X<code> or X<code>,<record> when the order is done already.
local CANCEL_ARGUMENTS = 5

local function cancel(shard, limits, argv, at)
  local idem, request = argv[at + 3], argv[at + 4]
  local answered = replay(shard, limits, idem)
  if answered then return answered end
  local record = find_record(shard, argv[at], argv[at + 1], argv[at + 2])
  if not record then return refuse(shard, CODE.order_not_found, nil, idem, request) end
  local order = parse_record(record)
  if not is_open(order.status) then return refuse(shard, CODE.order_not_open, record, idem, request) end

  next_seq(shard)
  local cancelled, level = cancel_order(shard, order, REASON.requested)
  return append_entry(shard, 'cancel', cancelled, '', level, idem, request, '0', '0')
end
