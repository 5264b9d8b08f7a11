-- The place of an order that waits for a price first: it is in no book, holds its cover from now on, and is an open order of its client.
-- Called by place.lua with its arguments, once nothing about the venue or the account refuses them.

local add, next_seq, ending = log.add, log.next_seq, log.ending
local open_of, open_count, list_open, order_id_of = listings.open_of, listings.open_count, listings.list, listings.order_id_of
local asked, refuse, refuse_short, fail = place.asked, place.refuse, place.refuse_short, place.fail
local hold, covers, shortfall_of = accounts.hold, accounts.covers, accounts.shortfall
local iceberg_of = icebergs.of
local LAST = ARGUMENTS.place - 1
-- Behind the command, as far as its fees.
local PENDING = '"],0,[[' .. EVENT.placed .. ',0,"0",' .. STATUS.pending .. ',0,0,['
-- The same of one whose record follows.
local PLACED = '"],0,[[' .. EVENT.order .. ',0,'

-- `head` is of the account, nil where it begins with this order; `direction` and `stop_price` (text, nil for one that trails) tell what it waits
-- for, `expires` when its time is over, nil for never.
function place_pending.run(shard, limits, argv, at, head, direction, stop_price, expires)
  local PLACE_ARGUMENTS = unpack(argv, at, at + LAST)
  local open = open_of(shard, client)
  if open_count(shard, client, open) >= limits.open_orders_max then return refuse(shard, CODE.open_orders_limit, asked(actor, limits, terms, id), idem) end
  if name ~= '' and order_id_of(shard, name) then return refuse(shard, CODE.duplicate_client_order_id, asked(actor, limits, terms, id), idem) end
  local iceberg = iceberg_of(traits)
  if iceberg and tonumber(quantity) > iceberg.display * limits.iceberg_parts_max then
    return refuse(shard, CODE.iceberg_parts_limit, asked(actor, limits, terms, id), idem)
  end
  -- Nobody can tell yet what so many lots will cost.
  if shard.is_covered and side == BUY and kind == KIND.market and quantity ~= '0' then
    return refuse(shard, CODE.quote_quantity_required, asked(actor, limits, terms, id), idem)
  end

  local record_fees, money = '', ''
  if shard.keeps_money then
    if not head then
      accounts.open(shard, client)
      head = accounts.known_head(shard, client)
    end
    local scale = scales.of(shard, instrument)
    local rates = fees.rates(shard, head.group, scale, instrument)
    if rates then record_fees = rates.fresh end
    local asset, high, low = holds.of_record(scale, side, tonumber(price), tonumber(quantity), record_fees, traits)
    if not asset or amounts.is_beyond(high, low) then return refuse(shard, CODE.balance_limit, asked(actor, limits, terms, id), idem) end
    if shard.is_covered and not covers(shard, client, asset, high, low) then
      return refuse_short(shard, shortfall_of(shard, client, asset, high, low), asked(actor, limits, terms, id), idem)
    end
    hold(shard, client, asset, high, low)
    money = accounts.keep(shard)
    if not money then return refuse(shard, CODE.balance_limit, asked(actor, limits, terms, id), idem) end
  end
  local fail_at = shard.fail_at
  if fail_at == 'reserve_funds' or fail_at == 'submit_order' then fail(fail_at, asked(actor, limits, terms, id)) end

  next_seq(shard)
  local seq, time = shard.seq_text, shard.time
  local joined = stops.join(shard, books.of(shard, instrument), direction, stop_price, traits, id)
  list_open(shard, open, name, id)
  if expires then dues.add_order(shard, id, expires) end
  local record_terms = joined == traits and terms or records.with_traits(terms, traits, joined)
  local record = new_record('0', '0', STATUS.pending, '0', '0', seq, record_fees, record_terms, time)
  records.store(shard, id, record)
  if fail_at then fail(fail_at, asked(actor, limits, terms, id)) end
  -- One that has a best price already is told whole.
  local event = record_terms == terms and PENDING .. record_fees .. ']]' or PLACED .. records.with_id(record, id) .. ']'
  return add(shard, idem, log.OPENING.place .. seq .. ',' .. time .. ',["P","' .. actor .. limits.of_place .. terms .. ',"' .. id .. event
    .. money .. (idem == '' and shard.plain_end or ending(shard, idem, '')))
end

place.run_pending = place_pending.run
