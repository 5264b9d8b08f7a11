-- What an open order holds: a function of its record alone (A-30). A buy holds its remaining quantity at its own limit and the fee
-- that could come of it, a sell its remaining quantity.

local value_of, lots_of, fee_on = scales.value, scales.lots, scales.fee_on
local add, share_of = amounts.add, amounts.share_of

local hold, scale_of = accounts.hold, scales.of

local REST_PATTERN = '^(%-?%d+),(%d+),"[^"]*",(%d+)$'

-- The hold of an order with `lots` left at `ticks`. `highest` is the largest rate that it may be charged at, and `millionths` what it
-- owes beyond whole units. Returns the asset and the amount; nil beyond what an amount may be.
local function hold_of(scale, side, ticks, lots, highest, millionths)
  if side == SELL then
    local high, low = lots_of(scale, lots)
    if not high then return nil end
    return scale.base, high, low
  end
  local plain = ticks * lots * scale.value
  if plain < 1e15 then
    -- Almost every one: as below, in the doubles that hold it.
    if highest == 0 then return scale.quote, 0, plain end
    local units, left = share_of(plain, highest)
    local owed = millionths + left
    local low = plain + units + (owed > 1e6 and 2 or owed > 0 and 1 or 0) - (millionths > 0 and 1 or 0)
    if low < 1e15 then return scale.quote, 0, low end
  end
  local high, low = value_of(scale, ticks, lots)
  if not high then return nil end
  if highest == 0 then return scale.quote, high, low end
  local fee_high, fee_low = fee_on(high, low, highest, millionths)
  if not fee_high then return nil end
  return scale.quote, add(high, low, fee_high, fee_low)
end

-- The same of an order by its record's parts, which are numbers and its fees as text.
function holds.of_record(scale, side, ticks, lots, record_fees)
  if side == SELL or record_fees == '' then return hold_of(scale, side, ticks, lots, 0, 0) end
  local maker, taker, millionths = match(record_fees, REST_PATTERN)
  if not maker then error('fees of an unknown layout: ' .. record_fees) end
  local highest, other = tonumber(maker), tonumber(taker)
  if other > highest then highest = other end
  return hold_of(scale, side, ticks, lots, highest, tonumber(millionths))
end

-- Lets go of what an open order holds. `lots` are what is left of it.
function holds.release(shard, client, instrument, side, ticks, lots, record_fees)
  local asset, high, low = holds.of_record(scale_of(shard, instrument), side, ticks, lots, record_fees)
  hold(shard, client, asset, -high, -low)
end

holds.of = hold_of
