-- The money of a plan's fills: what each side pays, gets, is charged and holds no more. Nothing of it is written before the command
-- has passed its last check.

local value_of, lots_of, fee_on = scales.value, scales.lots, scales.fee_on
local add, subtract, to_text = amounts.add, amounts.subtract, amounts.to_text
local credit, debit, release = accounts.credit, accounts.debit, accounts.release
local parse_fees, charge, fees_to_record = fees.parse, fees.charge, fees.to_record

-- Whose orders the makers of a plan are, their accounts read in one command. Returns two arrays: clients and their names for the orders.
local function owners_of(shard, makers, count)
  local clients, names = {}, {}
  for i = 1, count do clients[i], names[i] = match(makers[MAKER_WIDTH * i], TAIL_OWNER_PATTERN) end
  accounts.read(shard, clients, count)
  return clients, names
end

-- Moves the money of a plan's fills between the accounts of its makers and its taker. `charged` are the taker's fees, nil where it is
-- charged nothing: they go on with the fills. Returns what matching.apply needs of it: owners, fees of each maker's record, what
-- each side of each fill was charged as text; and what was traded: value, fees and lots. Returns nil beyond what an amount may be.
function settlement.settle(shard, instrument, makers, side, taker, charged)
  local scale, count = scales.of(shard, instrument), #makers / MAKER_WIDTH
  local clients, names = owners_of(shard, makers, count)
  local is_buy, base, quote = side == BUY, scale.base, scale.quote
  local maker_fees, maker_paid, taker_paid = {}, {}, {}
  local value_high, value_low, fee_high, fee_low, venue_high, venue_low, lots_sum_high, lots_sum_low = 0, 0, 0, 0, 0, 0, 0, 0
  for i = 1, count do
    local at = MAKER_WIDTH * (i - 1)
    local price, lots, filled, quantity, record_fees = makers[at + 2], makers[at + 3], makers[at + 5], makers[at + 6], makers[at + 10]
    local maker = accounts.of(shard, clients[i])
    if not maker then error('an open order without an account: ' .. clients[i]) end
    local high, low = value_of(scale, price, lots)
    local base_high, base_low = lots_of(scale, lots)
    if not high or not base_high then return nil end
    -- What the maker is charged, and what its hold falls by beside the value or the lots.
    local paid_high, paid_low, freed_high, freed_low = 0, 0, high, low
    local new_fees = record_fees
    if record_fees ~= '' then
      local fees_of_maker = parse_fees(record_fees)
      local before = fees_of_maker.millionths
      paid_high, paid_low = charge(fees_of_maker, high, low, fees_of_maker.maker)
      new_fees = fees_to_record(fees_of_maker)
      if not is_buy and fees_of_maker.highest > 0 then
        local left_high, left_low = value_of(scale, price, quantity - filled)
        local all_high, all_low = add(left_high, left_low, high, low)
        local was_high, was_low = fee_on(all_high, all_low, fees_of_maker.highest, before)
        local is_high, is_low = fee_on(left_high, left_low, fees_of_maker.highest, fees_of_maker.millionths)
        freed_high, freed_low = add(high, low, subtract(was_high, was_low, is_high, is_low))
      end
    end
    local own_high, own_low = 0, 0
    if charged then own_high, own_low = charge(charged, high, low, charged.taker) end
    if is_buy then
      -- The maker sells: its lots leave it and its hold, and the value comes in less its fee.
      credit(shard, maker, quote, subtract(high, low, paid_high, paid_low))
      debit(shard, maker, base, base_high, base_low)
      release(shard, maker, base, base_high, base_low)
    else
      debit(shard, maker, quote, add(high, low, paid_high, paid_low))
      release(shard, maker, quote, freed_high, freed_low)
      credit(shard, maker, base, base_high, base_low)
    end
    value_high, value_low = add(value_high, value_low, high, low)
    fee_high, fee_low = add(fee_high, fee_low, own_high, own_low)
    venue_high, venue_low = add(venue_high, venue_low, paid_high, paid_low)
    lots_sum_high, lots_sum_low = add(lots_sum_high, lots_sum_low, base_high, base_low)
    maker_fees[i] = new_fees
    maker_paid[i] = (paid_low == 0 and paid_high == 0) and '0' or to_text(paid_high, paid_low)
    taker_paid[i] = (own_low == 0 and own_high == 0) and '0' or to_text(own_high, own_low)
  end
  if is_buy then
    debit(shard, taker, quote, add(value_high, value_low, fee_high, fee_low))
    credit(shard, taker, base, lots_sum_high, lots_sum_low)
  else
    credit(shard, taker, quote, subtract(value_high, value_low, fee_high, fee_low))
    debit(shard, taker, base, lots_sum_high, lots_sum_low)
  end
  venue_high, venue_low = add(venue_high, venue_low, fee_high, fee_low)
  if venue_low ~= 0 or venue_high ~= 0 then credit(shard, accounts.open(shard, '@fees'), quote, venue_high, venue_low) end
  return {
    clients = clients, names = names, maker_fees = maker_fees, maker_paid = maker_paid, taker_paid = taker_paid,
    value_high = value_high, value_low = value_low, fee_high = fee_high, fee_low = fee_low,
  }
end
