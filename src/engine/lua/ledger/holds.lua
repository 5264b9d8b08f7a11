-- What an open order holds: a function of its record alone (A-30). A buy holds its remaining quantity at its own limit and the fee
-- that could come of it, a sell its remaining quantity. A buy by money that waits for a price holds what it may spend and the fee on that.

local value_of, lots_of, worth_of, fee_on = scales.value, scales.lots, scales.worth, scales.fee_on
local add, share_of, from_text, traits_of = amounts.add, amounts.share_of, amounts.from_text, traits.of

local hold, scale_of = accounts.hold, scales.of

local REST_PATTERN = '^(%-?%d+),(%d+),"[^"]*",(%d+)$'

-- A value with the fee on it.
local function charged(scale, high, low, highest, millionths)
  if not high then return nil end
  if highest == 0 then return scale.quote, high, low end
  local fee_high, fee_low = fee_on(high, low, highest, millionths)
  if not fee_high then return nil end
  return scale.quote, add(high, low, fee_high, fee_low)
end

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
  return charged(scale, high, low, highest, millionths)
end

-- The same of an order without a limit that waits for a price: `list` is the text of its traits.
local function hold_waiting(scale, side, lots, list, highest, millionths)
  local found = side == BUY and traits_of(list)
  local budget = found and found[TRAIT.budget]
  if not budget then return hold_of(scale, side, 0, lots, highest, millionths) end
  local high, low = worth_of(scale, from_text(budget))
  return charged(scale, high, low, highest, millionths)
end

-- The same of an order by its record's parts: numbers, and its fees and traits as text.
function holds.of_record(scale, side, ticks, lots, record_fees, list)
  local highest, rest = 0, 0
  if side == BUY and record_fees ~= '' then
    local maker, taker, millionths = match(record_fees, REST_PATTERN)
    if not maker then error('fees of an unknown layout: ' .. record_fees) end
    highest, rest = tonumber(maker), tonumber(millionths)
    local other = tonumber(taker)
    if other > highest then highest = other end
  end
  if ticks == 0 then return hold_waiting(scale, side, lots, list, highest, rest) end
  return hold_of(scale, side, ticks, lots, highest, rest)
end

-- Lets go of what an open order holds. `lots` are what is left of it, `list` is the text of its traits.
function holds.release(shard, client, instrument, side, ticks, lots, record_fees, list)
  local asset, high, low = holds.of_record(scale_of(shard, instrument), side, ticks, lots, record_fees, list)
  hold(shard, client, asset, -high, -low)
end

holds.of = hold_of
