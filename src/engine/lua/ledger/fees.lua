-- What orders are charged (A-40 to A-46): rates by group of accounts and instrument, copied into an order as it is placed.

local add, of, share, to_text, from_text = amounts.add, amounts.of, amounts.share, amounts.to_text, amounts.from_text

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

-- The rates that an order of an account is placed at, as its record begins its fees with; nil where nothing is charged.
-- `taker` and `maker` are millionths, `highest` the larger of them, or 0.
function fees.rates(shard, account, instrument)
  if not shard.has_fees then return nil end
  local group = account.group
  local key = group .. '"' .. instrument
  local known = shard.rates[key]
  if known ~= nil then return known end
  local groups = group_of(shard, group)
  if group ~= DEFAULT_GROUP then group_of(shard, DEFAULT_GROUP) end
  local row = row_of(groups, group, instrument)
  local rates = false
  if row and (row[1] ~= 0 or row[2] ~= 0) then
    rates = { maker = row[1], taker = row[2], highest = math.max(row[1], row[2], 0), text = row[1] .. ',' .. row[2] .. ',"' }
  end
  shard.rates[key] = rates
  return rates
end

local FEES_PATTERN = '^(%-?%d+),(%d+),"(%-?%d+)",(%d+)$'

-- Fees of an order as its record holds them, to be charged more: what it has been charged is units + millionths / 10^6.
function fees.parse(record_fees)
  local maker, taker, units, millionths = match(record_fees, FEES_PATTERN)
  if not maker then error('fees of an unknown layout: ' .. record_fees) end
  local high, low = from_text(units)
  maker, taker = tonumber(maker), tonumber(taker)
  return {
    maker = maker, taker = taker, highest = math.max(maker, taker, 0), text = maker .. ',' .. taker .. ',"',
    high = high, low = low, millionths = tonumber(millionths),
  }
end

-- Fees of an order that has been charged nothing yet.
function fees.fresh(rates)
  return { maker = rates.maker, taker = rates.taker, highest = rates.highest, text = rates.text, high = 0, low = 0, millionths = 0 }
end

function fees.to_record(charged)
  return charged.text .. to_text(charged.high, charged.low) .. '",' .. format('%d', charged.millionths)
end

-- Charges for a value at a rate. Returns the units that this fill pays: below zero for a rebate; nil beyond what an amount may be.
function fees.charge(charged, high, low, rate)
  if rate == 0 then return 0, 0 end
  local fee_high, fee_low, left = share(high, low, rate)
  if not fee_high then return nil end
  local before = charged.millionths
  local after = before + left
  charged.high, charged.low = add(charged.high, charged.low, fee_high, fee_low)
  local rounding = before > 0 and -1 or 0
  if after >= 1e6 then
    after = after - 1e6
    charged.high, charged.low = add(charged.high, charged.low, 0, 1)
    rounding = rounding + 1
  end
  charged.millionths = after
  if after > 0 then rounding = rounding + 1 end
  if rounding == 0 then return fee_high, fee_low end
  return add(fee_high, fee_low, of(rounding))
end

-- Open orders by their rebate, so that no change of rates makes a trade pay out more than it brings in. `record_fees` is of an order
-- that begins to wait (1) or ends to (-1).
local MINUS = 45
function fees.count_rebate(shard, record_fees, change)
  if byte(record_fees) ~= MINUS then return end
  local rate = match(record_fees, '^(%-%d+)')
  shard.rebates[rate] = (shard.rebates[rate] or 0) + change
end

function fees.flush(shard)
  for rate, change in pairs(shard.rebates) do
    if change ~= 0 and call('HINCRBY', shard.tag .. 'rebates', rate, change) == 0 then call('HDEL', shard.tag .. 'rebates', rate) end
  end
end

fees.parse_rates, fees.row_of = parse_rates, row_of
