-- place: a new order.
-- Arguments: instrument, side, kind, price (in ticks, 0 for market), quantity (in lots), id (of the order), client, name (the
--   client's for the order: client","client_order_id, or ''), idem (digest of its key, or ''), terms (what it asks for, as record and
--   log have it), actor (as the log tells it, '' for anybody).
-- Reads: book, depth, orders, open:<client>, client_order_ids, idem.
-- Writes: the same, trades, log.
-- Returns: the entry, R<its key's answer> or X<code>.

local add, next_seq, answered, ending = log.add, log.next_seq, log.answered, log.ending
local book_of, level_total, join_level, store_record = books.of, levels.total, levels.join, records.store
local open_of, open_count, list_open, order_id_of = listings.open_of, listings.open_count, listings.list, listings.order_id_of
local apply = matching.apply
local LAST = ARGUMENTS.place - 1
local OPENING, PLACED = log.OPENING.place, '[' .. EVENT.placed .. ','
-- Behind the command of an order that traded nothing and waits.
local RESTED = '"],0,[' .. PLACED .. '0,"0",' .. STATUS.open .. ',0,0]'

-- The command as the log tells it.
-- (Where an order is taken it is joined with the rest of its entry in one step.)
local function asked(actor, limits, terms, id)
  return '["P","' .. actor .. limits.of_place .. terms .. ',"' .. id .. '"]'
end

function place.run(shard, limits, argv, at)
  local PLACE_ARGUMENTS = unpack(argv, at, at + LAST)

  local known = idem ~= '' and answered(shard, limits, idem)
  if known then return known end
  if shard.seq - shard.persisted >= limits.backlog_max then return 'X' .. CODE.backlog_full end
  local rule = kinds[kind]
  local open = rule.may_rest and open_of(shard, client)
  if open and open_count(shard, client, open) >= limits.open_orders_max then
    return log.refuse(shard, CODE.open_orders_limit, nil, nil, asked(actor, limits, terms, id), idem, '')
  end
  if name ~= '' and order_id_of(shard, name) then
    return log.refuse(shard, CODE.duplicate_client_order_id, nil, nil, asked(actor, limits, terms, id), idem, '')
  end

  local book = book_of(shard, instrument)
  local half = book[side]
  local ticks, lots = tonumber(price), tonumber(quantity)
  local left, makers, limited, status, reason = rule.plan(shard, limits, book, side, ticks, lots)
  local rests, level = false, nil
  if not status then
    reason = '0'
    if left == 0 then
      status = STATUS.filled
    elseif limited then
      status, reason = STATUS.cancelled, REASON.fills_limit
    elseif not open then
      status, reason = STATUS.cancelled, rule.left_reason
    else
      status = makers and STATUS.partially_filled or STATUS.open
      rests = true
      level = level_total(half, price) + left
      if level > EXACT_MAX then
        return log.refuse(shard, CODE.level_quantity_limit, nil, nil, asked(actor, limits, terms, id), idem, '')
      end
    end
  end

  next_seq(shard)
  local seq, time = shard.seq_text, shard.time
  if rests and not makers then
    local joined = join_level(shard, half, ticks, price, id, level)
    list_open(shard, open, name, id)
    store_record(shard, id, resting_record(seq, terms, time))
    return add(shard, idem, OPENING .. seq .. ',' .. time .. ',["P","' .. actor .. limits.of_place .. terms .. ',"' .. id .. RESTED .. joined
      .. (idem == '' and shard.plain_end or ending(shard, idem, '')))
  end
  local trades, taken, joined, filled, notional, fill_seq = '', '', '', '0', '0', '0'
  if makers then
    trades, taken, notional = apply(shard, book, makers, side, id, notional)
    filled, fill_seq = left == 0 and quantity or text(lots - left), seq
  end
  if rests then
    joined = join_level(shard, half, ticks, price, id, level)
    list_open(shard, open, name, id)
  end
  store_record(shard, id, new_record(filled, notional, status, reason, fill_seq, seq, terms, time))
  return add(shard, idem, OPENING .. seq .. ',' .. time .. ',["P","' .. actor .. limits.of_place .. terms .. ',"' .. id .. '"],0,[' .. trades .. PLACED .. filled .. ',"' .. notional .. '",' .. status .. ',' .. reason .. ',' .. fill_seq .. ']' .. taken .. joined
    .. (idem == '' and shard.plain_end or ending(shard, idem, '')))
end
