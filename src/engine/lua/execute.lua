-- execute: runs a batch of independent commands, in order.
-- Keys: {shard}:meta (every other key is derived from its tag and lies in the same slot).
-- Arguments: fills_max, open_orders_max, backlog_max, idempotency_ttl_s, epoch ('' for any), sequence_min, then for
--   each command its letter and its arguments: P place, C cancel, A amend, M mass cancel.
-- Returns: one string per command, or an error reply `STATE <code>` when the shard takes no commands.

local FIRST_COMMAND = 7

-- Stops the shard until recovery has rebuilt it; `problem` is what pcall caught.
local function fault(shard, problem)
  call('HSET', shard.meta_key, 'state', 'faulted', 'fault', type(problem) == 'table' and tostring(problem.err) or tostring(problem))
end

-- Reads what the commands of a call name, many in one command each: arguments stand where each command's own file says.
-- What it does not foresee is read when it is needed.
local function read_ahead(shard, handlers, argv)
  local idems, idem_count, names, name_count, ids, id_count = {}, 0, {}, 0, {}, 0
  local at = FIRST_COMMAND
  while argv[at] do
    local letter = argv[at]
    local idem, name, id = '', '', ''
    if letter == 'P' then
      local kind = argv[at + 3]
      name, idem = argv[at + 8], argv[at + 9]
      if kind == KIND.limit_gtc or kind == KIND.limit_post_only then
        want_total(book_of(shard, argv[at + 1])[argv[at + 2]], argv[at + 4])
      end
    elseif letter == 'C' then
      id, name, idem = argv[at + 1], argv[at + 2], argv[at + 3]
    elseif letter == 'A' then
      id, name, idem = argv[at + 1], argv[at + 2], argv[at + 4]
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
    at = at + 1 + handlers[letter][2]
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
    read_records(shard, ids)
    for i = 1, id_count do
      local record = shard.stored_records[ids[i]]
      if record then
        local order = parse_record(shard, record)
        if is_open(order[PARSED_STATUS]) then
          want_total(book_of(shard, order[PARSED_INSTRUMENT])[order[PARSED_SIDE]], order[PARSED_PRICE])
        end
      end
    end
  end
  read_wanted_totals(shard)
end

-- Carries out the commands of a call, one after the other. `progress.at` is where the next one begins.
local function run(shard, limits, handlers, argv, results, progress)
  local at, count = progress.at, #results
  while argv[at] do
    local handler = handlers[argv[at]]
    count = count + 1
    results[count] = handler[1](shard, limits, argv, at + 1)
    at = at + 1 + handler[2]
    progress.at = at
  end
end

local function execute(keys, argv)
  bind()
  local handlers = {
    P = { place, PLACE_ARGUMENTS },
    C = { cancel, CANCEL_ARGUMENTS },
    A = { amend, AMEND_ARGUMENTS },
    M = { mass_cancel, MASS_CANCEL_ARGUMENTS },
  }
  local shard, code = open_shard(keys[1], argv[5], tonumber(argv[6]))
  if not shard then return redis.error_reply('STATE ' .. code) end
  local limits = {
    fills_max = tonumber(argv[1]), open_orders_max = tonumber(argv[2]), backlog_max = tonumber(argv[3]),
    idempotency_ttl_s = tonumber(argv[4]),
  }
  -- A single command reads what it needs.
  if argv[FIRST_COMMAND + 1 + handlers[argv[FIRST_COMMAND]][2]] then
    local ok, problem = pcall(read_ahead, shard, handlers, argv)
    if not ok then
      fault(shard, problem)
      return redis.error_reply('STATE ' .. CODE.engine_unavailable)
    end
  end
  local results, progress = {}, { at = FIRST_COMMAND }
  local ok, problem = pcall(run, shard, limits, handlers, argv, results, progress)
  if not ok then
    -- Half a command may be among the changes. Nothing of it is in the log, so a rebuild from what is logged undoes it;
    -- until then the shard takes no commands, those behind it in the call first.
    shard.seq = shard.opening_seq + shard.entry_count
    fault(shard, problem)
    local at = progress.at
    while argv[at] do
      results[#results + 1] = 'X' .. CODE.engine_unavailable
      at = at + 1 + handlers[argv[at]][2]
    end
  end
  if shard.entry_count > 0 then
    ok, problem = pcall(write_log, shard)
    if ok then ok, problem = pcall(flush, shard) end
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
