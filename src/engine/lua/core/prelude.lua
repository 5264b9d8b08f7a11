-- What every file of the library may name without asking for it. It stands outside of the files' own blocks, so each local
-- here is one of the 200 that Lua gives a chunk.
--
-- A call of a function costs as much as a dozen looks into tables: on the way of plain orders, what the call of the library knows already
-- (`shard.books[instrument] or book_of(shard, instrument)`) is looked up in place, and its function asked where it does not.

-- What is not there yet while a library loads is bound when one of its functions is called: a name of our own costs less
-- than one looked up among the globals each time.
local call, format, match, gmatch, find, sub, byte, concat, floor, unpack, tonumber

local function bind()
  call, format, match, gmatch, find, sub, byte = redis.call, string.format, string.match, string.gmatch, string.find, string.sub, string.byte
  concat, floor, unpack, tonumber = table.concat, math.floor, _G.unpack, _G.tonumber
end

-- An integer as exact text. Lua's own conversion prints 14 digits; %d prints the integer that it is, and costs half.
-- Every amount is an integer of at most 2^53 - 1 (domain/amounts.ts). Printing a number is among the dearest things
-- Lua does here, so text that came in as text is passed on as text.
local EXACT_MAX = 9007199254740991

local function text(n)
  return format('%d', n)
end

local BUY, SELL = '0', '1'
local OPPOSITE = { [BUY] = SELL, [SELL] = BUY }

-- Values that a plan has of each maker, one maker behind the other: a table of its own for each would cost more than its trade.
-- They are: member, price, lots traded, id, lots filled then, quantity, and MAKER_PARTS behind the first of them.
local MAKER_WIDTH = 14

-- Most values handed to one variadic redis.call; Lua's stack holds about 8,000.
local VARIADIC_MAX = 2000

local function call_many(command, key, values, count)
  if count == 0 then return end
  if count <= VARIADIC_MAX then
    call(command, key, unpack(values, 1, count))
    return
  end
  for first = 1, count, VARIADIC_MAX do
    call(command, key, unpack(values, first, math.min(first + VARIADIC_MAX - 1, count)))
  end
end

-- Writes a table's pairs as fields of a hash.
local function set_fields(key, fields)
  local values, count = {}, 0
  for field, value in pairs(fields) do
    values[count + 1], values[count + 2] = field, value
    count = count + 2
  end
  call_many('HSET', key, values, count)
end

-- Brings a key to what has changed in it: name -> value, or false for what is gone. `value_at` and `name_at` say which of the two the command
-- that adds has first (1) and second (2).
local function change(key, changes, remove, add, value_at, name_at)
  local added, added_count, removed, removed_count = {}, 0, {}, 0
  for name, value in pairs(changes) do
    if value then
      added[added_count + value_at], added[added_count + name_at] = value, name
      added_count = added_count + 2
    else
      removed_count = removed_count + 1
      removed[removed_count] = name
    end
  end
  call_many(remove, key, removed, removed_count)
  call_many(add, key, added, added_count)
end

-- A sorted set: member -> score.
local function change_members(key, changes)
  change(key, changes, 'ZREM', 'ZADD', 1, 2)
end

-- A hash: field -> value.
local function change_fields(key, changes)
  change(key, changes, 'HDEL', 'HSET', 2, 1)
end
