-- Order records: text that is a JSON array's inside, split and joined here only, by patterns and builders that
-- engine/lua-layouts.ts makes from the table of layouts: `new_record` for an order as it comes in, `resting_record` for one
-- that traded nothing and waits, `changed_record` for one that changed. A record as it is stored lacks the order's id, its last
-- element, which is the name of its field already: 25 bytes an order.

-- Of orders that have not come to their end: they wait in the book, or for their price.
records.OPEN = { [STATUS.open] = true, [STATUS.partially_filled] = true, [STATUS.pending] = true }

function records.is_open(status)
  return records.OPEN[status] == true
end

-- The tail of an order that leaves its place: from now on it tells where it was placed.
function records.moved(tail, priority)
  return sub(tail, -2) == ',0' and sub(tail, 1, -2) .. priority or tail
end

-- The parts of a record, all text, for unpack: they are ORDER_PARTS.
local function parts_of(record)
  local parts = { match(record, ORDER_PATTERN) }
  if not parts[1] then error('an order record of an unknown layout: ' .. record) end
  return parts
end

-- The same, once for each record of a call.
function records.parse(shard, record)
  local parsed = shard.parsed[record]
  if not parsed then
    parsed = parts_of(record)
    shard.parsed[record] = parsed
  end
  return parsed
end

-- A record as results and entries hold it.
function records.with_id(record, id)
  return record .. ',"' .. id .. '"'
end

-- Reads what is not known of some orders ahead, in one command.
function records.read(shard, ids)
  local records, stored = shard.records, shard.stored_records
  local missing, count = {}, 0
  for i = 1, #ids do
    local id = ids[i]
    if not records[id] and stored[id] == nil then
      count = count + 1
      missing[count] = id
      stored[id] = false
    end
  end
  if count == 0 then return end
  local found = call('HMGET', shard.orders_key, unpack(missing, 1, count))
  for i = 1, count do stored[missing[i]] = found[i] end
end

-- The record of an order, nil or false where there is none.
function records.of(shard, id)
  local record = shard.records[id]
  if record then return record end
  record = shard.stored_records[id]
  if record == nil then
    record = call('HGET', shard.orders_key, id)
    shard.stored_records[id] = record
  end
  return record
end

function records.store(shard, id, record)
  shard.records[id] = record
end

-- A record, or terms, with other traits in the place of those that it has.
function records.with_traits(record, old, new)
  local from, to = find(record, '[' .. old .. ']', 1, true)
  return sub(record, 1, from) .. new .. sub(record, to)
end

records.parts_of = parts_of
