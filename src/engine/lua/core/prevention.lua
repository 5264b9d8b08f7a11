-- Self-trade prevention (K-20): what becomes of an order that would trade with one of its own account, or owner. The taker's mode
-- counts. While a plan is made, the taker's guard gathers what is to come of it; it is carried out behind the command's last check.
--
-- A guard: mode, mark (nil for none; what stands in the tail of an order of the account), accounts (the owner's others between `;`, nil for none),
-- and of its plan: ids of the makers that go, count of them, `reduced` (the one that loses lots and stays) and `reduced_by`, `cut` (lots
-- that the taker loses and goes on), `stops` (whether the taker goes). What it has of a market order's bounds: core/budgets.lua, core/taking.lua.

local parse, record_of, store_record, with_id, fits, cut = records.parse, records.of, records.store, records.with_id, budgets.fits, budgets.cut
local book_of, lower_level = books.of, levels.lower
local hold, scale_of, hold_of_record = accounts.hold, scales.of, holds.of_record
local CANCEL_TAKER, CANCEL_BOTH, DECREMENT = STP.cancel_taker, STP.cancel_both, STP.decrement
local ORDER = ',[' .. EVENT.order .. ','

-- The guard of a taker; `found` are its traits.
function prevention.guard(found, instrument, client)
  local mode, accounts = found[TRAIT.stp], found[TRAIT.stpAccounts]
  return {
    mode = mode, mark = mode and ',"' .. instrument .. '","' .. client .. '","', accounts = accounts and ';' .. accounts .. ';',
    ids = {}, count = 0, reduced = nil, reduced_by = 0, cut = 0, stops = false,
  }
end

-- Whether a maker is the taker's own. `tail` is of its record: text in it has no raw quotes, so the mark stands where it has to.
function prevention.is_own(guard, tail)
  local mark = guard.mark
  if not mark then return false end
  if find(tail, mark, 1, true) then return true end
  local accounts = guard.accounts
  return accounts and find(accounts, ';' .. match(tail, TAIL_OWNER_PATTERN) .. ';', 1, true) ~= nil
end

-- A taker with `left` lots, or what fits its budget, meets an order of its own that waits with `resting`. Returns the lots with which the
-- taker goes on.
function prevention.meet(guard, id, price, resting, left)
  local mode, size = guard.mode, left
  if guard.budget then
    size = fits(guard, price, resting)
    if size == 0 then return left end
  end
  if mode == CANCEL_TAKER then
    guard.stops = true
    return left
  end
  if mode == DECREMENT and resting > size then
    guard.reduced, guard.reduced_by, guard.stops = id, size, true
    return left
  end
  local count = guard.count + 1
  guard.ids[count], guard.count = id, count
  if mode == CANCEL_BOTH then
    guard.stops = true
  elseif mode == DECREMENT then
    if guard.budget then
      guard.stops = not cut(guard, price, resting)
    elseif resting == left then
      guard.stops = true
    else
      guard.cut = guard.cut + resting
      return left - resting
    end
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
    local record = changed_record(filled, notional, status, '0', shard.seq_text, shard.time, fill_sequence, priority, fees, price,
      text(quantity - guard.reduced_by), traits, tail)
    store_record(shard, id, record)
    orders = orders .. ORDER .. fill_sequence .. ',' .. with_id(record, id) .. ']'
    touched = touched .. lower_level(book_of(shard, instrument)[side], price, guard.reduced_by)
  end
  return orders, touched
end
