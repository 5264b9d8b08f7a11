-- What falls due at a time of its own. It stands in one sorted set, by that time; `due_us` of meta is the earliest, so that a call
-- tells by one number whether there is something to do ahead of its commands.
--
-- A member is a letter and what falls due: O and the id of an open order; A, a client and an instrument ('' for all), as client","instrument:
-- a dead man's switch; K and an account that was stopped and has open orders yet; L and the lease of a connection.

local ORDER = 'O'
dues.KILL, dues.SWITCH, dues.LEASE = 'K', 'A', 'L'
local TIMED = { [KIND.limit_gtd] = true, [KIND.limit_day] = true }
local KIND_IN_TAIL = '^%d,(%d+),'
dues.ORDER = ORDER

-- Enters something, or moves it to another time, in microseconds.
local function set(shard, member, time_us)
  shard.dues[member] = text(time_us)
  shard.has_dues = true
end

local function drop(shard, member)
  shard.dues[member] = false
end

-- An open order that ends by itself.
function dues.add_order(shard, id, time_us)
  set(shard, ORDER .. id, time_us)
end

-- An order that is done; `tail` is that of its record. Asked only where something is due at all (`shard.has_dues`).
function dues.drop_order(shard, id, tail)
  if TIMED[match(tail, KIND_IN_TAIL)] then drop(shard, ORDER .. id) end
end

local function key_of(shard)
  return shard.tag .. 'due'
end

-- What has fallen due by now, at most `count`, the earliest first: members and their times by turns.
function dues.fallen(shard, count)
  if next(shard.dues) then
    change_members(key_of(shard), shard.dues)
    shard.dues = {}
    shard.dues_written = true
  end
  return call('ZRANGEBYSCORE', key_of(shard), '-inf', shard.time, 'WITHSCORES', 'LIMIT', 0, count)
end

function dues.flush(shard)
  if not shard.dues_written and not next(shard.dues) then return end
  change_members(key_of(shard), shard.dues)
  local first = call('ZRANGE', key_of(shard), 0, 0, 'WITHSCORES')[2]
  if first then call('HSET', shard.meta_key, 'due_us', text(tonumber(first))) else call('HDEL', shard.meta_key, 'due_us') end
end

dues.set, dues.drop = set, drop
