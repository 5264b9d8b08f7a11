-- The amend of an order that waits for a price: another price to wait for, another limit, another quantity. Less of it keeps its turn among those
-- that wait for the same price; anything else goes behind them. One whose price the market has reached already goes behind this
-- command's entry, as if a trade had reached it now. One that trails has another distance to trail at, behind the same best price. Called by
-- amend.lua once the order is found and what is wanted fits its instrument.

local add, next_seq, ending, refuse, with_id = log.add, log.next_seq, log.ending, log.refuse, records.with_id
local asked = amend.asked
local hold, keep, undo = accounts.hold, accounts.keep, accounts.undo
local killed_since = controls.killed_since
local with_trait, iceberg_of = traits.with, icebergs.of
local OPENING, KEEP = log.OPENING.amend, log.OPENING.keep
local OFFSET, PERCENT = TRAIT.trailingOffset, TRAIT.trailingPercent
local WANTED = '^(%w+),(%w+),(%w+),(%w+),(%w+),(%w+),(%d+)$'
local ORDER, SHOWN = '[' .. EVENT.order .. ',0,', '[' .. EVENT.shown .. ','

-- `found` is the order's id, `record` its record, `actor` the one client by which the log tells the actor, `wanted` what the log tells.
function amend_pending.run(shard, limits, argv, at, found, record, actor, wanted)
  local id, name, idem, request = argv[at + ARGUMENT_AT.amend.id - 1], argv[at + ARGUMENT_AT.amend.name - 1], argv[at + ARGUMENT_AT.amend.idem - 1],
    argv[at + ARGUMENT_AT.amend.request - 1]
  local order = records.parse(shard, record)
  local ORDER_PARTS = unpack(order)
  -- What is told of one that trails is told as of now, whatever comes of this.
  local now = stops.traits_now(shard, instrument, side, traits)
  if now ~= traits then record, traits = records.with_traits(record, traits, now), now end
  local new_price, new_quantity, new_remaining, new_stop, new_offset, new_percent, quantity_max = match(wanted, WANTED)
  local command = asked(actor, limits, wanted, id, name)
  local function refuse_amend(code)
    if shard.keeps_money then undo(shard) end
    return refuse(shard, code, record, found, command, idem, request)
  end
  if new_price ~= 'null' and kind == KIND.market then return refuse_amend(CODE.order_without_price) end
  if quantity == '0' and (new_quantity ~= 'null' or new_remaining ~= 'null') then return refuse_amend(CODE.order_by_money) end
  local old_lots, trigger, old_stop = tonumber(quantity), stops.of_traits(traits)
  if not trigger and not (new_stop == 'null' and new_offset == 'null' and new_percent == 'null') then return refuse_amend(CODE.order_not_pending) end
  local measure, old_distance = trails.of_traits(traits)
  -- What it waits by: one of the three.
  local waits_by, old_wait, new_wait = measure or TRAIT.triggerPrice, old_distance or old_stop, new_stop
  if measure == OFFSET then new_wait = new_offset elseif measure then new_wait = new_percent end
  if (measure and new_stop ~= 'null') or (measure ~= OFFSET and new_offset ~= 'null') or (measure ~= PERCENT and new_percent ~= 'null') then
    return refuse_amend(CODE.order_waits_otherwise)
  end
  local lots = old_lots
  if new_quantity ~= 'null' then lots = tonumber(new_quantity) end
  if new_remaining ~= 'null' then lots = tonumber(new_remaining) end
  if lots > tonumber(quantity_max) then return refuse_amend(CODE.quantity_out_of_range) end
  local iceberg = lots > old_lots and iceberg_of(traits)
  if iceberg and lots > iceberg.display * limits.iceberg_parts_max then return refuse_amend(CODE.iceberg_parts_limit) end
  local price_text, wait = new_price == 'null' and price or new_price, new_wait ~= 'null' and new_wait or old_wait
  local is_same_price = price_text == price and wait == old_wait
  if is_same_price and lots == old_lots then
    if idem == '' then return 'K' .. with_id(record, found) end
    next_seq(shard)
    return add(shard, idem, KEEP .. shard.seq_text .. ',' .. shard.time .. ',' .. command .. ',0,[' .. SHOWN .. with_id(record, found) .. ']'
      .. ending(shard, idem, request))
  end

  -- One that waits for the first of its list has no turn among those that wait for a price.
  local moves = not lists.waits(traits) and (not is_same_price or lots > old_lots)
  -- What only frees is let through.
  if shard.has_kills and not (is_same_price and lots < old_lots) and killed_since(shard, client) then return refuse_amend(CODE.account_killed) end
  if shard.has_rules then
    local worth_at
    if measure then worth_at = heads.best(shard, books.of(shard, instrument)[OPPOSITE[side]]) else worth_at = wait and tonumber(wait) end
    local code, shown = catalogue.not_amended(shard, instrument, kind, is_same_price and lots < old_lots, tonumber(price_text), lots, lots, worth_at)
    if not code and moves then code, shown = catalogue.not_awaited(shard, instrument) end
    if code then return log.refuse_telling(shard, code, shown, command, idem, request) end
  end
  local money = ''
  if shard.keeps_money then
    if shard.is_in_breach then return 'X' .. CODE.balance_audit_breach end
    local head = accounts.head(shard, client)
    if head.status ~= ACCOUNT_STATUS.active then return refuse_amend(accounts.barred(head)) end
    local asset, old_high, old_low, new_high, new_low, shortfall = amend.holds_of(shard, found, order, tonumber(price_text), lots)
    if not asset then return refuse_amend(CODE.balance_limit) end
    if shortfall then return log.refuse_telling(shard, CODE.insufficient_funds, shortfall, command, idem, request) end
    hold(shard, client, asset, -old_high, -old_low)
    hold(shard, client, asset, new_high, new_low)
    money = keep(shard)
    if not money then return refuse_amend(CODE.balance_limit) end
  end

  next_seq(shard)
  local seq, time = shard.seq_text, shard.time
  if wait ~= old_wait then traits = with_trait(traits, waits_by, wait) end
  if moves then
    traits = stops.move(shard, books.of(shard, instrument), stops.direction_of(side, trigger), traits, priority, found)
    priority, tail = seq, records.moved(tail, priority)
  end
  local amended = changed_record(filled, notional, status, '0', seq, time, fill_sequence, priority, fees, price_text, text(lots), traits, tail)
  records.store(shard, found, amended)
  return add(shard, idem, OPENING .. seq .. ',' .. time .. ',' .. command .. ',0,[' .. ORDER .. amended .. ',"' .. found .. '"]' .. money
    .. (idem == '' and shard.plain_end or ending(shard, idem, request)))
end

amend.run_pending = amend_pending.run
