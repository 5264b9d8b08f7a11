-- execute: runs a batch of independent commands, in order.
-- Keys: {shard}:meta (every other key is derived from its tag and lies in the same slot).
-- Arguments: fills_max, open_orders_max, backlog_max, idempotency_ttl_s, epoch ('' for any), sequence_min, then for
--   each command its letter and its arguments.
-- Returns: one string per command, or an error reply `STATE <code>` when the shard takes no commands.

local parse, is_open, book_of, want_total = records.parse, records.is_open, books.of, levels.want
local PLACE, CANCEL, AMEND = LETTER.place, LETTER.cancel, LETTER.amend
-- Where a command has what is read ahead of it, counted from its letter.
local PLACE_INSTRUMENT, PLACE_SIDE, PLACE_KIND, PLACE_PRICE, PLACE_NAME, PLACE_IDEM = ARGUMENT_AT.place.instrument, ARGUMENT_AT.place.side,
  ARGUMENT_AT.place.kind, ARGUMENT_AT.place.price, ARGUMENT_AT.place.name, ARGUMENT_AT.place.idem
local CANCEL_ID, CANCEL_NAME, CANCEL_IDEM = ARGUMENT_AT.cancel.id, ARGUMENT_AT.cancel.name, ARGUMENT_AT.cancel.idem
local AMEND_ID, AMEND_NAME, AMEND_IDEM = ARGUMENT_AT.amend.id, ARGUMENT_AT.amend.name, ARGUMENT_AT.amend.idem

-- By letter: the function that carries a command out, and how many arguments it has.
local HANDLERS = {
  [LETTER.place] = { place.run, ARGUMENTS.place },
  [LETTER.cancel] = { cancel.run, ARGUMENTS.cancel },
  [LETTER.amend] = { amend.run, ARGUMENTS.amend },
  [LETTER.mass_cancel] = { mass_cancel.run, ARGUMENTS.mass_cancel },
}
local FIRST_COMMAND = ARGUMENTS.execute + 1

-- Stops the shard until recovery has rebuilt it; `problem` is what pcall caught.
local function fault(shard, problem)
  call('HSET', shard.meta_key, 'state', 'faulted', 'fault', type(problem) == 'table' and tostring(problem.err) or tostring(problem))
end

-- Reads what the commands of a call name, many in one command each: what it does not foresee is read when it is needed.
local function read_ahead(shard, argv)
  local idems, idem_count, names, name_count, ids, id_count = {}, 0, {}, 0, {}, 0
  local at = FIRST_COMMAND
  while argv[at] do
    local letter = argv[at]
    local idem, name, id = '', '', ''
    if letter == PLACE then
      name, idem = argv[at + PLACE_NAME], argv[at + PLACE_IDEM]
      if kinds[argv[at + PLACE_KIND]].may_rest then
        want_total(book_of(shard, argv[at + PLACE_INSTRUMENT])[argv[at + PLACE_SIDE]], argv[at + PLACE_PRICE])
      end
    elseif letter == CANCEL then
      id, name, idem = argv[at + CANCEL_ID], argv[at + CANCEL_NAME], argv[at + CANCEL_IDEM]
    elseif letter == AMEND then
      id, name, idem = argv[at + AMEND_ID], argv[at + AMEND_NAME], argv[at + AMEND_IDEM]
    end
    if idem ~= '' then
      idem_count = idem_count + 1
      idems[idem_count] = idem
    end
    if name ~= '' then
      name_count = name_count + 1
      names[name_count] = name
    end
    if id ~= '' then
      id_count = id_count + 1
      ids[id_count] = id
    end
    at = at + 1 + HANDLERS[letter][2]
  end
  if idem_count > 0 then
    local found, stored = call('HMGET', shard.idem_key, unpack(idems, 1, idem_count)), shard.stored_idems
    for i = 1, idem_count do stored[idems[i]] = found[i] end
  end
  if name_count > 0 then
    local found = call('HMGET', shard.client_order_ids_key, unpack(names, 1, name_count))
    local known, stored = shard.client_order_ids, shard.client_order_ids_stored
    for i = 1, name_count do
      local name, id = names[i], found[i]
      known[name], stored[name] = id, id
      if id then
        id_count = id_count + 1
        ids[id_count] = id
      end
    end
  end
  if id_count > 0 then
    records.read(shard, ids)
    for i = 1, id_count do
      local record = shard.stored_records[ids[i]]
      if record then
        local order = parse(shard, record)
        if is_open(order[ORDER_PART.status]) then
          want_total(book_of(shard, order[ORDER_PART.instrument])[order[ORDER_PART.side]], order[ORDER_PART.price])
        end
      end
    end
  end
  levels.read_wanted(shard)
end

-- Carries out the commands of a call, one after the other. `progress.at` is where the next one begins.
local function run(shard, limits, argv, results, progress)
  local at, count = progress.at, #results
  while argv[at] do
    local handler = HANDLERS[argv[at]]
    count = count + 1
    results[count] = handler[1](shard, limits, argv, at + 1)
    at = at + 1 + handler[2]
    progress.at = at
  end
end

function execute.run(keys, argv)
  bind()
  local shard, code = shards.open(keys[1], argv[EXECUTE_AT.epoch], tonumber(argv[EXECUTE_AT.sequence_min]))
  if not shard then return redis.error_reply('STATE ' .. code) end
  local limits = {
    fills_max = tonumber(argv[EXECUTE_AT.fills_max]), open_orders_max = tonumber(argv[EXECUTE_AT.open_orders_max]),
    backlog_max = tonumber(argv[EXECUTE_AT.backlog_max]), idempotency_ttl_s = tonumber(argv[EXECUTE_AT.idempotency_ttl_s]),
    -- As entries tell them, behind the actor.
    of_place = '",' .. argv[EXECUTE_AT.fills_max] .. ',' .. argv[EXECUTE_AT.open_orders_max] .. ',',
    of_amend = '",' .. argv[EXECUTE_AT.fills_max] .. ',',
  }
  -- A single command reads what it needs.
  if argv[FIRST_COMMAND + 1 + HANDLERS[argv[FIRST_COMMAND]][2]] then
    local ok, problem = pcall(read_ahead, shard, argv)
    if not ok then
      fault(shard, problem)
      return redis.error_reply('STATE ' .. CODE.engine_unavailable)
    end
  end
  local results, progress = {}, { at = FIRST_COMMAND }
  local ok, problem = pcall(run, shard, limits, argv, results, progress)
  if not ok then
    -- Half a command may be among the changes. Nothing of it is in the log, so a rebuild from what is logged undoes it;
    -- until then the shard takes no commands, those behind it in the call first.
    shard.seq = shard.opening_seq + shard.entry_count
    fault(shard, problem)
    local at = progress.at
    while argv[at] do
      results[#results + 1] = 'X' .. CODE.engine_unavailable
      at = at + 1 + HANDLERS[argv[at]][2]
    end
  end
  if shard.entry_count > 0 then
    ok, problem = pcall(log.write, shard)
    if ok then ok, problem = pcall(flush.all, shard) end
    if not ok then
      -- The log may have every command of this call, the book perhaps not all of them: a rebuild from what is logged
      -- brings them back.
      fault(shard, problem)
      call('HSET', shard.meta_key, 'seq', text(shard.opening_seq + shard.logged_count), 'time_us', shard.time)
      return redis.error_reply('FAULT the changes of this call are not all carried out')
    end
  end
  return results
end
