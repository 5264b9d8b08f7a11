-- execute: runs a batch of independent commands, in order.
-- Keys: {shard}:meta (every other key is derived from its tag and lies in the same slot).
-- Arguments: fills_max, triggers_max (how many orders that were reached go in a call), open_orders_max, iceberg_parts_max, backlog_max,
--   idempotency_ttl_s, epoch ('' for any), sequence_min, due_page (how much of what fell due a call does), auction_page (trades of a call
--   auction that a call carries out), held_seen (the last turn for which the caller was told to wait), then for
--   each command its letter and its arguments. Ahead of one that a signature allows: ONCE_LETTER and the use of that (once.lua).
--   A command that is refused has used it, too.
-- What has fallen due is done first, then what is left of a call auction, then of a cascade. Returns: one string per command; W<sequence>
--   alone, with nothing done of the commands, where they have to wait: more of that is left than a call does, or commands that were sent
--   ahead of these wait; the same for each behind the one whose auction or cascade is not over (their signatures are used). Behind these U
--   where one is not over. Or an error reply `STATE <code>` when the shard takes no commands.

local parse, OPEN, book_of, want_total = records.parse, records.OPEN, books.of, levels.want
local take_once, take_all, name_of_use, run_page = once.take, once.take_all, once.name_of, uncross.page
local run_cascade, resume, resume_lists = cascades.run, stops.resume, lists.resume
local PLACE, CANCEL, AMEND = LETTER.place, LETTER.cancel, LETTER.amend
-- Where a command has what is read ahead of it, counted from its letter.
local PLACE_INSTRUMENT, PLACE_SIDE, PLACE_KIND, PLACE_PRICE, PLACE_NAME, PLACE_IDEM = ARGUMENT_AT.place.instrument, ARGUMENT_AT.place.side,
  ARGUMENT_AT.place.kind, ARGUMENT_AT.place.price, ARGUMENT_AT.place.name, ARGUMENT_AT.place.idem
local CANCEL_ID, CANCEL_NAME, CANCEL_IDEM = ARGUMENT_AT.cancel.id, ARGUMENT_AT.cancel.name, ARGUMENT_AT.cancel.idem
local PLACE_CLIENT, TRANSFER_FROM, TRANSFER_TO, TRANSFER_IDEM = ARGUMENT_AT.place.client, ARGUMENT_AT.transfer.from, ARGUMENT_AT.transfer.to,
  ARGUMENT_AT.transfer.idem
local TRANSFER, LIST, LIST_IDEM, INSTRUMENT = LETTER.transfer, LETTER.list, ARGUMENT_AT.list.idem, LETTER.instrument
local AMEND_ID, AMEND_NAME, AMEND_IDEM = ARGUMENT_AT.amend.id, ARGUMENT_AT.amend.name, ARGUMENT_AT.amend.idem

-- By letter: the function that carries a command out, and how many arguments it has.
local HANDLERS = {
  [LETTER.place] = { place.run, ARGUMENTS.place },
  [LETTER.cancel] = { cancel.run, ARGUMENTS.cancel },
  [LETTER.amend] = { amend.run, ARGUMENTS.amend },
  [LETTER.mass_cancel] = { mass_cancel.run, ARGUMENTS.mass_cancel },
  [LETTER.account] = { account.run, ARGUMENTS.account },
  [LETTER.transfer] = { transfer.run, ARGUMENTS.transfer },
  [LETTER.transfer_end] = { transfer_end.run, ARGUMENTS.transfer_end },
  [LETTER.fee_group] = { fee_group.run, ARGUMENTS.fee_group },
  [LETTER.due] = { due.run, ARGUMENTS.due },
  [LETTER.kill] = { kill.run, ARGUMENTS.kill },
  [LETTER.list] = { list.run, ARGUMENTS.list },
  [LETTER.lease] = { lease.run, ARGUMENTS.lease },
  [LETTER.cancel_after] = { cancel_after.run, ARGUMENTS.cancel_after },
  [LETTER.instrument] = { instruments.run, ARGUMENTS.instrument },
}
local ID_LENGTH = 22
local AT_STATUS, AT_INSTRUMENT, AT_SIDE, AT_PRICE = ORDER_PART.status, ORDER_PART.instrument, ORDER_PART.side, ORDER_PART.price
local FIRST_COMMAND = ARGUMENTS.execute + 1

