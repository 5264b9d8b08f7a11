-- amend: changes price, quantity or both of an open order.
-- Arguments: id (of the order, or ''), name (its client's: client","client_order_id, where id is ''), actor (the client, or
--   clients, that it must belong to, '' for anybody), candidates, idem (digest of its key, or ''), request (as JSON, or '').
-- candidates: `<instrument>=<price>,<quantity>,<remaining>,<stop price>,<trailing offset>,<trailing percent>,<quantity max>;` for each instrument the order may be of, in ticks
--   and lots; null leaves a value as it is, x marks one that does not fit the instrument.
-- Reads: client_order_ids, orders, book, depth, idem, accounts, instruments, catalogue. Writes: the same but for the last two, open:<client>, trades,
--   log.
-- Returns: the entry, R<its key's answer>, X<code>[,<record>], X<code>,<shortfall>, X<code>,<rules of the instrument>, or K<record> when nothing changes and no key is given.

local add, next_seq, answered, ending, refuse = log.add, log.next_seq, log.answered, log.ending, log.refuse
local find_order, parse, is_open, store_record, with_id = cancel.find_order, records.parse, records.is_open, records.store, records.with_id
local book_of, level_total, set_level, lower_level, leave_level, join_level =
  books.of, levels.total, levels.set, levels.lower, levels.leave, levels.join
local scale_of, hold_of_record, shortfall_of = scales.of, holds.of_record, accounts.shortfall
local plan_again, settle_again, apply_again = taking.plan_again, taking.settle_again, taking.apply_again
local carry_linked, shared, takes_partner = lists.carry_out, lists.shared, lists.takes_partner
local hold, keep = accounts.hold, accounts.keep
local moved, iceberg_of, shown_of, traits_at_rest = records.moved, icebergs.waiting, icebergs.shown_of, icebergs.traits_at_rest
local not_amended = catalogue.not_amended
local LAST = ARGUMENTS.amend - 1
local OPENING, KEEP = log.OPENING.amend, log.OPENING.keep
local ORDER, SHOWN = '[' .. EVENT.order .. ',', '[' .. EVENT.shown .. ','
local NOTHING = 'null,null,null,null,null,null,null'
-- What is wanted of one of the candidates, and its parts: what an order waits by is one.
local WANTED = '^((%w+),(%w+),(%w+),(%w+,%w+,%w+),(%d+));'

-- What an order holds, and what it is to hold with `lots` left of it at `ticks`: one that takes its cover when it goes nothing, one of a pair only
-- what goes beyond the other one's. `order` is its record, parsed. Returns the asset, both amounts, and as text what is short of them where
-- something is; nil beyond what an amount may be.
function amend.holds_of(shard, id, order, ticks, lots)
  local ORDER_PARTS = unpack(order)
  local scale, old_ticks, old_lots = scale_of(shard, instrument), tonumber(price), quantity - filled
  local asset, old_high, old_low = hold_of_record(scale, side, old_ticks, old_lots, fees, traits)
  local new_asset, new_high, new_low = hold_of_record(scale, side, ticks, lots, fees, traits)
  if not new_asset or amounts.is_beyond(new_high, new_low) then return nil end
  if traits ~= '' then
    if lists.is_unfunded(traits) then return asset, 0, 0, 0, 0, nil end
    local shared_high, shared_low = shared(shard, id, traits, instrument, side, old_ticks, old_lots, fees)
    old_high, old_low = amounts.subtract(old_high, old_low, shared_high, shared_low)
    shared_high, shared_low = shared(shard, id, traits, instrument, side, ticks, lots, fees)
    new_high, new_low = amounts.subtract(new_high, new_low, shared_high, shared_low)
  end
  local shortfall = nil
  if amounts.is_below(old_high, old_low, new_high, new_low) then
    shortfall = shortfall_of(shard, client, asset, amounts.subtract(new_high, new_low, old_high, old_low))
  end
  return asset, old_high, old_low, new_high, new_low, shortfall
end

-- The command as the log tells it.
local function asked(actor, limits, wanted, id, name)
  return '["A","' .. actor .. limits.of_amend .. wanted .. ',"' .. id .. '","' .. name .. '"]'
end

