-- The money of a plan's fills: what each side pays, gets, is charged and holds no more. Nothing of it is written before the command
-- has passed its last check.

local value_of, lots_of, fee_on = scales.value, scales.lots, scales.fee_on
local add, subtract, to_text = amounts.add, amounts.subtract, amounts.to_text
local move = accounts.move
local parse_fees, charge, fees_to_record = fees.parse, fees.charge, fees.to_record

local FEES = '@fees'

-- Whose orders the makers of a plan are; their accounts are read in one command.
local function read_owners(shard, makers, count, settled)
  local clients, names = settled.clients, settled.names
  for i = 1, count do clients[i], names[i] = match(makers[MAKER_WIDTH * i], TAIL_OWNER_PATTERN) end
  if count > 1 then accounts.read(shard, clients, count) end
end

-- Moves the money of a plan's fills between the accounts of its makers and its taker.
--   rates         what the taker is charged at, nil for nothing, and what it has been charged: units (high, low) and millionths
-- Returns what there is of it, in one table that the next command uses anew: for matching.apply the makers' clients, names and fees and what
-- each side of each fill is charged; for the command the value of the fills and the taker's fees then. Returns nil beyond what an
-- amount may be.
function settlement.settle(shard, instrument, makers, side, taker, rates, units_high, units_low, millionths)
  local scale, count, settled = scales.of(shard, instrument), #makers / MAKER_WIDTH, shard.settled
  read_owners(shard, makers, count, settled)
  local is_buy, base, quote, value, lot = side == BUY, scale.base, scale.quote, scale.value, scale.lot
  local clients, maker_fees, maker_paid, taker_paid = settled.clients, settled.maker_fees, settled.maker_paid, settled.taker_paid
  local taker_rate = rates and rates.taker or 0
  local parts = makers.parts
  local value_high, value_low, fee_high, fee_low, venue_high, venue_low, traded_high, traded_low = 0, 0, 0, 0, 0, 0, 0, 0
  for i = 1, count do
    local at = MAKER_WIDTH * (i - 1)
    local price, lots, record_fees = makers[at + 2], makers[at + 3], makers[at + 10]
    local maker = clients[i]
    local high, low, base_high, base_low = 0, price * lots * value, 0, lots * lot
    if low >= 1e15 then high, low = value_of(scale, price, lots) end
    if base_low >= 1e15 then base_high, base_low = lots_of(scale, lots) end
    if not high or not base_high then return nil end
    -- What the maker is charged, and what its hold falls by: beside the value a part of the fee that could have come.
    local paid_high, paid_low, freed_high, freed_low = 0, 0, high, low
    if parts then
      -- What an earlier part of the same order was charged goes on.
      local part = parts[i]
      if part and part.before then record_fees = maker_fees[part.before] end
    end
    maker_fees[i] = record_fees
    if record_fees ~= '' then
      local start, maker_rate, other_rate, charged_high, charged_low, owed = parse_fees(record_fees)
      local before = owed
      -- Rates are of the day on which an order was placed: a rebate that meets a taker of another day gets back no more than that one
      -- pays (I-9).
      local rate = maker_rate < -taker_rate and -taker_rate or maker_rate
      charged_high, charged_low, owed, paid_high, paid_low = charge(charged_high, charged_low, owed, high, low, rate)
      maker_fees[i] = fees_to_record(start, charged_high, charged_low, owed)
      local highest = maker_rate > other_rate and maker_rate or other_rate
      if not is_buy and highest > 0 then
        local left_high, left_low = value_of(scale, price, makers[at + 6] - makers[at + 5])
        local all_high, all_low = add(left_high, left_low, high, low)
        local was_high, was_low = fee_on(all_high, all_low, highest, before)
        local is_high, is_low = fee_on(left_high, left_low, highest, owed)
        freed_high, freed_low = high + was_high - is_high, low + was_low - is_low
        if freed_low < 0 then
          freed_high, freed_low = freed_high - 1, freed_low + 1e15
        elseif freed_low >= 1e15 then
          freed_high, freed_low = freed_high + 1, freed_low - 1e15
        end
      end
    end
    local own_high, own_low = 0, 0
    if taker_rate ~= 0 then
      units_high, units_low, millionths, own_high, own_low = charge(units_high, units_low, millionths, high, low, taker_rate)
    end
    if is_buy then
      -- The maker sells: its lots leave it and its hold, and the value comes in less its fee.
      move(shard, maker, base, -base_high, -base_low, -base_high, -base_low)
      if paid_low == 0 and paid_high == 0 then
        move(shard, maker, quote, high, low, 0, 0)
      else
        local left_high, left_low = subtract(high, low, paid_high, paid_low)
        move(shard, maker, quote, left_high, left_low, 0, 0)
      end
    else
      local cost_high, cost_low = high, low
      if paid_low ~= 0 or paid_high ~= 0 then cost_high, cost_low = add(high, low, paid_high, paid_low) end
      move(shard, maker, quote, -cost_high, -cost_low, -freed_high, -freed_low)
      move(shard, maker, base, base_high, base_low, 0, 0)
    end
    value_high, value_low = value_high + high, value_low + low
    if value_low >= 1e15 then value_high, value_low = value_high + 1, value_low - 1e15 end
    traded_high, traded_low = traded_high + base_high, traded_low + base_low
    if traded_low >= 1e15 then traded_high, traded_low = traded_high + 1, traded_low - 1e15 end
    fee_high, fee_low = fee_high + own_high, fee_low + own_low
    if fee_low >= 1e15 then fee_high, fee_low = fee_high + 1, fee_low - 1e15 end
    venue_high, venue_low = venue_high + paid_high, venue_low + paid_low
    if venue_low >= 1e15 then venue_high, venue_low = venue_high + 1, venue_low - 1e15 end
    maker_paid[i] = paid_high ~= 0 and to_text(paid_high, paid_low) or paid_low == 0 and '0' or format('%d', paid_low)
    taker_paid[i] = own_high ~= 0 and to_text(own_high, own_low) or own_low == 0 and '0' or format('%d', own_low)
  end
  if is_buy then
    local cost_high, cost_low = add(value_high, value_low, fee_high, fee_low)
    move(shard, taker, quote, -cost_high, -cost_low, 0, 0)
    move(shard, taker, base, traded_high, traded_low, 0, 0)
  else
    local left_high, left_low = subtract(value_high, value_low, fee_high, fee_low)
    move(shard, taker, quote, left_high, left_low, 0, 0)
    move(shard, taker, base, -traded_high, -traded_low, 0, 0)
  end
  venue_high, venue_low = add(venue_high, venue_low, fee_high, fee_low)
  if venue_low ~= 0 or venue_high ~= 0 then
    accounts.open(shard, FEES)
    move(shard, FEES, quote, venue_high, venue_low, 0, 0)
  end
  settled.value_high, settled.value_low = value_high, value_low
  settled.units_high, settled.units_low, settled.millionths = units_high, units_low, millionths
  return settled
end