-- Stops the shard until recovery has rebuilt it; `problem` is what pcall caught.
local function fault(shard, problem)
  call('HSET', shard.meta_key, 'state', 'faulted', 'fault', type(problem) == 'table' and tostring(problem.err) or tostring(problem))
end

-- Reads what the commands of a call name, many in one command each: what it does not foresee is read when it is needed. Takes the
-- uses of their signatures likewise. Returns for each of these whether it was taken before.
local function read_ahead(shard, argv)
  local idems, idem_count, names, name_count, ids, id_count = {}, 0, {}, 0, {}, 0
  local keeps_money, owners, owner_count = shard.keeps_money, {}, 0
  local uses, use_count = {}, 0
  local at = FIRST_COMMAND
  while argv[at] do
    local letter = argv[at]
    if letter == ONCE_LETTER then
      use_count = use_count + 1
      uses[use_count] = argv[at + 1]
      at = at + 2
      letter = argv[at]
    end
    local idem, name, id = '', '', ''
    if letter == PLACE then
      name, idem = argv[at + PLACE_NAME], argv[at + PLACE_IDEM]
      if keeps_money then
        owner_count = owner_count + 1
        owners[owner_count] = argv[at + PLACE_CLIENT]
      end
      if kinds[argv[at + PLACE_KIND]].may_rest then
        local instrument = argv[at + PLACE_INSTRUMENT]
        want_total((shard.books[instrument] or book_of(shard, instrument))[argv[at + PLACE_SIDE]], argv[at + PLACE_PRICE])
      end
    elseif letter == CANCEL then
      id, name, idem = argv[at + CANCEL_ID], argv[at + CANCEL_NAME], argv[at + CANCEL_IDEM]
    elseif letter == AMEND then
      id, name, idem = argv[at + AMEND_ID], argv[at + AMEND_NAME], argv[at + AMEND_IDEM]
    elseif letter == LIST then
      idem = argv[at + LIST_IDEM]
    elseif letter == TRANSFER and keeps_money then
      idem = argv[at + TRANSFER_IDEM]
      owners[owner_count + 1], owners[owner_count + 2] = argv[at + TRANSFER_FROM], argv[at + TRANSFER_TO]
      owner_count = owner_count + 2
    elseif letter == FAILURE_LETTER then
      -- What is ahead of it is written before it begins: little would be read for what comes after it.
      break
    end
    if idem ~= '' then
      idem_count = idem_count + 1
      idems[idem_count] = idem
    end
    if name ~= '' then
      name_count = name_count + 1
      names[name_count] = name
    end
    -- The orders of a list are read when it is their turn.
    if #id == ID_LENGTH then
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
        local order = shard.parsed[record] or parse(shard, record)
        if OPEN[order[AT_STATUS]] then
          if keeps_money then
            owner_count = owner_count + 1
            owners[owner_count] = order[ORDER_PART.client]
          end
          local instrument = order[AT_INSTRUMENT]
          want_total((shard.books[instrument] or book_of(shard, instrument))[order[AT_SIDE]], order[AT_PRICE])
        end
      end
    end
  end
  levels.read_wanted(shard)
  if owner_count > 0 then accounts.read(shard, owners, owner_count) end
  return use_count > 0 and take_all(shard.tag, uses, use_count) or {}
end

-- Writes what the commands so far have changed: the log first.
local function write(shard)
  if shard.entry_count == 0 then return end
  log.write(shard)
  flush.all(shard)
end

-- The shard anew, once what was changed is written.
local function anew(shard, argv)
  return shards.open(shard.meta_key, argv[EXECUTE_AT.epoch], tonumber(argv[EXECUTE_AT.sequence_min]), shard.moment)
end

-- Carries out a place that is to fail at a step. What the commands ahead of it have changed is written first, so that all that it
-- does itself can be dropped. Returns its result and the shard to go on with.
local function run_failing(shard, limits, argv, at, step)
  write(shard)
  local trial = anew(shard, argv)
  trial.fail_at = step
  local ok, outcome = pcall(place.run, trial, limits, argv, at)
  -- Refused before it came so far, or answered before.
  trial.fail_at = nil
  if ok then return outcome, trial end
  if type(outcome) ~= 'table' or outcome.failed_at ~= step then error(outcome) end
  local untouched = anew(shard, argv)
  return log.refuse(untouched, CODE.failure_injected, nil, nil, outcome.asked, argv[at + PLACE_IDEM - 1], ''), untouched
