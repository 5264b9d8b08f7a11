-- trigger: an order that waited goes, since a trade has reached its price, or the first of its list is filled. Nobody commands it: cascades.lua does,
-- behind the command that traded. It is from now on one of its kind like any other, or waits for its price; it was taken once, so nothing
-- refuses it any more: where it cannot be carried out it ends, and its reason tells why.
-- Reads: stops, reached, released, orders, book, depth, accounts, instruments. Writes: the same but for the last, open:<client>, client_order_ids,
--   trades, log.

local add, next_seq = log.add, log.next_seq
local parse, record_of, store_record, moved = records.parse, records.of, records.store, records.moved
local leave_waiting, unlist = stops.leave, listings.unlist
local plan_again, settle_again, apply_again, carry_linked = taking.plan_again, taking.settle_again, taking.apply_again, lists.carry_out
local scale_of, shortfall_of, needed = scales.of, accounts.shortfall, taking.needed
local hold, keep, undo, hold_of_record = accounts.hold, accounts.keep, accounts.undo, holds.of_record
local link_all, release_linked, shared, takes_partner = lists.link_all, lists.release, lists.shared, lists.takes_partner
local OPENING, ORDER = log.OPENING.trigger, '[' .. EVENT.order .. ','
local CANCELLED, PENDING = STATUS.cancelled, STATUS.pending

-- What of its account it lacks: a buy by quantity without a limit holds nothing ahead of it, nor does a sell by money; and what the first of its list was
-- to bring may be too little. Of one that goes at once without a limit that is told by its plan; of any other, as of one that is placed,
-- by what all of it would hold, ahead of its plan.
local function lacks(shard, scale, entering, before, is_settled)
  if not shard.is_covered then return false end
  local asset, high, low
  if entering.kind == KIND.market and not entering.waits then
    if not is_settled or not entering.makers then return false end
    if not entering.is_unfunded and (entering.side == BUY) == entering.is_by_money then return false end
    asset, high, low = needed(scale, entering.side, entering.settled, entering.lots - entering.left)
  else
    if is_settled or not entering.is_unfunded then return false end
    asset, high, low = hold_of_record(scale, entering.side, entering.ticks, before.lots, before.fees, entering.traits)
    local shared_high, shared_low = shared(shard, entering.id, entering.traits, entering.instrument, entering.side, entering.ticks, before.lots, before.fees)
    high, low = amounts.subtract(high, low, shared_high, shared_low)
  end
  return shortfall_of(shard, entering.client, asset, high, low, is_settled)
end

-- Moves its money. Returns the balances' events, and a reason where it cannot be carried out: then what it held is let go of, with what goes with
-- it, and that is all. `before` are lots, fees and traits that it held cover by, `ahead` is what is cancelled ahead of it.
local function pay(shard, entering, before, ahead)
  local scale = scale_of(shard, entering.instrument)
  local id, instrument, side, client, ticks = entering.id, entering.instrument, entering.side, entering.client, entering.ticks
  -- What it held, but for what the other one of its pair holds as well and goes on to hold.
  local function let_go(keeps_partner)
    if ahead then release_linked(shard, ahead) end
    if entering.is_unfunded then return end
    local asset, high, low = hold_of_record(scale, side, ticks, before.lots, before.fees, before.traits)
    if keeps_partner then
      local shared_high, shared_low = shared(shard, id, before.traits, instrument, side, ticks, before.lots, before.fees)
      high, low = amounts.subtract(high, low, shared_high, shared_low)
    end
    hold(shard, client, asset, -high, -low)
  end
  if not entering.turned_down then
    local reason = REASON.balance_limit
    local keeps_partner = not ahead and not (entering.linked and takes_partner(entering.linked, id, entering.traits))
    if lacks(shard, scale, entering, before, false) then
      reason = REASON.insufficient_funds
    else
      let_go(keeps_partner)
      local is_settled = true
      if entering.waits then
        local asset, high, low = hold_of_record(scale, side, ticks, before.lots, before.fees, before.traits)
        hold(shard, client, asset, high, low)
      else
        is_settled = settle_again(shard, entering, scale)
      end
      if is_settled and lacks(shard, scale, entering, before, true) then
        reason = REASON.insufficient_funds
      elseif is_settled then
        if keeps_partner and (entering.waits or entering.rests) then
          local lots = entering.waits and before.lots or entering.left
          local shared_high, shared_low = shared(shard, id, entering.traits, instrument, side, ticks, lots, entering.fees)
          if shared_low ~= 0 or shared_high ~= 0 then hold(shard, client, scale[side == SELL and 'base' or 'quote'], -shared_high, -shared_low) end
        end
        local money = keep(shard)
        if money then return money end
      end
      undo(shard)
      entering.fees = before.fees
    end
    entering.turned_down, entering.reason = CANCELLED, reason
  end
  -- Its end is that of what is linked to it.
  if not ahead then
    entering.linked = link_all(shard, nil, id, before.traits)
    if entering.linked then release_linked(shard, entering.linked) end
  else
    entering.linked = nil
  end
  let_go(false)
  return keep(shard)
