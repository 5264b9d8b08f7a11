-- The taker's side of a command, in the order in which it is decided: plan, outcome, settle, apply. `place` joins its own text on the way,
-- since most orders are new; an order that is known and comes in anew (amended to another price) goes through here whole.

local book_of, level_total, join_level, unlist, drop_due = books.of, levels.total, levels.join, listings.unlist, dues.drop_order
local guard_of, does, release, carry_out, traits_of, best_price = prevention.guard, prevention.does, prevention.release, prevention.carry_out, traits.of, heads.best
local open_budget, is_spent, share_of = budgets.open, budgets.is_spent, amounts.share_of
local iceberg_of, shown_of, traits_at_rest, traits_at_end = icebergs.of, icebergs.shown_of, icebergs.traits_at_rest, icebergs.traits_at_end
local of_plan, link, release_linked = lists.of_plan, lists.link, lists.release
local parse_fees, fees_to_record, hold_of, hold = fees.parse, fees.to_record, holds.of, accounts.hold
local gathers, halt, begin_hiding = catalogue.gathers, catalogue.halt, hidden.begin
local PRICE_BAND = REASON.price_band
local NO_TRAITS = {}

-- What becomes of an order by its plan. `has_traded`: ahead of it. What may wait is gathered by the call auction that a price band begins.
-- Returns status, reason and whether what is left waits.
local function outcome(rule, left, makers, limited, guard, has_traded)
  if guard and guard.status then return guard.status, guard.reason, false end
  if left == 0 then return STATUS.filled, '0', false end
  if guard and guard.stops then return STATUS.cancelled, REASON.self_trade, false end
  if limited and not (limited == PRICE_BAND and rule.may_rest) then return STATUS.cancelled, limited, false end
  if not rule.may_rest then return STATUS.cancelled, rule.left_reason, false end
  return (makers or has_traded) and STATUS.partially_filled or STATUS.open, '0', true
end

-- The price behind which a market order takes nothing, nil where nobody is there: the best one, and a fraction of it in millionths,
-- rounded towards it.
local function bound_of(shard, book, side, slippage)
  local best = best_price(shard, book[OPPOSITE[side]])
  if not best then return nil end
  local off = share_of(best, slippage)
  return side == BUY and best + off or best - off
end

-- The plan of a market order that is bounded by a price, a budget, or both. Its guard has the status and reason that it ends with, where
-- these are others than those of any market order, and of a budget the lots that were traded.
local function plan_bounded(shard, limits, book, side, lots, guard, slippage, budget)
  if budget then
    open_budget(guard, budget)
    lots = EXACT_MAX
  end
  local left, makers, limited = matching.plan(shard, limits, book, side, slippage and bound_of(shard, book, side, slippage), lots, guard)
  local reason
  if guard.stops then reason = REASON.self_trade
  elseif limited then reason = limited
  elseif guard.beyond then reason = REASON.price_protection
  elseif budget and (guard.exhausted or left == 0) then reason = REASON.budget_exhausted
  elseif budget then reason = REASON.no_liquidity end
  if budget then
    lots, left = lots - left, 0
    guard.status, guard.reason = STATUS.cancelled, reason
    if is_spent(guard) then guard.status, guard.reason = STATUS.filled, '0' end
  elseif reason and left > 0 then
    guard.status, guard.reason = STATUS.cancelled, reason
  end
  guard.lots = lots - guard.cut
  return left, makers, limited
end

-- The plan of an order with traits, or of one whose instrument may bound it, by its kind. Returns what a kind's plan does, and the guard where something is to come of it:
-- `lots` are what the order has from now on.
local function plan(shard, limits, rule, book, side, ticks, lots, list, client)
  local found = traits_of(list) or NO_TRAITS
  local slippage, budget = tonumber(found[TRAIT.slippage]), found[TRAIT.budget]
  if shard.has_rules and rule == kinds[KIND.market] then
    local most = catalogue.slippage(shard, book.instrument)
    if most and not (slippage and slippage <= most) then slippage = most end
  end
  if not (slippage or budget or found[TRAIT.stp]) then return rule.plan(shard, limits, book, side, ticks, lots) end
  local guard = guard_of(found, book.instrument, client)
  if slippage or budget then
    local left, makers, limited = plan_bounded(shard, limits, book, side, lots, guard, slippage, budget)
    return left, makers, limited, nil, nil, guard
  end
  local left, makers, limited, status, reason = rule.plan(shard, limits, book, side, ticks, lots, guard)
  -- What is turned down leaves no trace.
  if status or not does(guard) then return left, makers, limited, status, reason, nil end
  guard.lots = lots - guard.cut
  return left, makers, limited, nil, nil, guard
end

-- Traits of an order as they are from now on: a budget falls by what orders of its own have cost it.
function taking.traits_behind(guard, list)
  return guard.budget and traits.with(list, TRAIT.budget, '"' .. guard.budget .. '"') or list
end

