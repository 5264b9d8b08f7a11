-- Log entries: what a call's commands add to the shard's log.

local with_id = records.with_id

-- How the entries begin: version and kind.
local HEAD = '[' .. ENTRY_VERSION .. ',"'
local OPENING = {
  place = HEAD .. 'place",', cancel = HEAD .. 'cancel",', amend = HEAD .. 'amend",', mass_cancel = HEAD .. 'mass_cancel",',
  refuse = HEAD .. 'refuse",', keep = HEAD .. 'keep",', account = HEAD .. 'account",', transfer = HEAD .. 'transfer",',
  transfer_end = HEAD .. 'transfer_end",', fee_group = HEAD .. 'fee_group",', due = HEAD .. 'due",', kill = HEAD .. 'kill",', cancel_after = HEAD .. 'cancel_after",', lease = HEAD .. 'lease",', instrument = HEAD .. 'instrument",', trigger = HEAD .. 'trigger",',
  list = HEAD .. 'list",', auction = HEAD .. 'auction",',
}
log.OPENING = OPENING

function log.next_seq(shard)
  local seq = shard.seq + 1
  shard.seq = seq
  shard.seq_text = format('%d', seq)
end

-- How an entry ends behind its events. `request` is JSON or ''.
local function ending(shard, idem, request)
  if idem == '' and request == '' then return shard.plain_end end
  return '],"' .. idem .. '",' .. (request == '' and 'null' or request) .. shard.entry_end
end

-- Adds the one entry of a command to those that the log gets at the end of the call; the sequence has been advanced by
-- `next_seq`. Returns the command's result: the entry itself. A command joins its entry in one step: an opening, sequence,
-- time, itself, its code, its events and an ending.
local function add(shard, idem, entry)
  local count, entries = shard.entry_count + 1, shard.entries
  shard.entry_count = count
  entries[2 * count - 1], entries[2 * count] = 'e', entry
  if idem ~= '' then shard.idems[idem] = shard.seq_text .. ',' .. shard.second_text end
  return entry
end

local function keep_refusal(shard, code, shown, asked, idem, request)
  log.next_seq(shard)
  return add(shard, idem, OPENING.refuse .. shard.seq_text .. ',' .. shard.time .. ',' .. asked .. ',' .. code .. ',[' .. shown
    .. ending(shard, idem, request))
end

-- Turns a command down. Without an idempotency key nothing is written; with one the answer is kept.
-- `record` and `id` are of the order that the refusal is about, if any. `asked` is the command as JSON.
function log.refuse(shard, code, record, id, asked, idem, request)
  if idem == '' then
    if record then return 'X' .. code .. ',' .. with_id(record, id) end
    return 'X' .. code
  end
  return keep_refusal(shard, code, record and '[' .. EVENT.shown .. ',' .. with_id(record, id) .. ']' or '', asked, idem, request)
end

-- The same with an event that says what the refusal is about: its inside.
function log.refuse_telling(shard, code, event, asked, idem, request)
  if idem == '' then return 'X' .. code .. ',' .. event end
  return keep_refusal(shard, code, '[' .. event .. ']', asked, idem, request)
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

-- The entry of a sequence, of this call or of one before; '' when it is not there any more.
local function payload_of(shard, seq)
  if seq > shard.opening_seq then return shard.entries[2 * (seq - shard.opening_seq)] end
  return entry_at(shard.log_key, seq) or ''
end

-- The stored answer of an idempotency key, or nil when the key is new or past its lifetime.
function log.answered(shard, limits, idem)
  if idem == '' then return nil end
  local stored = shard.idems[idem]
  if not stored then
    stored = shard.stored_idems[idem]
    if stored == nil then stored = call('HGET', shard.idem_key, idem) end
    if not stored then return nil end
  end
  local seq, second = match(stored, '^(%d+),(%d+)$')
  if shard.second - second >= limits.idempotency_ttl_s then return nil end
  return 'R' .. stored .. ',' .. payload_of(shard, tonumber(seq))
end

-- The stored answer of what happens once for ever, or nil where it has not happened.
function log.referred(shard, reference)
  if reference == '' then return nil end
  local stored = shard.references[reference] or call('HGET', shard.tag .. 'references', reference)
  if not stored then return nil end
  return 'Q' .. stored .. ',' .. payload_of(shard, tonumber(match(stored, '^%d+')))
end

-- Appends the entries of the call to the log: all of them, or as many as `logged_count` says.
function log.write(shard)
  while shard.logged_count < shard.entry_count do
    local last = math.min(shard.logged_count + VARIADIC_MAX / 2, shard.entry_count)
    -- A stream takes a number alone as the id <number>-0.
    call('XADD', shard.log_key, text(shard.opening_seq + last), unpack(shard.entries, 2 * shard.logged_count + 1, 2 * last))
    shard.logged_count = last
  end
end

log.ending, log.add, log.entry_at = ending, add, entry_at
