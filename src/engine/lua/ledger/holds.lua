-- What an open order holds: a function of its record alone (A-30). A buy holds its remaining quantity at its own limit and the fee
-- that could come of it, a sell its remaining quantity.

local value_of, lots_of, fee_on = scales.value, scales.lots, scales.fee_on
local add = amounts.add

local move = accounts.move

local REST_PATTERN = '^(%-?%d+),(%d+),"[^"]*",(%d+)$'

-- The hold of an order with `lots` left at `ticks`. `rates` are what it is charged at, nil for nothing, and `millionths` what it owes
-- beyond whole units. Returns the asset and the amount; nil beyond what an amount may be.
local function hold_of(scale, side, ticks, lots, rates, millionths)
  if side == SELL then
    local high, low = lots_of(scale, lots)
    if not high then return nil end
    return scale.base, high, low
  end
  local high, low = value_of(scale, ticks, lots)
  if not high then return nil end
  if not rates or rates.highest == 0 then return scale.quote, high, low end
  local fee_high, fee_low = fee_on(high, low, rates.highest, millionths)
  if not fee_high then return nil end
  return scale.quote, add(high, low, fee_high, fee_low)
end

-- The same of an order by its record's parts, which are numbers and its fees as text.
function holds.of_record(scale, side, ticks, lots, record_fees)
  if side == SELL or record_fees == '' then return hold_of(scale, side, ticks, lots, nil, 0) end
  local maker, taker, millionths = match(record_fees, REST_PATTERN)
  if not maker then error('fees of an unknown layout: ' .. record_fees) end
  return hold_of(scale, side, ticks, lots, { highest = math.max(tonumber(maker), tonumber(taker)) }, tonumber(millionths))
end

-- Lets go of what an open order holds. `lots` are what is left of it.
function holds.release(shard, client, instrument, side, ticks, lots, record_fees)
  local asset, high, low = holds.of_record(scales.of(shard, instrument), side, ticks, lots, record_fees)
  move(shard, client, asset, 0, 0, -high, -low)
end

holds.of = hold_of
