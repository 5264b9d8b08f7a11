-- place: a new order.
-- Arguments: instrument, side, kind, price (in ticks, 0 for market), quantity (in lots), id (of the order), client, name (the
--   client's for the order: client","client_order_id, or ''), idem (digest of its key, or ''), terms (what it asks for, as record and
--   log have it), actor (as the log tells it, '' for anybody), traits (as a record has them, '' for none).
-- Reads: book, depth, orders, open:<client>, client_order_ids, idem, accounts, instruments, fee_groups, catalogue.
-- Writes: the same but for the last three, trades, log.
-- Returns: the entry, R<its key's answer>, X<code>, X<code>,<shortfall> or X<code>,<rules of the instrument>.

local add, next_seq, answered, ending = log.add, log.next_seq, log.answered, log.ending
local book_of, level_total, join_level, with_id = books.of, levels.total, levels.join, records.with_id
local open_of, open_count, list_open, order_id_of = listings.open_of, listings.open_count, listings.list, listings.order_id_of
local apply, settle, plan, outcome, traits_behind = matching.apply, settlement.settle, taking.plan, taking.outcome, taking.traits_behind
local release, carry_out = prevention.release, prevention.carry_out
local add_due, killed_since = dues.add_order, controls.killed_since
local scale_of, rates_of, fees_to_record = scales.of, fees.rates, fees.to_record
local hold_of, shortfall_of, is_beyond = holds.of, accounts.shortfall, amounts.is_beyond
local hold, covers, keep, known_head = accounts.hold, accounts.covers, accounts.keep, accounts.known_head
local to_wait_for, needed_of_market = stops.to_wait_for, taking.needed
local iceberg_of, shown_of, traits_at_rest = icebergs.of, icebergs.shown_of, icebergs.traits_at_rest
local ACTIVE, OPEN, FILLED = ACCOUNT_STATUS.active, STATUS.open, STATUS.filled
local PRICE_BAND = REASON.price_band
local LAST = ARGUMENTS.place - 1
local OPENING, PLACED, ORDER = log.OPENING.place, '[' .. EVENT.placed .. ',', '[' .. EVENT.order .. ',0,'
-- Behind the command of an order that traded nothing and waits: as far as its fees, and behind them.
local RESTED = '"],0,[' .. PLACED .. '0,"0",' .. STATUS.open .. ',0,0,['

-- The command as the log tells it.
-- (Where an order is taken it is joined with the rest of its entry in one step.)
local function asked(actor, limits, terms, id)
  return '["P","' .. actor .. limits.of_place .. terms .. ',"' .. id .. '"]'
end

local function refuse(shard, code, command, idem)
  if shard.keeps_money then accounts.undo(shard) end
  return log.refuse(shard, code, nil, nil, command, idem, '')
end

local function refuse_short(shard, shortfall, command, idem)
  accounts.undo(shard)
  return log.refuse_telling(shard, CODE.insufficient_funds, shortfall, command, idem, '')
end

-- Ends the command at a step where it is to fail, with nothing of it written: execute.lua takes what is thrown.
local function fail(step, command)
  error({ failed_at = step, asked = command })
end

-- What an order that is taken moves of money: of its trades, of what it holds from now on, of orders of its own that go. Returns the code and the shortfall
-- of one that is refused, else nil, nil, what its trades settle, the fees of its record and the events of balances.
-- (Its arguments stand side by side: a table of them costs more than most of it.)
local function pay(shard, instrument, client, side, ticks, lots, left, makers, guard, linked, rests, is_market, scale, rates, asset, hold_high, hold_low)
  local record_fees, settled = '', nil
  if rates then record_fees = rates.fresh end
  if linked then lists.release(shard, linked) end
  if makers then
    settled = settle(shard, instrument, makers, side, client, rates, 0, 0, 0)
    if not settled then return CODE.balance_limit end
    if is_market then
      asset, hold_high, hold_low = needed_of_market(scale, side, settled, lots - left)
      if not asset or is_beyond(hold_high, hold_low) then return CODE.balance_limit end
      local shortfall = shortfall_of(shard, client, asset, hold_high, hold_low, true)
      if shortfall then return CODE.insufficient_funds, shortfall end
    end
  end
  if rests then
    if makers or guard then
      asset, hold_high, hold_low = hold_of(scale, side, ticks, left, rates and rates.highest or 0, makers and settled.millionths or 0)
    end
    hold(shard, client, asset, hold_high, hold_low)
  end
  if guard then release(shard, guard) end
  if makers and rates then record_fees = fees_to_record(rates.text, settled.units_high, settled.units_low, settled.millionths) end
  local money = keep(shard)
  if not money then return CODE.balance_limit end
  return nil, nil, settled, record_fees, money
