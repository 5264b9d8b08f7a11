-- Trailing stops (domain/trailing.ts): where one stands follows from the best trade since it was placed, so one trade may move all of them.
-- Those of one instrument, from one direction, with distances of one measure are a trail. Orders of a trail with the same best price are a
-- group, ordered by distance: whatever the best price is, the nearest of them stays the nearest. Who came earlier has seen more trades, so
-- groups stand by when their orders began to trail as by their best price. A trade beyond some of these moves them on to its price, and makes one
-- group of them: a smaller one goes into a larger. Only the nearest order of each group stands among those that wait for a price
-- (core/stops.lua), at the price where it is now.
--
-- Keys: trails:<instrument>:<rising|falling>:<offset|percent>  sorted set of a trail's groups: score = the sequence from which on its orders
--                                            began to trail, member = `best price,store` (0 where there was no trade yet)
--       trail:<instrument>:<rising|falling>:<offset|percent>:<store>  sorted set of a group's orders: score = distance, member = priority +
--                                            order id
--       meta                                 trailing: `;<instrument>:<direction>:<measure>;...;`, the trails that there are

local open_rank, nearest, put, take, priority_of = ranks.open, ranks.nearest, ranks.put, ranks.take, ranks.priority_of
local member_of, settle, traits_of, share_of = books.member_of, heads.settle, traits.of, amounts.share_of
local FALLING, RISING = BUY, SELL
local OFFSET, PERCENT = TRAIT.trailingOffset, TRAIT.trailingPercent
local NAMES = { [FALLING] = { [OFFSET] = ':falling:offset', [PERCENT] = ':falling:percent' }, [RISING] = { [OFFSET] = ':rising:offset', [PERCENT] = ':rising:percent' } }
-- Groups read at once behind the newest.
local PAGE_FIRST, PAGE_GROWTH, PAGE_MAX = 4, 8, 256
-- Of two groups with one best price the smaller goes into the larger where it has no more orders than this: else both stay.
local MERGED_MAX = 256

-- By which measure and distance an order trails, and since which sequence (0 where it has not begun), told from its traits: all text; nil for one
-- that does not.
function trails.of_traits(list)
  local found = traits_of(list)
  if not found or found[TRAIT.trigger] ~= TRIGGER.trailing_stop then return nil end
  local measure = found[OFFSET] and OFFSET or PERCENT
  return measure, found[measure], found[TRAIT.trailsSince]
end

-- Where an order stands at a distance behind a best price, nil where no trade can be. A fraction is rounded up.
local function stop_of(direction, measure, best, distance)
  if best == 0 then return nil end
  local off = distance
  if measure == PERCENT then
    local whole, left = share_of(best, distance)
    off = left > 0 and whole + 1 or whole
  end
  if direction == FALLING then return best > off and best - off or nil end
  return off <= EXACT_MAX - best and best + off or nil
end

-- Whether a trade at a price is better than the best one.
local function is_better(direction, price, best)
  if best == 0 then return true end
  if direction == FALLING then return price > best end
  return price < best
end

-- Where a trail's name stands among those that there are, nil where it does not.
local function name_at(shard, name)
  local from, to = find(shard.trailing or '', ';' .. name .. ';', 1, true)
  return from, to
end

-- A trail of a book, nil where nobody trails so. `makes`: then it is made.
local function trail_of(shard, book, direction, measure, makes)
  local name = book.instrument .. NAMES[direction][measure]
  local is_there = name_at(shard, name) ~= nil
  if not is_there and not makes then return nil end
  local known = book.trails
  if not known then
    known = {}
    book.trails = known
  end
  local trail = known[name]
  if not trail then
    trail = {
      name = name, key = shard.tag .. 'trails:' .. name, direction = direction, measure = measure,
      -- Groups as far as they were read, the newest first, `others` among the older ones; what changes of them; stores that are emptied.
      groups = {}, is_whole = not is_there, page = PAGE_FIRST, read_from = '+inf', others = {}, changes = {}, emptied = {},
    }
    known[name] = trail
  end
  if not is_there then shard.trailing = (shard.trailing or ';') .. name .. ';' end
  return trail
