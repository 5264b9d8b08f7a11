-- The money of a call auction's trades: both sides held for theirs while they waited, each at its own price, and pay that of the auction.

local value_of, lots_of = scales.value, scales.lots
local add, subtract, to_text = amounts.add, amounts.subtract, amounts.to_text
local move, hold = accounts.move, accounts.hold
local parse_fees, charge, fees_to_record, hold_of_record = fees.parse, fees.charge, fees.to_record, holds.of_record
local FEES = '@fees'

-- What an order is charged at, and has been: false where it is charged nothing.
local function charged_of(order)
  local charged = order.charged
  if charged == nil then
    charged = false
    if order.fees ~= '' then
      local start, maker, taker, high, low, owed = parse_fees(order.fees)
      charged = { start = start, maker = maker, taker = taker, high = high, low = low, owed = owed }
    end
    order.charged = charged
  end
  return charged
end

-- Charges an order for a value. Returns what it pays.
local function pay(order, charged, high, low, rate)
  local paid_high, paid_low
  charged.high, charged.low, charged.owed, paid_high, paid_low = charge(charged.high, charged.low, charged.owed, high, low, rate)
  order.fees = fees_to_record(charged.start, charged.high, charged.low, charged.owed)
  return paid_high, paid_low
end

-- Moves the money of trades at `ticks`, and brings the holds of the orders behind them to what is left of them. Adds to each trade what its sides
-- are charged, and what the maker has been charged by then.
function auctioned.settle(shard, instrument, ticks, trades, orders)
  local scale, names = scales.of(shard, instrument), {}
  for i = 1, #orders do names[i] = orders[i].client end
  accounts.read(shard, names, #names)
  local venue_high, venue_low = 0, 0
  for i = 1, #trades do
    local trade = trades[i]
    local maker, taker, lots = trade.maker, trade.taker, trade.lots
    local high, low = value_of(scale, ticks, lots)
    local base_high, base_low = lots_of(scale, lots)
    local made, took = charged_of(maker), charged_of(taker)
    local taker_rate = took and took.taker or 0
    local maker_high, maker_low, taker_high, taker_low = 0, 0, 0, 0
    -- A rebate gives back no more than the other side pays, as in continuous trading.
    if made then maker_high, maker_low = pay(maker, made, high, low, math.max(made.maker, -taker_rate)) end
    trade.maker_fees, trade.maker_paid = maker.fees, to_text(maker_high, maker_low)
    if took then taker_high, taker_low = pay(taker, took, high, low, taker_rate) end
    trade.taker_paid = to_text(taker_high, taker_low)
    for _, order in ipairs({ maker, taker }) do
      local fee_high, fee_low = maker_high, maker_low
      if order == taker then fee_high, fee_low = taker_high, taker_low end
      if order.side == BUY then
        local cost_high, cost_low = add(high, low, fee_high, fee_low)
        move(shard, order.client, scale.quote, -cost_high, -cost_low, 0, 0)
        move(shard, order.client, scale.base, base_high, base_low, 0, 0)
      else
        local left_high, left_low = subtract(high, low, fee_high, fee_low)
        move(shard, order.client, scale.quote, left_high, left_low, 0, 0)
        move(shard, order.client, scale.base, -base_high, -base_low, 0, 0)
      end
      venue_high, venue_low = add(venue_high, venue_low, fee_high, fee_low)
    end
  end
  if venue_low ~= 0 or venue_high ~= 0 then
    accounts.open(shard, FEES)
    move(shard, FEES, scale.quote, venue_high, venue_low, 0, 0)
  end
  for i = 1, #orders do
    local order = orders[i]
    local asset, old_high, old_low = hold_of_record(scale, order.side, order.ticks, order.left_before, order.fees_before)
    local _, new_high, new_low = hold_of_record(scale, order.side, order.ticks, order.left, order.fees)
    hold(shard, order.client, asset, -old_high, -old_low)
    hold(shard, order.client, asset, new_high, new_low)
  end
end
