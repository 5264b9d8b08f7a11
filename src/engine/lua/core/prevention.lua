-- Self-trade prevention (K-20): what becomes of an order that would trade with one of its own account, or owner. The taker's mode
-- counts. While a plan is made, the taker's guard gathers what is to come of it; it is carried out behind the command's last check.
--
-- A guard: mode, mark (what stands in the tail of an order of the account), accounts (the owner's others between `;`, nil for none),
-- and of its plan: ids of the makers that go, count of them, `reduced` (the one that loses lots and stays) and `reduced_by`, `cut` (lots
-- that the taker loses and goes on), `stops` (whether the taker goes).

local traits_of, parse, record_of, store_record, with_id = traits.of, records.parse, records.of, records.store, records.with_id
local book_of, lower_level = books.of, levels.lower
local iceberg_of, traits_at_rest = icebergs.waiting, icebergs.traits_at_rest
local hold, scale_of, hold_of_record = accounts.hold, scales.of, holds.of_record
local CANCEL_TAKER, CANCEL_BOTH, DECREMENT = STP.cancel_taker, STP.cancel_both, STP.decrement
local ORDER = ',[' .. EVENT.order .. ','

-- The guard of a taker, nil for one that has none. `list` is the text of its traits.
function prevention.guard(list, instrument, client)
  local found = traits_of(list)
  local mode = found[TRAIT.stp]
  if not mode then return nil end
  local accounts = found[TRAIT.stpAccounts]
  return {
    mode = mode, mark = ',"' .. instrument .. '","' .. client .. '","', accounts = accounts and ';' .. accounts .. ';',
    ids = {}, count = 0, reduced = nil, reduced_by = 0, cut = 0, stops = false,
  }
end

-- Whether a maker is the taker's own. `tail` is of its record: text in it has no raw quotes, so the mark stands where it has to.
function prevention.is_own(guard, tail)
  if find(tail, guard.mark, 1, true) then return true end
  local accounts = guard.accounts
  return accounts and find(accounts, ';' .. match(tail, TAIL_OWNER_PATTERN) .. ';', 1, true) ~= nil
end

-- A taker with `left` lots meets an order of its own that waits with `resting`. Returns the lots with which the taker goes on.
function prevention.meet(guard, id, resting, left)
  local mode = guard.mode
  if mode == CANCEL_TAKER then
    guard.stops = true
    return left
  end
  if mode == DECREMENT and resting > left then
    guard.reduced, guard.reduced_by, guard.stops = id, left, true
    return left
  end
  local count = guard.count + 1
  guard.ids[count], guard.count = id, count
  if mode == CANCEL_BOTH or (mode == DECREMENT and resting == left) then
    guard.stops = true
  elseif mode == DECREMENT then
    guard.cut = guard.cut + resting
    return left - resting
  end
  return left
end

-- Lets go of what the makers hold that go, or lose lots: ahead of accounts.keep.
function prevention.release(shard, guard)
  for i = 1, guard.count do
    local ORDER_PARTS = unpack(parse(shard, record_of(shard, guard.ids[i])))
    holds.release(shard, client, instrument, side, tonumber(price), quantity - filled, fees)
  end
  if not guard.reduced then return end
  local ORDER_PARTS = unpack(parse(shard, record_of(shard, guard.reduced)))
  local scale, ticks, lots = scale_of(shard, instrument), tonumber(price), quantity - filled
  local asset, old_high, old_low = hold_of_record(scale, side, ticks, lots, fees)
  local _, new_high, new_low = hold_of_record(scale, side, ticks, lots - guard.reduced_by, fees)
  hold(shard, client, asset, -old_high, -old_low)
  hold(shard, client, asset, new_high, new_low)
end

-- Carries out what is to come of the makers. Returns their events, and those of their levels, each with a comma before it.
function prevention.carry_out(shard, guard)
  local orders, touched = '', ''
  for i = 1, guard.count do
    local id = guard.ids[i]
    local order = parse(shard, record_of(shard, id))
    local record, level = cancel.order(shard, id, order, REASON.self_trade, true)
    orders = orders .. ORDER .. order[ORDER_PART.fill_sequence] .. ',' .. with_id(record, id) .. ']'
    touched = touched .. level
  end
  local id = guard.reduced
  if id then
    local ORDER_PARTS = unpack(parse(shard, record_of(shard, id)))
    -- Of an iceberg the hidden part goes first, as where its client takes something off it.
    local iceberg, lowered_by = iceberg_of(traits), guard.reduced_by
    if iceberg then
      local shown = math.min(iceberg.shown, quantity - filled - guard.reduced_by)
      lowered_by, traits = iceberg.shown - shown, traits_at_rest(iceberg, shown, iceberg.refill)
    end
    local record = changed_record(filled, notional, status, '0', shard.seq_text, shard.time, fill_sequence, priority, fees, price,
      text(quantity - guard.reduced_by), traits, tail)
    store_record(shard, id, record)
    orders = orders .. ORDER .. fill_sequence .. ',' .. with_id(record, id) .. ']'
    touched = touched .. lower_level(book_of(shard, instrument)[side], price, lowered_by)
  end
  return orders, touched
end