function amend.run(shard, limits, argv, at)
  local AMEND_ARGUMENTS = unpack(argv, at, at + LAST)
  local known = idem ~= '' and answered(shard, limits, idem)
  if known then return known end
  if shard.seq - shard.persisted >= limits.backlog_max then return 'X' .. CODE.backlog_full end
  local found, record, actor = find_order(shard, id, name, actor)
  if not record then return refuse(shard, CODE.order_not_found, nil, nil, asked(actor, limits, NOTHING, id, name), idem, request) end
  local order = parse(shard, record)
  local ORDER_PARTS = unpack(order)
  -- A later program placed it: what may be done with it is not known here.
  if not kinds[kind] then return 'X' .. CODE.engine_unavailable end
  local _, start = string.find(candidates, ';' .. instrument .. '=', 1, true)
  local wanted, new_price, new_quantity, new_remaining, waits_by, quantity_max
  if start then
    wanted, new_price, new_quantity, new_remaining, waits_by, quantity_max = match(candidates, WANTED, start + 1)
  end
  local is_valid = quantity_max and new_price ~= 'x' and new_quantity ~= 'x' and new_remaining ~= 'x' and not find(waits_by, 'x', 1, true)
  if not is_open(status) then
    return refuse(shard, CODE.order_not_open, record, found, asked(actor, limits, is_valid and wanted or NOTHING, id, name), idem, request)
  end
  -- A request that is not valid uses up no key, here as little as where the service finds out itself.
  if not is_valid then return refuse(shard, CODE.amend_invalid, record, found, asked(actor, limits, NOTHING, id, name), '', request) end
  if status == STATUS.pending then return amend.run_pending(shard, limits, argv, at, found, record, actor, wanted) end
  if waits_by ~= 'null,null,null' then return refuse(shard, CODE.order_not_pending, record, found, asked(actor, limits, wanted, id, name), idem, request) end
  local already, old_lots = tonumber(filled), tonumber(quantity)
  local lots = old_lots
  if new_quantity ~= 'null' then lots = tonumber(new_quantity) end
  if new_remaining ~= 'null' then lots = already + tonumber(new_remaining) end
  if lots <= already then return refuse(shard, CODE.quantity_below_filled, record, found, asked(actor, limits, wanted, id, name), idem, request) end
  if lots > tonumber(quantity_max) then return refuse(shard, CODE.quantity_out_of_range, record, found, asked(actor, limits, wanted, id, name), idem, request) end
  local iceberg = traits ~= '' and iceberg_of(traits)
  if iceberg and lots > old_lots and lots > iceberg.display * limits.iceberg_parts_max then
    return refuse(shard, CODE.iceberg_parts_limit, record, found, asked(actor, limits, wanted, id, name), idem, request)
  end
  local price_text = new_price == 'null' and price or new_price
  local ticks = tonumber(price_text)
  local remaining, old_remaining = lots - already, old_lots - already
  local same_price = price_text == price

  if same_price and lots == old_lots then
    if idem == '' then return 'K' .. with_id(record, found) end
    next_seq(shard)
    return add(shard, idem, KEEP .. shard.seq_text .. ',' .. shard.time .. ',' .. asked(actor, limits, wanted, id, name) .. ',0,[' .. SHOWN .. with_id(record, found) .. ']'
      .. ending(shard, idem, request))
  end

  local keeps_money, scale, asset, old_high, old_low, new_high, new_low = shard.keeps_money, nil, nil, nil, nil, nil, nil
  local money = ''
  local function refuse_amend(code)
    if keeps_money then accounts.undo(shard) end
    return refuse(shard, code, record, found, asked(actor, limits, wanted, id, name), idem, request)
  end
  -- What only frees is let through.
  if shard.has_kills and not (same_price and lots < old_lots) and controls.killed_since(shard, client) then return refuse_amend(CODE.account_killed) end
  if shard.has_rules then
    local code, shown = not_amended(shard, instrument, kind, same_price and lots < old_lots, ticks, lots, remaining)
    if code then return log.refuse_telling(shard, code, shown, asked(actor, limits, wanted, id, name), idem, request) end
  end
  if keeps_money then
    if shard.is_in_breach then return 'X' .. CODE.balance_audit_breach end
    local head = accounts.head(shard, client)
    if head.status ~= ACCOUNT_STATUS.active then return refuse_amend(accounts.barred(head)) end
    scale = scale_of(shard, instrument)
    local shortfall
    asset, old_high, old_low, new_high, new_low, shortfall = amend.holds_of(shard, found, order, ticks, remaining)
    if not asset then return refuse_amend(CODE.balance_limit) end
    if shortfall then return log.refuse_telling(shard, CODE.insufficient_funds, shortfall, asked(actor, limits, wanted, id, name), idem, request) end
  end

  local book = book_of(shard, instrument)
  local half = book[side]
  if same_price then
    -- What the level shows of it: of an iceberg that loses its place all that it may, of one that does not the hidden part goes first.
    local shown, old_shown = remaining, old_remaining
    if iceberg then
      old_shown = iceberg.shown
      shown = lots > old_lots and shown_of(iceberg, remaining) or math.min(old_shown, remaining)
      traits = traits_at_rest(iceberg, shown, lots < old_lots and iceberg.refill)
    end
    -- The difference first: level and order together may be past what is exact.
    local total = level_total(half, price_text) + (shown - old_shown)
    if total > EXACT_MAX then return refuse_amend(CODE.level_quantity_limit) end
    if keeps_money then
      hold(shard, client, asset, -old_high, -old_low)
      hold(shard, client, asset, new_high, new_low)
      money = keep(shard)
      if not money then return refuse_amend(CODE.balance_limit) end
    end
    next_seq(shard)
    local seq, time = shard.seq_text, shard.time
    local level
    if lots > old_lots then
      leave_level(shard, half, priority, found, iceberg and iceberg.refill)
      priority, tail = seq, moved(tail, priority)
      level = join_level(shard, half, ticks, price_text, found, total)
    else
      level = set_level(half, price_text, total)
    end
    local amended = changed_record(filled, notional, status, '0', seq, time, fill_sequence, priority, fees, price_text, text(lots), traits, tail)
    store_record(shard, found, amended)
    return add(shard, idem, OPENING .. seq .. ',' .. time .. ',' .. asked(actor, limits, wanted, id, name) .. ',0,[' .. ORDER .. fill_sequence .. ',' .. amended .. ',"' .. found .. '"]'
      .. level .. money .. (idem == '' and shard.plain_end or ending(shard, idem, request)))
  end

  local entering = {
    id = found, kind = kind, instrument = instrument, side = side, client = client, client_order_id = client_order_id, traits = traits, price = price_text,
    ticks = ticks, lots = lots, already = already, filled = filled, notional = notional, fill_sequence = fill_sequence, fees = fees, tail = tail,
  }
  -- Orders that are open wait at a limit: what their kind turns down is post-only.
  if plan_again(shard, limits, entering) then return refuse_amend(CODE.post_only_would_match) end
  if entering.rests and entering.total > EXACT_MAX then return refuse_amend(CODE.level_quantity_limit) end
  if keeps_money then
    local _
    local loses_partner = traits ~= '' and entering.linked and takes_partner(entering.linked, found, traits)
    -- What it shared with one that goes now it held alone as well: the other one lets go of the rest.
    if loses_partner then _, old_high, old_low = hold_of_record(scale, side, tonumber(price), old_remaining, fees) end
    hold(shard, client, asset, -old_high, -old_low)
    if not settle_again(shard, entering, scale) then return refuse_amend(CODE.balance_limit) end
    if traits ~= '' and not loses_partner then
      local shared_high, shared_low = shared(shard, found, traits, instrument, side, ticks, entering.left, entering.fees)
      hold(shard, client, asset, -shared_high, -shared_low)
    end
    money = keep(shard)
    if not money then return refuse_amend(CODE.balance_limit) end
  end

  next_seq(shard)
  local seq, time = shard.seq_text, shard.time
  leave_level(shard, half, priority, found, iceberg and iceberg.refill)
  local lowered = lower_level(half, price, iceberg and iceberg.shown or old_remaining)
  local trades, gone, touched = apply_again(shard, entering)
  local amended = changed_record(entering.filled, entering.notional, entering.status, entering.reason, seq, time, entering.fill_sequence, seq, entering.fees,
    price_text, text(entering.lots), entering.traits, moved(tail, priority))
  store_record(shard, found, amended)
  local linked_gone, linked_touched = carry_linked(shard, book, entering.linked)
  gone, touched = gone .. linked_gone, touched .. linked_touched
  return add(shard, idem, OPENING .. seq .. ',' .. time .. ',' .. asked(actor, limits, wanted, id, name) .. ',0,[' .. trades .. ORDER .. fill_sequence .. ',' .. amended .. ',"' .. found
    .. '"]' .. gone .. lowered .. touched .. money .. (idem == '' and shard.plain_end or ending(shard, idem, request)))
end

amend.asked = asked