end

-- Takes the use of a signature, which may have been taken ahead. Returns whether its command may be carried out.
local function may_use(shard, uses, use)
  local name = name_of_use(use)
  local was_there = uses[name]
  if was_there == nil then return take_once(shard.tag, use) end
  -- The same once more within the call is another use.
  uses[name] = true
  return not was_there
end

-- Where the command behind one begins.
local function next_command(argv, at)
  if argv[at] == ONCE_LETTER then at = at + 2 end
  if argv[at] == FAILURE_LETTER then at = at + 2 end
  return at + 1 + HANDLERS[argv[at]][2]
end

-- Goes on with the call auction that is under way, a page of it in each call, and with what trades have reached. Returns whether more of that is
-- left.
local function go_on(shard, limits)
  local is_left = false
  if shard.opening then
    is_left = limits.is_page_done or run_page(shard, limits.auction_page)
    limits.is_page_done = true
  end
  return shard.cascade and run_cascade(shard, limits) or is_left
end

-- The shard with all written that the commands so far have changed: one about an instrument looks at whole books, as they are written.
local function as_written(shard, argv)
  if shard.entry_count == 0 then return shard end
  write(shard)
  return anew(shard, argv)
end

-- Carries out a command that has something ahead of it: the use of a signature, or the step that it is to fail at. Returns its result, the
-- shard to go on with, and where the next one begins.
local function run_marked(shard, limits, argv, at, progress)
  if argv[at] == ONCE_LETTER then
    local is_allowed = may_use(shard, progress.uses, argv[at + 1])
    at = at + 2
    if not is_allowed then return 'X' .. CODE.signature_reused, shard, next_command(argv, at) end
  end
  if argv[at] == FAILURE_LETTER then
    local result, left = run_failing(shard, limits, argv, at + 3, argv[at + 1])
    return result, left, at + 3 + ARGUMENTS.place
  end
  local handler = HANDLERS[argv[at]]
  if argv[at] == INSTRUMENT then
    shard = as_written(shard, argv)
    progress.shard = shard
  end
  return handler[1](shard, limits, argv, at + 1), shard, at + 1 + handler[2]
end

-- Carries out the commands of a call, one after the other. `progress.at` is where the next one begins, `progress.shard` what they change,
-- `progress.uses` tells of the uses that are taken already. Stops behind one whose auction is not over: `progress.is_unfinished`.
local function run(limits, argv, results, progress)
  local shard, at, count = progress.shard, progress.at, #results
  while argv[at] do
    local letter = argv[at]
    local handler = HANDLERS[letter]
    count = count + 1
    if handler then
      if letter == INSTRUMENT then
        shard = as_written(shard, argv)
        progress.shard = shard
      end
      results[count] = handler[1](shard, limits, argv, at + 1)
      at = at + 1 + handler[2]
    else
      results[count], shard, at = run_marked(shard, limits, argv, at, progress)
      progress.shard = shard
    end
    progress.at = at
    if (shard.opening or shard.cascade) and go_on(shard, limits) then
      progress.is_unfinished = true
      return
    end
  end
end

-- Has commands wait, and all that their senders have sent behind them: until they are heard of they go nowhere. Each time is another turn: a
-- call may do its part of what goes ahead of them without an entry of the log.
local function hold(shard)
  shard.held = shard.held + 1
  call('HSET', shard.meta_key, 'held', text(shard.held))
  return shard.held
end

-- Does what has fallen due, and what is left of a call auction or of a cascade, ahead of a call's commands. Returns the turn that they
-- wait for, nil where they may go on.
local function catch_up(shard, limits, argv)
  if shard.due_us and shard.due_us <= shard.time_us and due.catch_up(shard, tonumber(argv[EXECUTE_AT.due_page])) then return hold(shard) end
  if shard.released then resume_lists(shard) end
  if shard.reached then resume(shard, shard.reached) end
  if (shard.opening or shard.cascade) and go_on(shard, limits) then return hold(shard) end
  -- Those that were sent ahead of these, and had to wait, go again as soon as their sender hears of it: not behind these.
  return shard.held > tonumber(argv[EXECUTE_AT.held_seen]) and shard.held or nil
end

