-- Self-trade prevention (K-20): what becomes of an order that would trade with one of its own account, or owner. The taker's mode
-- counts. While a plan is made, the taker's guard gathers what is to come of it; it is carried out behind the command's last check.
--
-- A guard: mode, mark (nil for none; what stands in the tail of an order of the account), accounts (the owner's others between `;`, nil for none),
-- is_by_parts (whether an iceberg is met part by part, as it would trade: where it loses lots), and of its plan: ids of the makers that go,
-- count of them, `reduced` (parts of those that lose lots and stay, one each), `cut` (lots that the taker loses and goes on), `stops`
-- (whether the taker goes). What it has of a market order's bounds: core/budgets.lua, core/taking.lua.
--
-- A part: id, by (lots that its order loses), and of an iceberg resting (lots that are left of it), shown (of these) and number (which
-- refill of the plan shows them, nil where none does).

local parse, record_of, store_record, with_id, fits, cut = records.parse, records.of, records.store, records.with_id, budgets.fits, budgets.cut
local book_of, lower_level, leave_level, member_of, moved = books.of, levels.lower, levels.leave, books.member_of, records.moved
local traits_at_rest = icebergs.traits_at_rest
local share_anew = lists.share_anew
local hold, scale_of, hold_of_record = accounts.hold, scales.of, holds.of_record
local CANCEL_TAKER, CANCEL_BOTH, DECREMENT = STP.cancel_taker, STP.cancel_both, STP.decrement
local ORDER = ',[' .. EVENT.order .. ','

-- A guard of which nothing has come yet.
local function fresh(mode, mark, accounts)
  return { mode = mode, mark = mark, accounts = accounts, is_by_parts = mode == DECREMENT, ids = {}, count = 0, reduced = {}, cut = 0, stops = false }
end

-- The guard of a taker; `found` are its traits.
function prevention.guard(found, instrument, client)
  local mode, accounts = found[TRAIT.stp], found[TRAIT.stpAccounts]
  return fresh(mode, mode and ',"' .. instrument .. '","' .. client .. '","', accounts and ';' .. accounts .. ';')
end

-- One of the same taker, of which nothing has come yet.
function prevention.anew(guard)
  return fresh(guard.mode, guard.mark, guard.accounts)
end

-- Whether a maker is the taker's own. `tail` is of its record: text in it has no raw quotes, so the mark stands where it has to.
function prevention.is_own(guard, tail)
  local mark = guard.mark
  if not mark then return false end
  if find(tail, mark, 1, true) then return true end
  local accounts = guard.accounts
  return accounts and find(accounts, ';' .. match(tail, TAIL_OWNER_PATTERN) .. ';', 1, true) ~= nil
end

-- How many of `most` lots at a price a taker with `left` lots would trade at most: what its budget has room for, where it has one.
local function size_of(guard, price, most, left)
  if guard.budget then return fits(guard, price, most) end
  return left
end

-- The taker loses lots that it would have traded at a price: it goes where it has no more. Returns the lots with which it goes on.
local function lose(guard, price, lots, left)
  if guard.budget then
    guard.stops = not cut(guard, price, lots)
  elseif lots == left then
    guard.stops = true
  else
    guard.cut = guard.cut + lots
    return left - lots
  end
  return left
end

-- Takes a maker along. Returns the lots with which the taker goes on; `resting` are those of the maker that it would have traded with.
local function take_along(guard, id, price, resting, left)
  local mode, count = guard.mode, guard.count + 1
  guard.ids[count], guard.count = id, count
  if mode == DECREMENT then return lose(guard, price, resting, left) end
  if mode == CANCEL_BOTH then guard.stops = true end
  return left
end

-- A taker with `left` lots, or what fits its budget, meets an order of its own that waits with `resting`. Returns the lots with which the
-- taker goes on.
function prevention.meet(guard, id, price, resting, left)
  local mode, size = guard.mode, size_of(guard, price, resting, left)
  if size == 0 then return left end
  if mode == CANCEL_TAKER then
    guard.stops = true
    return left
  end
  if mode == DECREMENT and resting > size then
    guard.reduced[#guard.reduced + 1], guard.stops = { id = id, by = size }, true
    return left
  end
  return take_along(guard, id, price, resting, left)
end

-- The first part of an iceberg, by its traits, of which `resting` lots are left.
function prevention.own_part(id, iceberg, resting)
  return { id = id, iceberg = iceberg, by = 0, resting = resting, shown = iceberg.shown, number = nil }
end

-- A taker with `left` lots, or what fits its budget, meets a part of its own that both lose. Returns the lots with which the taker goes on.
-- A part that shows nothing behind it, with lots left, is to be shown anew.
function prevention.meet_part(guard, part, price, left)
  local reduced, shown = guard.reduced, part.shown
  local size = size_of(guard, price, shown, left)
  if size == 0 then return left end
  if part.resting == shown and shown <= size then
    -- All of it: it goes as it was.
    for i = #reduced, 1, -1 do
      if reduced[i] == part then table.remove(reduced, i) end
    end
    part.resting = 0
    return take_along(guard, part.id, price, shown, left)
  end
  local lost, now = shown, left
  if size < shown then
    lost, guard.stops = size, true
  else
    now = lose(guard, price, shown, left)
  end
  if part.by == 0 then reduced[#reduced + 1] = part end
  part.by, part.resting, part.shown = part.by + lost, part.resting - lost, shown - lost
  return now
end

-- Whether anything is to come of it.
function prevention.does(guard)
  return guard.stops or guard.count > 0 or #guard.reduced > 0
end

-- Lets go of what the makers hold that go, or lose lots: ahead of accounts.keep.
function prevention.release(shard, guard)
  for i = 1, guard.count do
    local ORDER_PARTS = unpack(parse(shard, record_of(shard, guard.ids[i])))
    holds.release(shard, client, instrument, side, tonumber(price), quantity - filled, fees, traits)
  end
  for i = 1, #guard.reduced do
    local part = guard.reduced[i]
    local ORDER_PARTS = unpack(parse(shard, record_of(shard, part.id)))
    local scale, ticks, lots = scale_of(shard, instrument), tonumber(price), quantity - filled
    local asset, old_high, old_low = hold_of_record(scale, side, ticks, lots, fees, traits)
    local _, new_high, new_low = hold_of_record(scale, side, ticks, lots - part.by, fees, traits)
    hold(shard, client, asset, -old_high, -old_low)
    hold(shard, client, asset, new_high, new_low)
    if traits ~= '' then
      share_anew(shard, part.id, instrument, side, client, { ticks = ticks, lots = lots, traits = traits, fees = fees },
        { ticks = ticks, lots = lots - part.by, traits = traits, fees = fees })
    end
  end
end

-- Takes lots off an order that stays. Returns its event and that of its level, each with a comma before it.
local function reduce(shard, part)
  local id, seq = part.id, shard.seq_text
  local ORDER_PARTS = unpack(parse(shard, record_of(shard, id)))
  local half, iceberg, lowered_by = book_of(shard, instrument)[side], part.iceberg, part.by
  if iceberg then
    local refill = iceberg.refill
    if part.number then
      leave_level(shard, half, priority, id, refill)
      refill = text(part.number)
      priority, tail = seq, moved(tail, priority)
      half.members[member_of(shard, seq, id, refill)] = side == BUY and '-' .. price or price
      -- Trades may have shown others anew ahead of it and behind it: their side is read again.
      half.head, half.best = nil, nil
    end
    lowered_by, traits = iceberg.shown - part.shown, traits_at_rest(iceberg, part.shown, refill)
  end
  local record = changed_record(filled, notional, status, '0', seq, shard.time, fill_sequence, priority, fees, price, text(quantity - part.by), traits, tail)
  store_record(shard, id, record)
  return ORDER .. fill_sequence .. ',' .. with_id(record, id) .. ']', lower_level(half, price, lowered_by)
end

-- Carries out what is to come of the makers. Returns their events, and those of their levels, each with a comma before it.
function prevention.carry_out(shard, guard)
  local orders, touched = cancel.released(shard, guard.ids, guard.count, REASON.self_trade)
  for i = 1, #guard.reduced do
    local order, level = reduce(shard, guard.reduced[i])
    orders, touched = orders .. order, touched .. level
  end
  return orders, touched
end
