-- What orders are charged (A-40 to A-46): rates by group of accounts and instrument, copied into an order as it is placed.

local add, of, share, share_of, to_text, from_text = amounts.add, amounts.of, amounts.share, amounts.share_of, amounts.to_text, amounts.from_text

local RATE_PATTERN = ',"([^"]*)",(%-?%d+),(%d+)'
local DEFAULT_GROUP = 'default'

-- The rates of a group as the `fee_groups` hash holds them: by instrument, under '' those of all others.
local function parse_rates(stored)
  local rates = {}
  for instrument, maker, taker in string.gmatch(stored, RATE_PATTERN) do rates[instrument] = { tonumber(maker), tonumber(taker) } end
  return rates
end

-- The row of a group for an instrument: its own before that for all others, a group's before the default's.
local function row_of(groups, group, instrument)
  local own = groups[group]
  local row = own and (own[instrument] or own[''])
  if row or group == DEFAULT_GROUP then return row end
  local default = groups[DEFAULT_GROUP]
  return default and (default[instrument] or default[''])
end

local function group_of(shard, group)
  local groups = shard.fee_groups
  if groups[group] == nil then
    local stored = call('HGET', shard.tag .. 'fee_groups', group)
    groups[group] = stored and parse_rates(stored)
  end
  return groups
end

-- The rates that an order of a group's account is placed at; nil where nothing is charged. `highest` is the larger of the two, or 0, `text`
-- what a record's fees begin with, `fresh` what they are as long as nothing has been charged.
function fees.rates(shard, group, scale, instrument)
  if not shard.has_fees then return nil end
  local known = scale.rates[group]
  if known ~= nil then return known end
  local groups = group_of(shard, group)
  if group ~= DEFAULT_GROUP then group_of(shard, DEFAULT_GROUP) end
  local row = row_of(groups, group, instrument)
  local rates = false
  if row and (row[1] ~= 0 or row[2] ~= 0) then
    local start = row[1] .. ',' .. row[2] .. ',"'
    rates = { maker = row[1], taker = row[2], highest = math.max(row[1], row[2], 0), text = start, fresh = start .. '0",0' }
  end
  scale.rates[group] = rates
  return rates
end

local FEES_PATTERN = '^((%-?%d+),(%d+),")(%-?%d+)",(%d+)$'

-- Parts of an order's fees as its record holds them: how they begin, maker and taker rate, what it has been charged, in units (an
-- amount) and millionths beyond them.
local function parse(record_fees)
  local start, maker, taker, units, millionths = match(record_fees, FEES_PATTERN)
  if not start then error('fees of an unknown layout: ' .. record_fees) end
  local high, low = from_text(units)
  return start, tonumber(maker), tonumber(taker), high, low, tonumber(millionths)
end

function fees.to_record(start, high, low, millionths)
  return start .. to_text(high, low) .. '",' .. format('%d', millionths)
end

-- Charges for a value at a rate an order that has been charged units and millionths. Returns what it has been charged then, and the
-- units that this fill pays: below zero for a rebate; nil beyond what an amount may be.
function fees.charge(units_high, units_low, millionths, value_high, value_low, rate)
  if rate == 0 then return units_high, units_low, millionths, 0, 0 end
  if value_high == 0 and rate > 0 then
    -- Almost every one: as below, in the doubles that hold it.
    local charged, left = share_of(value_low, rate)
    local owed = millionths + left
    if owed >= 1e6 then owed, charged = owed - 1e6, charged + 1 end
    units_low = units_low + charged
    if units_low >= 1e15 then units_high, units_low = units_high + 1, units_low - 1e15 end
    -- What is rounded up now less what was rounded up before.
    if owed > 0 then charged = charged + 1 end
    if millionths > 0 then charged = charged - 1 end
    return units_high, units_low, owed, 0, charged
  end
  local high, low, left = share(value_high, value_low, rate)
  units_high, units_low = add(units_high, units_low, high, low)
  local rounding = millionths > 0 and -1 or 0
  millionths = millionths + left
  if millionths >= 1e6 then
    millionths = millionths - 1e6
    units_high, units_low = add(units_high, units_low, 0, 1)
    rounding = rounding + 1
  end
  if millionths > 0 then rounding = rounding + 1 end
  if rounding == 0 then return units_high, units_low, millionths, high, low end
  return units_high, units_low, millionths, add(high, low, of(rounding))
end

fees.parse, fees.parse_rates, fees.row_of = parse, parse_rates, row_of