-- An order that comes in anew: id, the parts of its record of the same names, `ticks` and `lots` that it has from now on, `already` (the lots
-- filled). Adds what is to become of it: status, reason, rests, left, makers, guard, `iceberg` (by its traits, false for none), `halts` (whether
-- its instrument's price band stops it), `linked` (what comes of lists with it, nil for nothing), and `total`, that
-- of the level which it joins; changes its lots and traits to what it has from now on. Returns the status of one that its kind turns down, else nil. Reads only.
function taking.plan_again(shard, limits, entering)
  local rule, book = kinds[entering.kind], book_of(shard, entering.instrument)
  local side, ticks, lots = entering.side, entering.ticks, entering.lots - entering.already
  local left, makers, limited, turned_down, reason, guard
  entering.iceberg = entering.traits ~= '' and iceberg_of(entering.traits)
  if shard.has_rules and gathers(shard, entering.instrument) then
    left = lots
  elseif entering.traits == '' and not (shard.has_rules and entering.kind == KIND.market) then
    left, makers, limited, turned_down, reason = rule.plan(shard, limits, book, side, ticks, lots)
  else
    left, makers, limited, turned_down, reason, guard = plan(shard, limits, rule, book, side, ticks, lots, entering.traits, entering.client)
  end
  entering.halts = limited == PRICE_BAND
  if turned_down then return turned_down, reason end
  entering.book, entering.left, entering.makers, entering.guard = book, left, makers, guard
  if guard then entering.lots, entering.traits = entering.already + guard.lots, taking.traits_behind(guard, entering.traits) end
  entering.status, entering.reason, entering.rests = outcome(rule, left, makers, limited, guard, entering.already > 0)
  if makers or guard then entering.linked = of_plan(shard, makers, guard) end
  if entering.traits ~= '' then entering.linked = link(shard, entering.linked, entering.id, entering.traits, entering.status, entering.reason, makers ~= nil) end
  if entering.rests then entering.total = level_total(book[side], entering.price) + shown_of(entering.iceberg, left) end
  return nil
end

-- What an order without a limit needs for the fills of its plan: the value and the fees of a buy (A-33), the lots of a sell (A-34).
function taking.needed(scale, side, settled, lots)
  if side == SELL then return scale.base, scales.lots(scale, lots) end
  local fee_high, fee_low = settled.units_high, settled.units_low
  if settled.millionths > 0 then fee_high, fee_low = amounts.add(fee_high, fee_low, 0, 1) end
  if fee_high < 0 then return scale.quote, settled.value_high, settled.value_low end
  return scale.quote, amounts.add(settled.value_high, settled.value_low, fee_high, fee_low)
end

-- The money of it: of its trades, of what it holds from now on, of makers of its own that go. What it held is let go of already. Changes
-- its fees. Returns false beyond what an amount may be: the command is refused, or has to be taken back.
function taking.settle_again(shard, entering, scale)
  local side, left, makers, record_fees = entering.side, entering.left, entering.makers, entering.fees
  if entering.linked then release_linked(shard, entering.linked) end
  local start, rates, units_high, units_low, millionths = nil, nil, 0, 0, 0
  if record_fees ~= '' then
    local maker_rate, taker_rate
    start, maker_rate, taker_rate, units_high, units_low, millionths = parse_fees(record_fees)
    rates = { taker = taker_rate, highest = math.max(maker_rate, taker_rate, 0) }
  end
  if makers then
    local settled = settlement.settle(shard, entering.instrument, makers, side, entering.client, rates, units_high, units_low, millionths)
    if not settled then return false end
    entering.settled, millionths = settled, settled.millionths
    if rates then entering.fees = fees_to_record(start, settled.units_high, settled.units_low, millionths) end
  end
  if entering.rests then
    local asset, high, low = hold_of(scale, side, entering.ticks, left, rates and rates.highest or 0, millionths)
    hold(shard, entering.client, asset, high, low)
  end
  if entering.guard then release(shard, entering.guard) end
  return true
end

-- Carries it out: trades, joins its level or is done. The order stands in no level any more, and the sequence is the command's. Returns the
-- trades' events (each with a comma behind it), those of makers of its own that go, and those of levels and of the instrument (each with one before it).
-- Changes filled, notional, fill_sequence and traits to what the record has from now on.
function taking.apply_again(shard, entering)
  local book, side, id, makers, left = entering.book, entering.side, entering.id, entering.makers, entering.left
  local trades, taken, gone, lowered, joined = '', '', '', '', ''
  if makers then
    trades, taken, entering.notional = matching.apply(shard, book, makers, side, id, entering.notional, entering.settled)
    entering.filled, entering.fill_sequence = text(entering.lots - left), shard.seq_text
  end
  if entering.guard then gone, lowered = carry_out(shard, entering.guard) end
  local iceberg = entering.iceberg
  if iceberg and entering.rests then begin_hiding(shard) end
  if iceberg then entering.traits = entering.rests and traits_at_rest(iceberg, shown_of(iceberg, left), nil) or traits_at_end(iceberg) end
  if entering.rests then
    joined = join_level(shard, book[side], entering.ticks, entering.price, id, entering.total)
  else
    unlist(shard, entering.client, entering.client_order_id, id)
    if shard.has_dues then drop_due(shard, id, entering.tail) end
  end
  if entering.halts then joined = joined .. halt(shard, entering.instrument) end
  return trades, gone, taken .. lowered .. joined
end

taking.outcome, taking.plan = outcome, plan
