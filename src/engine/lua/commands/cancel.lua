local add, next_seq, answered, ending, refuse = log.add, log.next_seq, log.answered, log.ending, log.refuse
local parse, record_of, is_open, with_id = records.parse, records.of, records.is_open, records.with_id
local book_of, leave_level, lower_level, unlist = books.of, levels.leave, levels.lower, listings.unlist
local iceberg_of, traits_at_end = icebergs.waiting, icebergs.traits_at_end
local AT_STATUS, AT_CLIENT, AT_FILL, AT_INSTRUMENT, AT_TRAITS = ORDER_PART.status, ORDER_PART.client, ORDER_PART.fill_sequence, ORDER_PART.instrument,
  ORDER_PART.traits
local PENDING, CANCELLED, REQUESTED = STATUS.pending, STATUS.cancelled, REASON.requested
local halted, order_id_of, OPEN = catalogue.halted, listings.order_id_of, records.OPEN
local is_unfunded, link_all, waits_for_first = lists.is_unfunded, lists.link_all, lists.waits
local LIST_ID_LENGTH = 23
local LAST = ARGUMENTS.cancel - 1
local OPENING, ORDER = log.OPENING.cancel, '[' .. EVENT.order .. ','

-- Whether one of several names (`a","b","c`) is this one.
local function is_among(names, name)
  return find('","' .. names .. '","', '","' .. name .. '","', 1, true)
end

-- Of a list's orders that the actor may see the first that is open, else the first that is held: its id; nil where there is none.
local function id_of_list(shard, list_id, actor)
  local ids, found = {}, nil
  for i = 1, #LIST_ENDS do ids[i] = sub(list_id, #LIST_MARK + 1, -2) .. LIST_ENDS[i] end
  records.read(shard, ids)
  for i = 1, #ids do
    local record = record_of(shard, ids[i])
    local order = record and parse(shard, record)
    if order and find(order[ORDER_PART.traits], lists.MARK, 1, true) then
      local client = order[AT_CLIENT]
      if actor == '' or client == actor or is_among(actor, client) then
        if is_open(order[AT_STATUS]) then return ids[i] end
        found = found or ids[i]
      end
    end
  end
  return found
end

-- Finds the order that a cancel or amend names, by id or by its client's name for it, where it is the actor's or the actor is
-- anybody. An actor may be several clients: `a","b","c`, the caller's own first. Returns its id and record, no record where there
-- is none, and the one client by which the log tells the actor: that of the order, else the first.
function cancel.find_order(shard, id, name, actor)
  if id == '' then
    id = shard.client_order_ids[name] or order_id_of(shard, name)
    if not id then return nil, nil, match(actor, '^(.-)","') or actor end
  elseif #id == LIST_ID_LENGTH then
    id = id_of_list(shard, id, actor)
    if not id then return nil, nil, match(actor, '^(.-)","') or actor end
  end
  local record = shard.records[id] or shard.stored_records[id] or record_of(shard, id)
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
  if shard.keeps_money and not is_released and not (traits ~= '' and is_unfunded(traits)) then
    holds.release(shard, client, instrument, side, tonumber(price), quantity - filled, fees, traits)
  end
  local level = ''
  if status == PENDING then
    if not waits_for_first(traits) then traits = stops.leave_order(shard, instrument, side, traits, priority, id) end
  else
    local half, iceberg = (shard.books[instrument] or book_of(shard, instrument))[side], traits ~= '' and iceberg_of(traits)
    if iceberg then
      traits = traits_at_end(iceberg)
      leave_level(shard, half, priority, id, iceberg.refill)
      level = lower_level(half, price, iceberg.shown)
    else
      leave_level(shard, half, priority, id, nil)
      level = lower_level(half, price, quantity - filled)
    end
  end
  unlist(shard, client, client_order_id, id)
  if shard.has_dues then dues.drop_order(shard, id, tail) end
  local changed = changed_record(filled, notional, ended or CANCELLED, why, shard.seq_text, shard.time, fill_sequence, priority, fees, price, quantity,
    traits, tail)
  shard.records[id] = changed
  return changed, level
