-- What an instrument's ticks and lots are worth in units of its assets.

local product, times, share, add, of = amounts.product, amounts.times, amounts.share, amounts.add, amounts.of

-- Factors of a scale as the `instruments` hash holds them: `base,quote,lot factors,value factors`, each two numbers below 2^53 of which
-- the first is 1 but for very fine assets.
local SCALE_PATTERN = '^([^,]+),([^,]+),(%d+),(%d+),(%d+),(%d+)$'

-- The scale of an instrument: its assets, the units of a lot and of a tick of a lot.
function scales.of(shard, instrument)
  local scale = shard.scales[instrument]
  if scale then return scale end
  local stored = shard.new_scales and shard.new_scales[instrument] or call('HGET', shard.tag .. 'instruments', instrument)
  local base, quote, lot_power, lot_rest, value_power, value_rest = match(stored or '', SCALE_PATTERN)
  if not base then error('no scale of instrument ' .. instrument) end
  scale = {
    base = base, quote = quote,
    lot_power = tonumber(lot_power), lot_rest = tonumber(lot_rest), lot = lot_power * lot_rest,
    value_power = tonumber(value_power), value_rest = tonumber(value_rest), value = value_power * value_rest,
    -- What orders in it are charged, by group of accounts (ledger/fees.lua).
    rates = {},
  }
  shard.scales[instrument] = scale
  return scale
end

local function scaled(high, low, rest, power)
  if not high then return nil end
  high, low = times(high, low, rest)
  if not high or power == 1 then return high, low end
  return times(high, low, power)
end

-- What lots at a price are worth in units of the quote, nil beyond what an amount may be.
function scales.value(scale, ticks, lots)
  local plain = ticks * lots * scale.value
  -- A double that is no larger than this was never rounded on its way.
  if plain < 1e15 then return 0, plain end
  local high, low = product(ticks, lots)
  return scaled(high, low, scale.value_rest, scale.value_power)
end

-- A notional (ticks × lots, an amount) in units of the quote, nil beyond what an amount may be.
function scales.worth(scale, high, low)
  return scaled(high, low, scale.value_rest, scale.value_power)
end

-- Lots in units of the base, nil beyond what an amount may be.
function scales.lots(scale, lots)
  local plain = lots * scale.lot
  if plain < 1e15 then return 0, plain end
  local high, low = product(lots, scale.lot_rest)
  if not high or scale.lot_power == 1 then return high, low end
  return times(high, low, scale.lot_power)
end

-- A fee on a value that would come on top of fees of `millionths` beyond whole units, rounded up (A-42).
function scales.fee_on(high, low, rate, millionths)
  local fee_high, fee_low, left = share(high, low, rate)
  if not fee_high then return nil end
  local owed = millionths + left
  local units = (owed > 1e6 and 2 or owed > 0 and 1 or 0) - (millionths > 0 and 1 or 0)
  if units == 0 then return fee_high, fee_low end
  if units > 0 then return add(fee_high, fee_low, 0, units) end
  return add(fee_high, fee_low, of(units))
end
