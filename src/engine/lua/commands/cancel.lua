local add, next_seq, answered, ending, refuse = log.add, log.next_seq, log.answered, log.ending, log.refuse
local parse, record_of, is_open, store_record = records.parse, records.of, records.is_open, records.store
local book_of, leave_level, lower_level, unlist = books.of, levels.leave, levels.lower, listings.unlist
local iceberg_of, traits_at_end = icebergs.waiting, icebergs.traits_at_end
local AT_STATUS, AT_CLIENT, AT_FILL, AT_INSTRUMENT = ORDER_PART.status, ORDER_PART.client, ORDER_PART.fill_sequence, ORDER_PART.instrument
local halted = catalogue.halted
local LAST = ARGUMENTS.cancel - 1
local OPENING, ORDER = log.OPENING.cancel, '[' .. EVENT.order .. ','

-- Whether one of several names (`a","b","c`) is this one.
local function is_among(names, name)
  return find('","' .. names .. '","', '","' .. name .. '","', 1, true)
end

-- Finds the order that a cancel or amend names, by id or by its client's name for it, where it is the actor's or the actor is
-- anybody. An actor may be several clients: `a","b","c`, the caller's own first. Returns its id and record, no record where there
-- is none, and the one client by which the log tells the actor: that of the order, else the first.
function cancel.find_order(shard, id, name, actor)
  if id == '' then
    id = listings.order_id_of(shard, name)
    if not id then return nil, nil, match(actor, '^(.-)","') or actor end
  end
  local record = record_of(shard, id)
  if actor == '' then return id, record, actor end
  if record then
    local client = parse(shard, record)[AT_CLIENT]
    if client == actor or is_among(actor, client) then return id, record, client end
  end
  return nil, nil, match(actor, '^(.-)","') or actor
end

-- Takes an open order out of the book and its client's listings, and stores it as cancelled, or as `ended` says. `order` is its record, parsed;
-- `is_released` where what it holds is let go of already. Returns the new record and the event of its level.
function cancel.order(shard, id, order, why, is_released, ended)
  local ORDER_PARTS = unpack(order)
  if shard.keeps_money and not is_released then holds.release(shard, client, instrument, side, tonumber(price), quantity - filled, fees, traits) end
  local shown, level = quantity - filled, ''
  local iceberg = traits ~= '' and iceberg_of(traits)
  if status == STATUS.pending then
    traits = stops.leave_order(shard, instrument, side, traits, priority, tail, id)
  else
    local half = book_of(shard, instrument)[side]
    if iceberg then
      shown, traits = iceberg.shown, traits_at_end(iceberg)
      leave_level(shard, half, priority, id, iceberg.refill)
    else
      leave_level(shard, half, priority, id, nil)
    end
    level = lower_level(half, price, shown)
  end
  unlist(shard, client, client_order_id, id)
  if shard.has_dues then dues.drop_order(shard, id, tail) end
  local record = changed_record(filled, notional, ended or STATUS.cancelled, why, shard.seq_text, shard.time, fill_sequence, priority, fees, price, quantity,
    traits, tail)
  store_record(shard, id, record)
  return record, level
end

-- The command as the log tells it. (Where an order is cancelled it is joined with the rest of its entry in one step.)
local function asked(actor, id, name)
  return '["C","' .. actor .. '","' .. id .. '","' .. name .. '"]'
end

-- cancel: takes one open order out of the book.
-- Arguments: id (of the order, or ''), name (its client's: client","client_order_id, where id is ''), actor (the client, or
--   clients, that it must belong to, '' for anybody), idem (digest of its key, or ''), request (as JSON, or '').
-- Reads: client_order_ids, orders, depth, idem, accounts, catalogue. Writes: book, depth, orders, open:<client>, client_order_ids, idem, accounts, log.
-- Returns: the entry, R<its key's answer>, X<code>, X<code>,<record> when the order is done already, or X<code>,<rules of its instrument>.
function cancel.run(shard, limits, argv, at)
  local CANCEL_ARGUMENTS = unpack(argv, at, at + LAST)
  local known = idem ~= '' and answered(shard, limits, idem)
  if known then return known end
  local found, record, actor = cancel.find_order(shard, id, name, actor)
  if not record then return refuse(shard, CODE.order_not_found, nil, nil, asked(actor, id, name), idem, request) end
  local order = parse(shard, record)
  if not is_open(order[AT_STATUS]) then return refuse(shard, CODE.order_not_open, record, found, asked(actor, id, name), idem, request) end
  local shown = shard.has_rules and halted(shard, order[AT_INSTRUMENT])
  if shown then return log.refuse_telling(shard, CODE.instrument_not_open, shown, asked(actor, id, name), idem, request) end

  next_seq(shard)
  local changed, level = cancel.order(shard, found, order, REASON.requested)
  return add(shard, idem, OPENING .. shard.seq_text .. ',' .. shard.time .. ',["C","' .. actor .. '","' .. id .. '","' .. name .. '"],0,['
    .. ORDER .. order[AT_FILL] .. ',' .. changed .. ',"' .. found .. '"]' .. level .. (shard.keeps_money and accounts.keep(shard) or '') .. (idem == '' and shard.plain_end or ending(shard, idem, request)))
end
