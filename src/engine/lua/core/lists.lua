-- Orders of a list (domain/order-list.ts): their ids differ in the last character, and two traits say what the list is and what the order is in
-- it. At most one order of a list is in a book at any time. Plain orders are told from these by one plain find, and only where they have traits.
--
-- Keys: released:<instrument>  list, oldest first: orders whose list's first is filled and that are still to go, each as `sequence of the entry that
--                              filled it,id`
--       meta                   released: the one instrument of which some go ahead of everything else; those of instruments that do not trade go
--                              once they do

local with_trait, parse, record_of, is_open = traits.with, records.parse, records.of, records.is_open
local scale_of, hold_of_record, hold = scales.of, holds.of_record, accounts.hold
-- A text behind a code: nothing else in the text of traits looks so.
local MARK, MEMBER = TRAIT.list .. ',"', TRAIT.list .. ',"(%a+)",' .. TRAIT.listRole .. ',(%d)'
local LEG, FIRST = ROLE.leg, ROLE.first
-- Both of such a pair hold their cover, which is held once.
local PAIRED = { [ROLE.leg] = true, [ROLE.waiting_leg] = true }
local UNFUNDED = { [ROLE.unfunded] = true, [ROLE.unfunded_leg] = true }
-- What an order that waits for the first is once that is filled.
local BEHIND_FIRST = {
  [ROLE.waiting] = ROLE.second, [ROLE.unfunded] = ROLE.second, [ROLE.waiting_leg] = ROLE.leg, [ROLE.unfunded_leg] = ROLE.leg,
}
-- Of an order the other one of its pair, by the last character of both.
local OTHER_LEG = {
  oco = { [LIST_ENDS[1]] = LIST_ENDS[2], [LIST_ENDS[2]] = LIST_ENDS[1] },
  otoco = { [LIST_ENDS[2]] = LIST_ENDS[3], [LIST_ENDS[3]] = LIST_ENDS[2] },
}

-- What an order's list is and what the order is in it, both text; nil for one of no list.
local function member_of(list)
  if list == '' or not find(list, MARK, 1, true) then return nil end
  return match(list, MEMBER)
end

-- Whether an order by its traits waits for the first of its list.
function lists.waits(list)
  local _, role = member_of(list)
  return role and BEHIND_FIRST[role] ~= nil
end

-- Whether it holds nothing yet.
function lists.is_unfunded(list)
  local _, role = member_of(list)
  return UNFUNDED[role] or false
end

-- Its traits once the first is filled.
function lists.behind_first(list)
  local _, role = member_of(list)
  return with_trait(list, TRAIT.listRole, BEHIND_FIRST[role])
end

-- The other orders of a list that are open, in their order.
local function open_siblings(shard, id, kind)
  local common, ids, count = sub(id, 1, -2), {}, 0
  for i = 1, LIST_SIZE[kind] do
    local sibling = common .. LIST_ENDS[i]
    if sibling ~= id then
      count = count + 1
      ids[count] = sibling
    end
  end
  records.read(shard, ids)
  local open, open_count = {}, 0
  for i = 1, count do
    local record = record_of(shard, ids[i])
    if record and is_open(parse(shard, record)[ORDER_PART.status]) then
      open_count = open_count + 1
      open[open_count] = ids[i]
    end
  end
  return open, open_count
end

-- What an order of the list would hold with other lots at another price, were it alone: as holds.of_record.
local function alone(shard, order, ticks, lots)
  return hold_of_record(scale_of(shard, order[ORDER_PART.instrument]), order[ORDER_PART.side], ticks, lots, order[ORDER_PART.fees], order[ORDER_PART.traits])
end

-- The other one of a pair whose cover is held once, open and parsed; nil where there is none. `list` are the order's traits.
local function partner_of(shard, id, list)
  local kind, role = member_of(list)
  if not PAIRED[role] then return nil end
  local partner = sub(id, 1, -2) .. OTHER_LEG[kind][sub(id, -1)]
  local record = record_of(shard, partner)
  if not record then return nil end
  local order = parse(shard, record)
  local _, other_role = member_of(order[ORDER_PART.traits])
  if not is_open(order[ORDER_PART.status]) or not PAIRED[other_role] then return nil end
  return order, partner
end

-- Whether what goes with an order is the other one of its pair.
function lists.takes_partner(linked, id, list)
  local kind, role = member_of(list)
  return PAIRED[role] and linked.going[sub(id, 1, -2) .. OTHER_LEG[kind][sub(id, -1)]] or false
end

-- How much of an order's cover is that of the other one of its pair as well, with `lots` left at `ticks`: the smaller of both. `list` are its traits
-- as they are then, `fees` likewise.
local function shared(shard, id, list, instrument, side, ticks, lots, record_fees)
  local partner = partner_of(shard, id, list)
  if not partner then return 0, 0 end
  local _, high, low = hold_of_record(scale_of(shard, instrument), side, ticks, lots, record_fees, list)
  local _, other_high, other_low = alone(shard, partner, tonumber(partner[ORDER_PART.price]), partner[ORDER_PART.quantity] - partner[ORDER_PART.filled])
  if amounts.is_below(other_high, other_low, high, low) then return other_high, other_low end
  return high, low
end

-- Has what of a list is to be cancelled with one of its orders join `linked` (nil for nothing yet), with what each lets go of: an order that the
-- one it is linked to shares its cover with only what goes beyond that. Returns it.
local function add_linked(shard, linked, id, going, count)
  linked = linked or { ids = {}, count = 0, releases = {}, filled = {}, filled_count = 0, going = {} }
  for i = 1, count do
    local sibling = going[i]
    if not linked.going[sibling] then
      local at = linked.count + 1
      linked.ids[at], linked.count, linked.going[sibling] = sibling, at, true
      if shard.keeps_money then
        local order = parse(shard, record_of(shard, sibling))
        local list = order[ORDER_PART.traits]
        if not lists.is_unfunded(list) then
          local asset, high, low = alone(shard, order, tonumber(order[ORDER_PART.price]), order[ORDER_PART.quantity] - order[ORDER_PART.filled])
          local partner, partner_id = partner_of(shard, sibling, list)
          if partner and not linked.going[partner_id] then
            local shared_high, shared_low = shared(shard, sibling, list, order[ORDER_PART.instrument], order[ORDER_PART.side], tonumber(order[ORDER_PART.price]),
              order[ORDER_PART.quantity] - order[ORDER_PART.filled], order[ORDER_PART.fees])
            high, low = amounts.subtract(high, low, shared_high, shared_low)
          end
          linked.releases[at] = { order[ORDER_PART.client], asset, -high, -low }
        end
      end
    end
  end
  return linked
end

-- What goes with an order of a list that comes to its end, or begins to be filled as one of a pair. Returns `linked`, as it was for a plain order.
function lists.link_all(shard, linked, id, list)
  local kind = member_of(list)
  if not kind then return linked end
  local going, count = open_siblings(shard, id, kind)
  if count == 0 then return linked end
  return add_linked(shard, linked, id, going, count)
end

-- Whether a first has done all that it was to do: it is filled, or, by money, has traded as long as another lot fit.
local function is_fulfilled(status, reason, has_traded)
  return status == STATUS.filled or (reason == REASON.budget_exhausted and has_traded)
end

-- What comes of an order's list because of what became of the order: `status` and `reason` as they are now, `has_traded` whether just now.
function lists.link(shard, linked, id, list, status, reason, has_traded)
  local kind, role = member_of(list)
  if not kind then return linked end
  if role == FIRST and is_fulfilled(status, reason, has_traded) then
    linked = linked or add_linked(shard, nil, id, nil, 0)
    local at = linked.filled_count + 1
    linked.filled[at], linked.filled_count = id, at
    return linked
  end
  if status == STATUS.filled or status == STATUS.partially_filled or status == STATUS.open then
    if not (role == LEG and has_traded) then return linked end
  end
  return lists.link_all(shard, linked, id, list)
end

-- What comes of the lists of orders that a plan trades with, and of those that go because they are the taker's own.
function lists.of_plan(shard, makers, guard)
  local linked = nil
  if makers and makers.listed then
    local listed = makers.listed
    for i = 1, #listed do
      local at = MAKER_WIDTH * (listed[i] - 1)
      local done = makers[at + 5] == makers[at + 6]
      linked = lists.link(shard, linked, makers[at + 4], makers[at + 13], done and STATUS.filled or STATUS.partially_filled, '0', true)
    end
  end
  if guard then
    for i = 1, guard.count do
      local id = guard.ids[i]
      linked = lists.link_all(shard, linked, id, parse(shard, record_of(shard, id))[ORDER_PART.traits])
    end
  end
  return linked
end

-- Lets go of what those hold that are to be cancelled: ahead of accounts.keep.
function lists.release(shard, linked)
  if not shard.keeps_money then return end
  for i = 1, linked.count do
    local release = linked.releases[i]
    if release then hold(shard, release[1], release[2], release[3], release[4]) end
  end
end

-- An order of a pair is from now on to hold its cover for other lots, or at another price: what both share changes. `before` and `after` are the ticks,
-- lots, traits and fees of it.
function lists.share_anew(shard, id, instrument, side, client, before, after)
  local old_high, old_low = shared(shard, id, before.traits, instrument, side, before.ticks, before.lots, before.fees)
  local new_high, new_low = shared(shard, id, after.traits, instrument, side, after.ticks, after.lots, after.fees)
  if old_high == new_high and old_low == new_low then return end
  local scale = scale_of(shard, instrument)
  local asset = side == SELL and scale.base or scale.quote
  hold(shard, client, asset, old_high, old_low)
  hold(shard, client, asset, -new_high, -new_low)
end

local function is_placed_ahead(a, b)
  if a.placed ~= b.placed then return a.placed < b.placed end
  return a.rank < b.rank
end

-- What an entry's fills have filled has what waits for it go: who was placed first goes first. The sequence is the entry's.
function lists.queue(shard, book, linked)
  if linked.filled_count == 0 then return end
  local rows, count = {}, 0
  for i = 1, linked.filled_count do
    local id = linked.filled[i]
    local kind = member_of(parse(shard, record_of(shard, id))[ORDER_PART.traits])
    local waiting, waiting_count = open_siblings(shard, id, kind)
    for k = 1, waiting_count do
      count = count + 1
      rows[count] = { id = waiting[k], rank = count, placed = tonumber(parse(shard, record_of(shard, waiting[k]))[ORDER_PART.priority]) }
    end
  end
  table.sort(rows, is_placed_ahead)
  local queue = lists.queue_of(shard, book.instrument)
  for i = 1, count do queues.add(queue, shard.seq_text .. ',' .. rows[i].id) end
  if count > 0 then shard.cascade = book end
end

local function key_of(shard, instrument)
  return shard.tag .. 'released:' .. instrument
end

-- The queue of an instrument (core/queues.lua).
function lists.queue_of(shard, instrument)
  local known = shard.release_queues
  if not known then
    known = {}
    shard.release_queues = known
  end
  local queue = known[instrument]
  if not queue then
    queue = queues.open(key_of(shard, instrument), 0)
    -- While all trades there is no other than what meta tells of.
    if shard.released == instrument or (shard.has_rules and not catalogue.is_open(shard, instrument)) then queues.count(queue) end
    known[instrument] = queue
  end
  return queue
end

-- An instrument trades from now on.
function lists.wake(shard, instrument)
  local queue = shard.release_queues and shard.release_queues[instrument]
  if not queue then
    local stored = call('LLEN', key_of(shard, instrument))
    if stored == 0 then return end
    queue = lists.queue_of(shard, instrument)
    queue.stored = stored
  end
  shard.cascade = books.of(shard, instrument)
end

-- The order that goes next, and the sequence of the entry that has filled its list's first; nil where there is none.
function lists.next(shard, instrument)
  if shard.released ~= instrument and not (shard.release_queues and shard.release_queues[instrument]) then return nil end
  local queue = lists.queue_of(shard, instrument)
  while true do
    local row = queues.first(queue)
    if not row then return nil end
    local cause, id = match(row, '^(%d+),(.+)$')
    local record = record_of(shard, id)
    local order = record and parse(shard, record)
    if order and order[ORDER_PART.status] == STATUS.pending and lists.waits(order[ORDER_PART.traits]) then return id, cause end
    -- It has come to its end, or gone.
    queues.drop(queue)
  end
end

-- Goes on with what another call has left.
function lists.resume(shard)
  shard.cascade = books.of(shard, shard.released)
end

-- Whether what is left of an instrument's queue goes on: of one that does not trade it goes once it does.
local function goes_on(shard, instrument)
  return not shard.has_rules or catalogue.is_open(shard, instrument)
end

-- Writes what the call has changed of queues. Meta tells of which instrument something goes on.
function lists.flush(shard)
  local known, released = shard.release_queues or {}, shard.released
  -- A queue that nobody has looked at is as it was.
  local active = released and not known[released] and goes_on(shard, released) and released
  for instrument, queue in pairs(known) do
    queues.flush(queue)
    if queues.is_left(queue) and goes_on(shard, instrument) then active = instrument end
  end
  if active then call('HSET', shard.meta_key, 'released', active) elseif released then call('HDEL', shard.meta_key, 'released') end
end

lists.MARK, lists.member_of, lists.shared, lists.is_fulfilled = MARK, member_of, shared, is_fulfilled