end

-- `direction` is that from which the price came that it waited for; nil where it waited for the first of its list. `cause` is the sequence of the
-- entry whose trade has it go.
function trigger.run(shard, limits, book, direction, id, cause)
  next_seq(shard)
  local seq, time = shard.seq_text, shard.time
  local ORDER_PARTS = unpack(parse(shard, record_of(shard, id)))
  local before = { lots = tonumber(quantity), fees = fees, traits = traits }
  local entering = {
    id = id, kind = kind, instrument = instrument, side = side, client = client, client_order_id = client_order_id, traits = traits, price = price,
    ticks = tonumber(price), lots = before.lots, already = 0, filled = filled, notional = notional, fill_sequence = fill_sequence, fees = fees,
    tail = tail, is_by_money = quantity == '0',
  }
  local wait_direction, stop_price
  if not direction then
    entering.is_unfunded, entering.traits = lists.is_unfunded(traits), lists.behind_first(traits)
    wait_direction, stop_price = stops.to_wait_for(shard, instrument, side, traits)
    entering.waits = wait_direction ~= nil
  end
  -- Of a pair the other one goes ahead of it: it may stand at the same price.
  local ahead, ahead_gone, ahead_touched = nil, '', ''
  local _, role = lists.member_of(entering.traits)
  if role == ROLE.leg and not entering.waits and stops.of_traits(traits) then
    ahead = link_all(shard, nil, id, traits)
    if ahead then ahead_gone, ahead_touched = carry_linked(shard, book, ahead) end
  end
  if not entering.waits then
    local turned_down, reason = plan_again(shard, limits, entering)
    if turned_down then entering.turned_down, entering.reason = turned_down, reason end
    if not entering.turned_down and entering.rests and entering.total > EXACT_MAX then
      entering.turned_down, entering.reason = CANCELLED, REASON.level_quantity_limit
    end
  end
  local money = ''
  if shard.keeps_money then
    money = pay(shard, entering, before, ahead)
  elseif entering.turned_down then
    entering.linked = not ahead and link_all(shard, nil, id, traits) or nil
  end

  if direction then entering.traits = leave_waiting(shard, book, direction, entering.traits, priority, id) end
  local trades, gone, touched = '', '', ''
  if entering.turned_down then
    entering.status, entering.lots = entering.turned_down, before.lots
    unlist(shard, client, client_order_id, id)
    if shard.has_dues then dues.drop_order(shard, id, tail) end
    if entering.turned_down == STATUS.rejected and entering.halts then touched = catalogue.halt(shard, instrument) end
  elseif entering.waits then
    entering.status, entering.reason = PENDING, '0'
    entering.traits = stops.join(shard, book, wait_direction, stop_price, entering.traits, id)
  else
    trades, gone, touched = apply_again(shard, entering)
  end
  local record = changed_record(entering.filled, entering.notional, entering.status, entering.reason, seq, time, entering.fill_sequence, seq, entering.fees,
    price, text(entering.lots), entering.traits, moved(tail, priority))
  store_record(shard, id, record)
  local linked_gone, linked_touched = carry_linked(shard, book, entering.linked)
  add(shard, '', OPENING .. seq .. ',' .. time .. ',["X",' .. limits.of_trigger .. id .. '",' .. cause .. '],0,[' .. trades .. ORDER .. fill_sequence .. ','
    .. record .. ',"' .. id .. '"]' .. gone .. ahead_gone .. linked_gone .. ahead_touched .. touched .. linked_touched .. money .. shard.plain_end)
end
