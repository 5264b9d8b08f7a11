-- Order records and log entries: text that is a JSON array's inside, joined and split here only. Positions are those of
-- WireOrder and WireEntry in domain/log-entry.ts. A record as it is stored lacks the order's id, its last element, which
-- is the name of its field already: 25 bytes an order.

-- Strings in a record never hold a raw double quote (engine/commands/text.ts), so [^"]* is a whole string.
local RECORD = '^(%d+),"(%d+)",(%d),%d+,%d+,%d+,(%d+),(%d+),(%d+),(%d+),((%d),(%d),"([^"]*)","([^"]*)","([^"]*)",%d+)$'
-- The part of it that matching needs of a maker.
local MAKER_RECORD = '^(%d+),"(%d+)",%d,%d+,%d+,%d+,(%d+),(%d+),(%d+),(%d+),(.+)$'
local TAIL_OWNER = '^%d,%d,"[^"]*","([^"]*)","([^"]*)"'

local function is_open(status)
  return status == STATUS.open or status == STATUS.partially_filled
end

-- The parts of an order's record, all text, for unpack: filled, notional, status, fill_seq, priority, price, quantity,
-- tail (what never changes in an order), side, kind, instrument, client, client_order_id.
local PARSED_STATUS, PARSED_FILL_SEQ, PARSED_PRICE, PARSED_SIDE, PARSED_INSTRUMENT = 3, 4, 6, 9, 11

local function parts_of(record)
  return { match(record, RECORD) }
end

-- The same, once for each record of a call.
local function parse_record(shard, record)
  local parsed = shard.parsed[record]
  if not parsed then
    parsed = parts_of(record)
    shard.parsed[record] = parsed
  end
  return parsed
end

-- A record as results and entries hold it.
local function with_id(record, id)
  return record .. ',"' .. id .. '"'
end

-- The record of an order as it comes in: the 0s stand for "last changed when it took its priority, when it was created".
local function new_record(filled, notional, status, reason, fill_seq, priority, price, quantity, tail, time)
  return filled .. ',"' .. notional .. '",' .. status .. ',' .. reason .. ',0,0,' .. fill_seq .. ',' .. priority .. ','
    .. price .. ',' .. quantity .. ',' .. tail .. ',' .. time
end

-- The record of an order that changed. Every part is text.
local function format_record(shard, filled, notional, status, reason, fill_seq, priority, price, quantity, tail)
  return filled .. ',"' .. notional .. '",' .. status .. ',' .. reason .. ',' .. shard.seq_text .. ',' .. shard.time .. ','
    .. fill_seq .. ',' .. priority .. ',' .. price .. ',' .. quantity .. ',' .. tail
end

-- How the entries begin: version and kind.
local ENTRY = {
  place = '[2,"place",', cancel = '[2,"cancel",', amend = '[2,"amend",', mass_cancel = '[2,"mass_cancel",',
  refuse = '[2,"refuse",', keep = '[2,"keep",',
}

-- Adds the one entry of a command to those that the log gets at the end of the call; the sequence has been advanced by
-- `next_seq`. Returns the command's result: the entry itself.
-- `orders` are records with their ids and `],[` between them, but for the last id, which is `id`; '' for none. `fills` and
-- `levels` are the insides of JSON arrays; `request` is JSON or ''.
local function append_entry(shard, kind, orders, id, fills, levels, idem, request, code, previous_fill)
  local open, middle, close = ',[[', ',"', '"]],['
  if orders == '' then open, middle, close = ',[', '', '],[' end
  local ending = shard.plain_end
  if idem ~= '' or previous_fill ~= '0' then
    ending = '],"' .. idem .. '",' .. (request == '' and 'null' or request) .. ',' .. code .. ',' .. previous_fill .. shard.entry_end
  end
  local payload = kind .. shard.seq_text .. ',' .. shard.time .. open .. orders .. middle .. id .. close .. fills .. '],[' .. levels
    .. ending
  local count, entries = shard.entry_count + 1, shard.entries
  shard.entry_count = count
  entries[2 * count - 1], entries[2 * count] = 'e', payload
  if idem ~= '' then shard.idems[idem] = shard.seq_text .. ',' .. shard.second_text end
  return payload
end

local function next_seq(shard)
  local seq = shard.seq + 1
  shard.seq = seq
  shard.seq_text = text(seq)
end

-- Turns a command down. Without an idempotency key nothing is written; with one the answer is kept.
-- `record` and `id` are of the order that the refusal is about, if any.
local function refuse(shard, code, record, id, idem, request)
  if idem == '' then
    if record then return 'X' .. code .. ',' .. with_id(record, id) end
    return 'X' .. code
  end
  next_seq(shard)
  return append_entry(shard, ENTRY.refuse, record or '', record and id or '', '', '', idem, request, code, '0')
end

-- The log's entry of a sequence, nil when it is not there any more.
local function entry_at(log_key, seq)
  local found = call('XRANGE', log_key, text(seq), '+', 'COUNT', 1)[1]
  if not found then return nil end
  -- The entries of one call stand together, under the sequence of the last.
  local fields = found[2]
  local at = #fields - 2 * (tonumber(match(found[1], '^%d+')) - seq)
  return at > 0 and fields[at] or nil
end

-- The stored answer of an idempotency key, or nil when the key is new or past its lifetime.
local function replay(shard, limits, idem)
  if idem == '' then return nil end
  local stored = shard.idems[idem]
  if not stored then
    stored = shard.stored_idems[idem]
    if stored == nil then stored = call('HGET', shard.idem_key, idem) end
    if not stored then return nil end
  end
  local seq, second = match(stored, '^(%d+),(%d+)$')
  if shard.second - second >= limits.idempotency_ttl_s then return nil end
  seq = tonumber(seq)
  local payload
  if seq > shard.opening_seq then payload = shard.entries[2 * (seq - shard.opening_seq)] else payload = entry_at(shard.log_key, seq) end
  return 'R' .. stored .. ',' .. (payload or '')
end
