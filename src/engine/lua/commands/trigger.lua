-- trigger: an order that waited for a price goes, since a trade has reached it. Nobody commands it: cascades.lua does, behind the command that
-- traded. The order is from now on one of its kind like any other; it was taken once, so nothing refuses it any more: where it cannot be
-- carried out it ends, and its reason tells why.
-- Reads: stops, reached, orders, book, depth, accounts, instruments. Writes: the same but for the last, open:<client>, client_order_ids, trades, log.

local add, next_seq = log.add, log.next_seq
local parse, record_of, store_record, moved = records.parse, records.of, records.store, records.moved
local leave_waiting, unlist = stops.leave, listings.unlist
local plan_again, settle_again, apply_again = taking.plan_again, taking.settle_again, taking.apply_again
local scale_of, release, shortfall_of, needed = scales.of, holds.release, accounts.shortfall, taking.needed
local keep, undo = accounts.keep, accounts.undo
local ID_START, iceberg_of = books.ID_START, icebergs.of
local OPENING, ORDER = log.OPENING.trigger, '[' .. EVENT.order .. ','
local CANCELLED = STATUS.cancelled

-- Whether an order without a limit costs more than its account has: a buy by quantity holds nothing ahead of it, nor does a sell by money.
local function lacks(shard, scale, entering)
  if not shard.is_covered or entering.kind ~= KIND.market or not entering.makers then return false end
  if (entering.side == BUY) == entering.is_by_money then return false end
  local asset, high, low = needed(scale, entering.side, entering.settled, entering.lots - entering.left)
  return shortfall_of(shard, entering.client, asset, high, low, true)
end

-- Moves its money; `lots` are those that it held cover for, by its traits as they were. Returns the balances' events, and a reason where it cannot be carried out: then
-- what it held is let go of, and that is all.
local function pay(shard, entering, lots, traits_before, turned_down)
  local fees_before = entering.fees
  local function let_go()
    release(shard, entering.client, entering.instrument, entering.side, entering.ticks, lots, fees_before, traits_before)
  end
  let_go()
  local reason
  if not turned_down then
    local scale = scale_of(shard, entering.instrument)
    reason = REASON.balance_limit
    if settle_again(shard, entering, scale) then
      if lacks(shard, scale, entering) then
        reason = REASON.insufficient_funds
      else
        local money = keep(shard)
        if money then return money end
      end
    end
    undo(shard)
    entering.fees = fees_before
    let_go()
  end
  return keep(shard), reason
end

-- `member` is of its sorted set, `cause` the sequence of the entry whose trade has reached it.
function trigger.run(shard, limits, book, direction, member, cause)
  local id = sub(member, ID_START)
  local ORDER_PARTS = unpack(parse(shard, record_of(shard, id)))
  local entering = {
    id = id, kind = kind, instrument = instrument, side = side, client = client, client_order_id = client_order_id, traits = traits, price = price,
    ticks = tonumber(price), lots = tonumber(quantity), already = 0, filled = filled, notional = notional, fill_sequence = fill_sequence, fees = fees,
    tail = tail, iceberg = iceberg_of(traits), is_by_money = quantity == '0',
  }
  local lots = entering.lots
  local turned_down, reason = plan_again(shard, limits, entering)
  if not turned_down and entering.rests and entering.total > EXACT_MAX then turned_down, reason = CANCELLED, REASON.level_quantity_limit end
  local money = ''
  if shard.keeps_money then
    local problem
    money, problem = pay(shard, entering, lots, traits, turned_down)
    if problem then turned_down, reason = CANCELLED, problem end
  end

  next_seq(shard)
  local seq, time = shard.seq_text, shard.time
  if turned_down then entering.traits = traits end
  entering.traits = leave_waiting(shard, book, direction, entering.traits, priority, tail, id)
  local trades, gone, touched = '', '', ''
  if turned_down then
    entering.status, entering.reason, entering.lots = turned_down, reason, lots
    unlist(shard, client, client_order_id, id)
    if shard.has_dues then dues.drop_order(shard, id, tail) end
  else
    trades, gone, touched = apply_again(shard, entering)
  end
  local record = changed_record(entering.filled, entering.notional, entering.status, entering.reason, seq, time, entering.fill_sequence, seq, entering.fees,
    price, text(entering.lots), entering.traits, moved(tail, priority))
  store_record(shard, id, record)
  add(shard, '', OPENING .. seq .. ',' .. time .. ',["X",' .. limits.of_trigger .. id .. '",' .. cause .. '],0,[' .. trades .. ORDER .. fill_sequence .. ','
    .. record .. ',"' .. id .. '"]' .. gone .. touched .. money .. shard.plain_end)
end
