-- Order records and log entries: text that is a JSON array's inside, joined and split here only.
-- Positions are those of WireOrder and WireEntry in domain/log-entry.ts.

-- Strings in a record never hold a raw double quote (engine/commands/text.ts), so [^"]* is a whole string.
local RECORD = '^(%d+),"(%d+)",(%d),%d+,%d+,%d+,(%d+),(%d+),(%d+),(%d+),((%d),(%d),"([^"]*)","([^"]*)","([^"]*)","([^"]*)",%d+)$'
-- The part of it that matching needs of a maker.
local MAKER_RECORD = '^(%d+),"(%d+)",%d,%d+,%d+,%d+,(%d+),(%d+),(%d+),(%d+),(.+)$'
local TAIL_OWNER = '^%d,%d,"[^"]*","([^"]*)","([^"]*)"'

local function is_open(status)
  return status == STATUS.open or status == STATUS.partially_filled
end

-- An order record as a table; `tail` is what never changes in an order.
local function parse_record(record)
  local filled, notional, status, fill_seq, priority, price, quantity, tail, side, kind, instrument, client, client_order_id, id =
    string.match(record, RECORD)
  return {
    filled = tonumber(filled), filled_text = filled, notional = notional, status = status, fill_seq = fill_seq,
    priority = priority, price = tonumber(price), price_text = price, quantity = tonumber(quantity),
    quantity_text = quantity, tail = tail, side = side, kind = kind, instrument = instrument, client = client,
    client_order_id = client_order_id, id = id,
  }
end

-- The record of an order as it comes in: the 0s stand for "last changed when it took its priority, when it was created".
local function new_record(filled, notional, status, reason, fill_seq, priority, price, quantity, tail)
  return filled .. ',"' .. notional .. '",' .. status .. ',' .. reason .. ',0,0,' .. fill_seq .. ',' .. priority .. ','
    .. price .. ',' .. quantity .. ',' .. tail
end

-- The record of an order that changed. Every part is text.
local function format_record(shard, filled, notional, status, reason, fill_seq, priority, price, quantity, tail)
  return filled .. ',"' .. notional .. '",' .. status .. ',' .. reason .. ',' .. shard.seq_text .. ',' .. shard.time .. ','
    .. fill_seq .. ',' .. priority .. ',' .. price .. ',' .. quantity .. ',' .. tail
end

-- Appends the one entry of a command; the sequence has been advanced by `next_seq`. Returns the command's result:
-- the entry itself.
-- `orders` are records with `],[` between them, `fills` and `levels` the insides of JSON arrays; `request` is JSON or ''.
-- A stream takes a number alone as the id <number>-0.
local function append_entry(shard, kind, orders, fills, levels, idem, request, code, previous_fill)
  if request == '' then request = 'null' end
  local open, close = '[[', ']]'
  if orders == '' then open, close = '[', ']' end
  local payload = '[1,"' .. kind .. '",' .. shard.seq_text .. ',' .. shard.time .. ',' .. open .. orders .. close .. ',[' .. fills .. '],['
    .. levels .. '],"' .. idem .. '",' .. request .. ',' .. code .. ',' .. previous_fill .. ',"' .. shard.epoch .. '"]'
  call('XADD', shard.log_key, shard.seq_text, 'e', payload)
  if idem ~= '' then shard.idems[idem] = shard.seq_text .. ',' .. shard.second_text end
  shard.logged_seq = shard.seq
  return payload
end

local function next_seq(shard)
  local seq = shard.seq + 1
  shard.seq = seq
  shard.seq_text = text(seq)
end

-- Turns a command down. Without an idempotency key nothing is written; with one the answer is kept.
local function refuse(shard, code, record, idem, request)
  if idem == '' then
    if record then return 'X' .. code .. ',' .. record end
    return 'X' .. code
  end
  next_seq(shard)
  return append_entry(shard, 'refuse', record or '', '', '', idem, request, code, '0')
end

-- The stored answer of an idempotency key, or nil when the key is new or past its lifetime.
local function replay(shard, limits, idem)
  if idem == '' then return nil end
  local stored = shard.idems[idem] or call('HGET', shard.idem_key, idem)
  if not stored then return nil end
  local seq, second = string.match(stored, '^(%d+),(%d+)$')
  if shard.second - second >= limits.idempotency_ttl_s then return nil end
  local id = seq .. '-0'
  local found = call('XRANGE', shard.log_key, id, id)
  return 'R' .. stored .. ',' .. (found[1] and found[1][2][2] or '')
end
