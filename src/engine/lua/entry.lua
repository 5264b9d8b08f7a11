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
    filled = tonumber(filled), notional = notional, status = tonumber(status), fill_seq = fill_seq,
    priority = tonumber(priority), price = tonumber(price), price_text = price, quantity = tonumber(quantity),
    tail = tail, side = tonumber(side), kind = tonumber(kind), instrument = instrument, client = client,
    client_order_id = client_order_id, id = id,
  }
end

local function format_record(shard, filled_text, notional, status, reason, fill_seq, priority, price_text, quantity_text, tail)
  return filled_text .. ',"' .. notional .. '",' .. status .. ',' .. reason .. ',' .. shard.seq .. ',' .. shard.time .. ','
    .. fill_seq .. ',' .. priority .. ',' .. price_text .. ',' .. quantity_text .. ',' .. tail
end

-- Appends the one entry of a command; shard.seq has been advanced by `next_seq`. Returns the command's result.
-- `orders`, `fills` and `levels` are the insides of JSON arrays; `request` is JSON or ''.
local function append_entry(shard, kind, orders, fills, levels, idem, request, code, previous_fill)
  local seq = shard.seq
  if request == '' then request = 'null' end
  local payload = '[1,"' .. kind .. '",' .. seq .. ',' .. shard.time .. ',[' .. orders .. '],[' .. fills .. '],[' .. levels
    .. '],"' .. idem .. '",' .. request .. ',' .. code .. ',' .. previous_fill .. ']'
  call('XADD', shard.log_key, seq .. '-0', 'e', payload)
  if idem ~= '' then
    call('HSET', shard.idem_key, idem, seq .. ',' .. shard.second)
  end
  shard.logged_seq = seq
  return 'E' .. payload
end

local function next_seq(shard)
  shard.seq = shard.seq + 1
end

-- Turns a command down. Without an idempotency key nothing is written; with one the answer is kept.
local function refuse(shard, code, record, idem, request)
  if idem == '' then
    if record then return 'X' .. code .. ',' .. record end
    return 'X' .. code
  end
  next_seq(shard)
  return append_entry(shard, 'refuse', record and '[' .. record .. ']' or '', '', '', idem, request, code, 0)
end

-- The stored answer of an idempotency key, or nil when the key is new or past its lifetime.
local function replay(shard, limits, idem)
  if idem == '' then return nil end
  local stored = call('HGET', shard.idem_key, idem)
  if not stored then return nil end
  local seq, second = string.match(stored, '^(%d+),(%d+)$')
  if shard.second - second >= limits.idempotency_ttl_s then return nil end
  local id = seq .. '-0'
  local found = call('XRANGE', shard.log_key, id, id)
  return 'R' .. stored .. ',' .. (found[1] and found[1][2][2] or '')
end