end

-- Cancels `count` orders whose cover is let go of already. Returns their events and those of their levels, each with a comma before it.
function cancel.released(shard, ids, count, why)
  local orders, touched = '', ''
  for i = 1, count do
    local id = ids[i]
    local order = parse(shard, record_of(shard, id))
    local record, level = cancel.order(shard, id, order, why, true)
    orders = orders .. ',' .. ORDER .. order[AT_FILL] .. ',' .. with_id(record, id) .. ']'
    touched = touched .. level
  end
  return orders, touched
end

-- Carries out what comes of lists: cancels what is linked, and has those go next whose list's first is filled. Every order of the entry is stored as it
-- became but for these. Returns the events of orders and of levels, each with a comma before it.
function lists.carry_out(shard, book, linked)
  if not linked then return '', '' end
  local gone, touched = cancel.released(shard, linked.ids, linked.count, REASON.linked)
  lists.queue(shard, book, linked)
  return gone, touched
end

-- As cancel.order, with all that is linked to it. Returns the new record, the events of orders that go with it, and those of levels.
function cancel.with_list(shard, id, order, why, ended)
  local list = order[AT_TRAITS]
  local linked = list ~= '' and link_all(shard, nil, id, list)
  if linked then lists.release(shard, linked) end
  local record, level = cancel.order(shard, id, order, why, false, ended)
  if not linked then return record, '', level end
  local gone, touched = cancel.released(shard, linked.ids, linked.count, REASON.linked)
  return record, gone, level .. touched
end

-- The command as the log tells it. (Where an order is cancelled it is joined with the rest of its entry in one step.)
local function asked(actor, id, name)
  return '["C","' .. actor .. '","' .. id .. '","' .. name .. '"]'
end

-- cancel: takes one open order out of the book.
-- Arguments: id (of the order, of a list with LIST_MARK ahead of it, or ''), name (its client's: client","client_order_id, where id is ''), actor (the client, or
--   clients, that it must belong to, '' for anybody), idem (digest of its key, or ''), request (as JSON, or '').
-- Reads: client_order_ids, orders, depth, idem, accounts, catalogue. Writes: book, depth, orders, open:<client>, client_order_ids, idem, accounts, log.
-- Returns: the entry, R<its key's answer>, X<code>, X<code>,<record> when the order is done already, or X<code>,<rules of its instrument>.
function cancel.run(shard, limits, argv, at)
  local CANCEL_ARGUMENTS = unpack(argv, at, at + LAST)
  local known = idem ~= '' and answered(shard, limits, idem)
  if known then return known end
  local found, record, actor = cancel.find_order(shard, id, name, actor)
  local is_list = #id == LIST_ID_LENGTH
  if not record then return refuse(shard, is_list and CODE.order_list_not_found or CODE.order_not_found, nil, nil, asked(actor, id, name), idem, request) end
  local order = shard.parsed[record] or parse(shard, record)
  if not OPEN[order[AT_STATUS]] then
    return refuse(shard, is_list and CODE.order_list_not_open or CODE.order_not_open, record, found, asked(actor, id, name), idem, request)
  end
  local shown = shard.has_rules and halted(shard, order[AT_INSTRUMENT])
  if shown then return log.refuse_telling(shard, CODE.instrument_not_open, shown, asked(actor, id, name), idem, request) end

  next_seq(shard)
  local changed, gone, level
  -- One without traits has nothing linked to it.
  if order[AT_TRAITS] == '' then
    gone, changed, level = '', cancel.order(shard, found, order, REQUESTED)
  else
    changed, gone, level = cancel.with_list(shard, found, order, REQUESTED)
  end
  return add(shard, idem, OPENING .. shard.seq_text .. ',' .. shard.time .. ',["C","' .. actor .. '","' .. id .. '","' .. name .. '"],0,['
    .. ORDER .. order[AT_FILL] .. ',' .. changed .. ',"' .. found .. '"]' .. gone .. level .. (shard.keeps_money and accounts.keep(shard) or '') .. (idem == '' and shard.plain_end or ending(shard, idem, request)))
end