end

function place.run(shard, limits, argv, at)
  local PLACE_ARGUMENTS = unpack(argv, at, at + LAST)

  local known = idem ~= '' and answered(shard, limits, idem)
  if known then return known end
  if shard.seq - shard.persisted >= limits.backlog_max then return 'X' .. CODE.backlog_full end
  if shard.is_in_breach then return 'X' .. CODE.balance_audit_breach end
  if shard.has_kills and killed_since(shard, client) then return refuse(shard, CODE.account_killed, asked(actor, limits, terms, id), idem) end
  local keeps_money, fail_at = shard.keeps_money, shard.fail_at
  -- An account that is not there yet begins with its order.
  local head = keeps_money and known_head(shard, client)
  if head and head.status ~= ACTIVE then return refuse(shard, accounts.barred(head), asked(actor, limits, terms, id), idem) end
  local rule, ticks, lots = kinds[kind], tonumber(price), tonumber(quantity)
  local direction, stop_price, gathers
  if traits ~= '' then direction, stop_price = to_wait_for(shard, instrument, side, traits) end
  if shard.has_rules then
    local code, shown
    code, shown, gathers = catalogue.not_taken(shard, instrument, kind, direction or rule.may_rest, side, ticks, lots, traits)
    if direction and not code then code, shown = catalogue.not_awaited(shard, instrument) end
    if code then return log.refuse_telling(shard, code, shown, asked(actor, limits, terms, id), idem, '') end
  end
  local expires = rule.expires and rule.expires(shard, traits)
  if expires and expires <= shard.time_us then return refuse(shard, CODE.expires_at_past, asked(actor, limits, terms, id), idem) end
  if direction then return place.run_pending(shard, limits, argv, at, head, direction, stop_price, expires) end
  local open = rule.may_rest and (shard.opens[client] or open_of(shard, client))
  if open and (open.count or open_count(shard, client, open)) >= limits.open_orders_max then return refuse(shard, CODE.open_orders_limit, asked(actor, limits, terms, id), idem) end
  if name ~= '' and shard.client_order_ids[name] ~= false and order_id_of(shard, name) then return refuse(shard, CODE.duplicate_client_order_id, asked(actor, limits, terms, id), idem) end

  local iceberg = traits ~= '' and iceberg_of(traits)
  if iceberg and lots > iceberg.display * limits.iceberg_parts_max then return refuse(shard, CODE.iceberg_parts_limit, asked(actor, limits, terms, id), idem) end
  -- Rates that it is placed at, and what it holds of which asset as a whole.
  local scale, rates, is_market, asset, hold_high, hold_low
  if keeps_money then
    if not head then
      accounts.open(shard, client)
      head = known_head(shard, client)
    end
    scale, is_market = scale_of(shard, instrument), kind == KIND.market
    rates = rates_of(shard, head.group, scale, instrument)
    if not is_market then
      asset, hold_high, hold_low = hold_of(scale, side, ticks, lots, rates and rates.highest or 0, 0)
      if not asset or (hold_high >= 1e15 and is_beyond(hold_high, hold_low)) then return refuse(shard, CODE.balance_limit, asked(actor, limits, terms, id), idem) end
      -- As a whole at its own limit, ahead of any match (A-31).
      if shard.is_covered and not covers(shard, client, asset, hold_high, hold_low) then
        return refuse_short(shard, accounts.shortfall(shard, client, asset, hold_high, hold_low), asked(actor, limits, terms, id), idem)
      end
    end
  end

  local book = shard.books[instrument] or book_of(shard, instrument)
  local half = book[side]
  local left, makers, limited, status, reason, guard
  if gathers then
    left = lots
  elseif traits == '' and not (shard.has_rules and kind == KIND.market) then
    left, makers, limited, status, reason = rule.plan(shard, limits, book, side, ticks, lots)
  else
    left, makers, limited, status, reason, guard = plan(shard, limits, rule, book, side, ticks, lots, traits, client)
    if guard then lots = guard.lots end
  end
  local linked = ((makers and makers.listed) or guard) and lists.of_plan(shard, makers, guard)
  local rests, is_whole, level = false, false, nil
  if not status then
    -- Most rest as they are, or are filled: these ask nobody.
    if open and not (makers or guard or limited) then
      status, reason, rests, is_whole = OPEN, '0', true, not iceberg
    elseif left == 0 and not guard then
      status, reason = FILLED, '0'
    else
      status, reason, rests = outcome(rule, left, makers, limited, guard, false)
    end
    if rests then
      level = (half.totals[price] or level_total(half, price)) + (iceberg and shown_of(iceberg, left) or left)
      if level > EXACT_MAX then return refuse(shard, CODE.level_quantity_limit, asked(actor, limits, terms, id), idem) end
    end
  end

  local settled, record_fees, money = nil, '', ''
  if keeps_money then
    local problem, shortfall
    problem, shortfall, settled, record_fees, money = pay(shard, instrument, client, side, ticks, lots, left, makers, guard, linked, rests, is_market, scale, rates,
      asset, hold_high, hold_low)
    if shortfall then return refuse_short(shard, shortfall, asked(actor, limits, terms, id), idem) end
    if problem then return refuse(shard, problem, asked(actor, limits, terms, id), idem) end
  end
  -- What it was refused for it is refused for, wherever it is to fail.
  if fail_at == 'reserve_funds' or fail_at == 'submit_order' then fail(fail_at, asked(actor, limits, terms, id)) end

  next_seq(shard)
  local seq, time = shard.seq_text, shard.time
  if is_whole then
    local joined = join_level(shard, half, ticks, price, id, level)
    list_open(shard, open, name, id)
    if expires then add_due(shard, id, expires) end
    shard.records[id] = resting_record(seq, record_fees, terms, time)
    if fail_at then fail(fail_at, asked(actor, limits, terms, id)) end
    return add(shard, idem, OPENING .. seq .. ',' .. time .. ',["P","' .. actor .. limits.of_place .. terms .. ',"' .. id .. RESTED .. record_fees .. ']]' .. joined
      .. money .. (idem == '' and shard.plain_end or ending(shard, idem, '')))
  end
  local trades, taken, gone, joined, filled, notional, fill_seq = '', '', '', '', '0', '0', '0'
  if makers then
    trades, taken, notional = apply(shard, book, makers, side, id, notional, settled)
    filled, fill_seq = left == 0 and not guard and quantity or text(lots - left), seq
  end
  local record_terms, shown_traits = terms, nil
  if iceberg and rests then
    hidden.begin(shard)
    shown_traits = traits_at_rest(iceberg, shown_of(iceberg, left), nil)
    record_terms = price .. ',' .. text(lots) .. ',[' .. shown_traits .. sub(terms, #price + #quantity + #traits + 4)
  end
  if guard then
    local lowered
    gone, lowered = carry_out(shard, guard)
    taken = taken .. lowered
    if not shown_traits then record_terms = price .. ',' .. text(lots) .. ',[' .. traits_behind(guard, traits) .. sub(terms, #price + #quantity + #traits + 4) end
  end
  if rests then
    joined = join_level(shard, half, ticks, price, id, level)
    list_open(shard, open, name, id)
    if expires then add_due(shard, id, expires) end
  end
  if limited == PRICE_BAND then joined = joined .. catalogue.halt(shard, instrument) end
  local record = new_record(filled, notional, status, reason, fill_seq, seq, record_fees, record_terms, time)
  shard.records[id] = record
  if fail_at then fail(fail_at, asked(actor, limits, terms, id)) end
  if linked then
    local linked_gone, touched = lists.carry_out(shard, book, linked)
    gone, taken = gone .. linked_gone, taken .. touched
  end
  -- One that is no longer what was asked for is told whole.
  if record_terms ~= terms then
    gone = ORDER .. with_id(record, id) .. ']' .. gone
  else
    gone = PLACED .. filled .. ',"' .. notional .. '",' .. status .. ',' .. reason .. ',' .. fill_seq .. ',[' .. record_fees .. ']]' .. gone
  end
  return add(shard, idem, OPENING .. seq .. ',' .. time .. ',["P","' .. actor .. limits.of_place .. terms .. ',"' .. id .. '"],0,[' .. trades .. gone .. taken .. joined
    .. money .. (idem == '' and shard.plain_end or ending(shard, idem, '')))
end

place.asked, place.refuse, place.refuse_short, place.fail = asked, refuse, refuse_short, fail