end

local function text_of(group)
  return text(group.best) .. ',' .. group.store
end

local function open_group(shard, trail, first, best, store)
  return { first = first, best = best, store = store, rank = open_rank(shard.tag .. 'trail:' .. trail.name .. ':' .. store, SELL) }
end

-- The order of a group that goes first at a best price, and where it stands; nil where none of them can.
local function head_at(shard, trail, group, best)
  local rank = group.rank
  local distance, member = nearest(shard, rank)
  if not distance then return nil end
  local direction, measure = trail.direction, trail.measure
  local price = stop_of(direction, measure, best, distance)
  if not price or measure == OFFSET then return price and member, price end
  -- Several fractions may come to the same price: of their orders the oldest goes first.
  settle(rank)
  local least = priority_of(member)
  while true do
    local found = call('ZRANGEBYSCORE', rank.key, '(' .. text(distance), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
    if not found[1] then break end
    distance = tonumber(found[2])
    if stop_of(direction, measure, best, distance) ~= price then break end
    local priority = priority_of(found[1])
    if priority < least then member, least = found[1], priority end
  end
  return member, price
end

-- The order of a group that stands among those that wait for a price. Known before anything of the group changes.
local function learn(shard, trail, group)
  if group.is_known then return end
  group.shown, group.price = head_at(shard, trail, group, group.best)
  group.is_known = true
end

-- Has another of a group's orders stand there, at its price; none where `member` is nil.
local function show(waiting, group, member, price)
  if group.shown and group.shown ~= member then take(waiting, group.shown) end
  if member and (group.shown ~= member or group.price ~= price) then put(waiting, member, price, text(price)) end
  group.shown, group.price, group.is_known = member, price, true
end

-- A group as its trail's sorted set has it, the same one each time.
local function stored_group(shard, trail, member, score)
  local best, store = match(member, '^(%d+),(%d+)$')
  local group = trail.others[store]
  if not group then
    group = open_group(shard, trail, tonumber(score), tonumber(best), store)
    trail.others[store] = group
  end
  return group
end

-- Reads further groups of a trail. Returns whether there were any.
local function read_on(shard, trail)
  if trail.is_whole then return false end
  local groups = trail.groups
  local before = #groups
  while #groups == before and not trail.is_whole do
    local page = call('ZREVRANGEBYSCORE', trail.key, trail.read_from, '-inf', 'WITHSCORES', 'LIMIT', 0, trail.page)
    trail.is_whole = #page < 2 * trail.page
    trail.page = math.min(trail.page * PAGE_GROWTH, PAGE_MAX)
    for i = 1, #page, 2 do
      local group = stored_group(shard, trail, page[i], page[i + 1])
      trail.others[group.store] = nil
      if not group.is_gone then groups[#groups + 1] = group end
      trail.read_from = '(' .. page[i + 1]
    end
  end
  return #groups > before
end

local function newest(shard, trail)
  local group = trail.groups[1]
  if group or not read_on(shard, trail) then return group end
  return trail.groups[1]
end

-- The group of an order that began to trail at a sequence.
local function group_of(shard, trail, since)
  newest(shard, trail)
  for _, group in ipairs(trail.groups) do
    if group.first <= since then return group end
  end
  local found = call('ZREVRANGEBYSCORE', trail.key, text(since), '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if not found[1] then error('no group of ' .. trail.name .. ' is of an order that trails since ' .. text(since)) end
  return stored_group(shard, trail, found[1], found[2])
end

-- Whether any order trails in a book.
function trails.are_there(shard, book)
  return shard.trailing and find(shard.trailing, ';' .. book.instrument .. ':', 1, true) ~= nil
end

-- A new order begins to trail: `last` is the price of the instrument's last trade, 0 where there was none. `waiting` are those that wait for
-- a price from its direction.
function trails.begin(shard, book, waiting, direction, measure, distance_text, last, id)
  local trail = trail_of(shard, book, direction, measure, true)
  local group = newest(shard, trail)
  if not group or group.best ~= last then
    group = open_group(shard, trail, shard.seq, last, shard.seq_text)
    group.rank.head = { count = 0, first = 1, complete = true, members = {}, prices = {} }
    table.insert(trail.groups, 1, group)
    trail.changes[text_of(group)] = group.first
  end
  trails.put(shard, trail, group, waiting, distance_text, shard.seq_text, id)
end

-- An order takes its place in its group, behind those of the same distance.
function trails.put(shard, trail, group, waiting, distance_text, priority_text, id)
  learn(shard, trail, group)
  local member, distance = member_of(shard, priority_text, id), tonumber(distance_text)
  put(group.rank, member, distance, distance_text)
  group.size = nil
  local price = stop_of(trail.direction, trail.measure, group.best, distance)
  -- At the same price it came later than who stands there.
  if price and (not group.shown or is_better(trail.direction, price, group.price)) then show(waiting, group, member, price) end
end

-- Takes an order out of its group. Returns the trail and the group.
local function take_out(shard, book, waiting, direction, measure, since, priority_text, id)
  local trail = trail_of(shard, book, direction, measure)
  local group = group_of(shard, trail, since)
  learn(shard, trail, group)
  local member = member_of(shard, priority_text, id)
  take(group.rank, member)
  group.size = nil
  if group.shown == member then show(waiting, group, head_at(shard, trail, group, group.best)) end
  return trail, group
end

-- Nobody is left of a group.
local function drop(shard, trail, group)
  group.is_gone = true
  trail.changes[text_of(group)] = false
  trail.emptied[#trail.emptied + 1] = group.rank.key
  local groups = trail.groups
  for i = 1, #groups do
    if groups[i] == group then
      table.remove(groups, i)
      break
    end
  end
  if newest(shard, trail) then return end
  local from, to = name_at(shard, trail.name)
  shard.trailing = sub(shard.trailing, 1, from) .. sub(shard.trailing, to + 1)
end

-- An order waits no more. Returns the best price that it has seen, 0 for none.
function trails.leave(shard, book, waiting, direction, measure, since, priority_text, id)
  local trail, group = take_out(shard, book, waiting, direction, measure, since, priority_text, id)
  if not nearest(shard, group.rank) then drop(shard, trail, group) end
  return group.best
end

-- The best price that an order has seen which stays.
function trails.best_of(shard, book, direction, measure, since)
  return group_of(shard, trail_of(shard, book, direction, measure), since).best
end

-- An order trails on at another distance, or behind those of its own. Returns the best price that it has seen and where it stands then, nil for
-- nowhere.
function trails.move(shard, book, waiting, direction, measure, since, priority_text, distance_text, id)
  local trail, group = take_out(shard, book, waiting, direction, measure, since, priority_text, id)
  trails.put(shard, trail, group, waiting, distance_text, shard.seq_text, id)
  return group.best, stop_of(direction, measure, group.best, tonumber(distance_text))
end

-- The better one of a best price and those that an entry moves on to.
function trails.seen(direction, best, first, last)
  local price = direction == FALLING and math.max(first, last) or math.min(first, last)
  return is_better(direction, price, best) and price or best
end

-- The best price that an order has seen, as a number, of a shard that nothing changes: `side` is the order's, `first` and `last` are the
-- prices of an entry that has moved on a part of what trails, nil for none.
function trails.read_best(tag, instrument, side, measure, since_text, first, last)
  local direction = OPPOSITE[side]
  local found = call('ZREVRANGEBYSCORE', tag .. 'trails:' .. instrument .. NAMES[direction][measure], since_text, '-inf', 'LIMIT', 0, 1)
  local best = tonumber(match(found[1], '^%d+'))
  return first and trails.seen(direction, best, first, last) or best
end

-- The members of a group's store, those that are pending among them.
local function each_member(group, visit)
  local rank = group.rank
  local stored = call('ZRANGE', rank.key, 0, -1, 'WITHSCORES')
  for i = 1, #stored, 2 do
    if rank.members[stored[i]] == nil then visit(stored[i], stored[i + 1]) end
  end
  for member, distance in pairs(rank.members) do
    if distance then visit(member, distance) end
  end
end

-- How many orders a group has.
local function size_of(group)
  local size = group.size
  if not size then
    size = call('ZCARD', group.rank.key)
    for member, change in pairs(group.rank.members) do
      local is_stored = call('ZSCORE', group.rank.key, member)
      if change and not is_stored then size = size + 1 elseif not change and is_stored then size = size - 1 end
    end
    group.size = size
  end
  return size
end

-- A group is moved on to a trade's price.
local function move(shard, trail, waiting, group, price)
  learn(shard, trail, group)
  trail.changes[text_of(group)] = false
  local member, stop = head_at(shard, trail, group, price)
  group.best = price
  trail.changes[text_of(group)] = group.first
  show(waiting, group, member, stop)
end

-- Whether the order that leads one group goes ahead of the one that leads another.
local function leads(direction, one, other)
  if not one.shown or not other.shown then return one.shown ~= nil end
  if one.price ~= other.price then return is_better(direction, one.price, other.price) end
  return priority_of(one.shown) < priority_of(other.shown)
end

-- Makes one group of two that stand side by side and have the same best price: the smaller goes into the larger. Returns it, and how many orders
-- were moved; nil where those were too many.
local function merge(shard, trail, waiting, newer, older)
  local into, from = older, newer
  if size_of(newer) > size_of(older) then into, from = newer, older end
  local moved = size_of(from)
  if moved > MERGED_MAX then return nil end
  -- Another call may have moved it here.
  learn(shard, trail, newer)
  if leads(trail.direction, from, into) then
    if into.shown then take(waiting, into.shown) end
    into.shown, into.price = from.shown, from.price
  elseif from.shown then
    take(waiting, from.shown)
  end
  each_member(from, function(member, distance) put(into.rank, member, tonumber(distance), distance) end)
  into.first, into.size = older.first, into.size + moved
  trail.changes[text_of(from)], trail.changes[text_of(into)] = false, into.first
  trail.emptied[#trail.emptied + 1] = from.rank.key
  from.is_gone = true
  return into, moved
end

-- Moves a trail on to a trade's price, the newest group first, as far as `left` (groups and orders that are moved) allows: of what another call
-- has moved the rest. Returns what is left of that, nil where more is to be moved.
local function advance(shard, trail, waiting, price, left)
  local direction, groups, at = trail.direction, trail.groups, 1
  while true do
    local group = groups[at]
    if not group and read_on(shard, trail) then group = groups[at] end
    if not group or not (group.best == price or is_better(direction, price, group.best)) then return left end
    if group.best ~= price then
      if left <= 0 then return nil end
      move(shard, trail, waiting, group, price)
      left = left - 1
      local one, moved
      if at > 1 then one, moved = merge(shard, trail, waiting, groups[at - 1], group) end
      if one then
        left = left - moved
        groups[at - 1] = one
        table.remove(groups, at)
      else
        at = at + 1
      end
    else
      at = at + 1
    end
  end
end

-- Moves all orders that trail in a book on to trades between two prices, as `advance` does. `waiting`: those that wait for a price, by direction.
function trails.advance(shard, book, waiting, low, high, left)
  for direction, names in pairs(NAMES) do
    for measure in pairs(names) do
      local trail = trail_of(shard, book, direction, measure)
      if trail then left = advance(shard, trail, waiting[direction], direction == FALLING and high or low, left) end
      if not left then return nil end
    end
  end
  return left
end

-- Writes what the call has changed of a book's trails.
function trails.flush(shard, book)
  for _, trail in pairs(book.trails) do
    change_members(trail.key, trail.changes)
    trail.changes = {}
    for _, group in ipairs(trail.groups) do books.flush_members(group.rank) end
    for _, group in pairs(trail.others) do if not group.is_gone then books.flush_members(group.rank) end end
    for _, key in ipairs(trail.emptied) do call('UNLINK', key) end
    trail.emptied = {}
  end
end