-- Has the commands wait behind one whose auction or cascade is not over.
local function hold_rest(shard, argv, results, progress)
  local at, count = progress.at, #results
  if argv[at] then
    local waits = 'W' .. text(hold(shard))
    while argv[at] do
      local is_allowed = argv[at] ~= ONCE_LETTER or may_use(shard, progress.uses, argv[at + 1])
      count = count + 1
      results[count] = is_allowed and waits or 'X' .. CODE.signature_reused
      at = next_command(argv, at)
    end
  end
  results[count + 1] = 'U'
end

-- Writes what a call has changed: the log first. Returns nil, or an error reply.
local function finish(shard)
  if shard.entry_count == 0 then
    -- What turned out to have reached nobody is not looked at again.
    if shard.reached then stops.flush(shard) end
    if shard.released then lists.flush(shard) end
    return nil
  end
  local ok, problem = pcall(log.write, shard)
  if ok then ok, problem = pcall(flush.all, shard) end
  if ok then return nil end
  -- The log may have every command of this call, the book perhaps not all of them: a rebuild from what is logged
  -- brings them back.
  fault(shard, problem)
  call('HSET', shard.meta_key, 'seq', text(shard.opening_seq + shard.logged_count), 'time_us', shard.time)
  return redis.error_reply('FAULT the changes of this call are not all carried out')
end

function execute.run(keys, argv)
  bind()
  local shard, code = shards.open(keys[1], argv[EXECUTE_AT.epoch], tonumber(argv[EXECUTE_AT.sequence_min]))
  if not shard then return redis.error_reply('STATE ' .. code) end
  local limits = {
    fills_max = tonumber(argv[EXECUTE_AT.fills_max]), open_orders_max = tonumber(argv[EXECUTE_AT.open_orders_max]),
    iceberg_parts_max = tonumber(argv[EXECUTE_AT.iceberg_parts_max]),
    auction_page = tonumber(argv[EXECUTE_AT.auction_page]), backlog_max = tonumber(argv[EXECUTE_AT.backlog_max]), idempotency_ttl_s = tonumber(argv[EXECUTE_AT.idempotency_ttl_s]),
    -- As entries tell them, behind the actor.
    of_place = '",' .. shard.funds .. ',' .. argv[EXECUTE_AT.fills_max] .. ',' .. argv[EXECUTE_AT.open_orders_max] .. ',',
    of_amend = '",' .. shard.funds .. ',' .. argv[EXECUTE_AT.fills_max] .. ',',
    of_trigger = shard.funds .. ',' .. argv[EXECUTE_AT.fills_max] .. ',"',
    triggers_left = tonumber(argv[EXECUTE_AT.triggers_max]),
  }
  if shard.due_us or shard.opening or shard.reached or shard.released or shard.held > 0 then
    local ok, waits_for = pcall(catch_up, shard, limits, argv)
    if not ok then
      shard.seq = shard.opening_seq + shard.entry_count
      fault(shard, waits_for)
      return finish(shard) or redis.error_reply('STATE ' .. CODE.engine_unavailable)
    end
    if shard.entry_count > 0 or shard.reached or shard.released then
      local failed = finish(shard)
      if failed then return failed end
      -- What is read ahead of the commands is read as it is now.
      shard = anew(shard, argv)
    end
    if waits_for then return { 'W' .. text(waits_for) } end
  end
  -- A single command reads what it needs.
  local uses = {}
  if argv[FIRST_COMMAND] and argv[next_command(argv, FIRST_COMMAND)] then
    local ok, outcome = pcall(read_ahead, shard, argv)
    if not ok then
      fault(shard, outcome)
      return redis.error_reply('STATE ' .. CODE.engine_unavailable)
    end
    uses = outcome
  end
  local results, progress = {}, { at = FIRST_COMMAND, shard = shard, uses = uses }
  local ok, problem = pcall(run, limits, argv, results, progress)
  shard = progress.shard
  if not ok then
    -- Half a command may be among the changes. Nothing of it is in the log, so a rebuild from what is logged undoes it;
    -- until then the shard takes no commands, those behind it in the call first.
    shard.seq = shard.opening_seq + shard.entry_count
    fault(shard, problem)
    local at = progress.at
    while argv[at] do
      results[#results + 1] = 'X' .. CODE.engine_unavailable
      at = next_command(argv, at)
    end
  end
  if progress.is_unfinished then hold_rest(shard, argv, results, progress) end
  return finish(shard) or results
end
