-- execute: runs a batch of independent commands, in order.
-- Keys: {shard}:meta (every other key is derived from its tag and lies in the same slot).
-- Arguments: fills_max, open_orders_max, backlog_max, idempotency_ttl_s, epoch ('' for any), sequence_min, then for
--   each command its letter and its arguments: P place, C cancel, A amend, M mass cancel.
-- Returns: one string per command, or an error reply `STATE <code>` when the shard takes no commands.

local function new_limits(argv)
  local backlog_max = tonumber(argv[3])
  return {
    fills_max = tonumber(argv[1]),
    open_orders_max = tonumber(argv[2]),
    idempotency_ttl_s = tonumber(argv[4]),
    -- Counted from what this call itself has added on, too.
    backlogged = function(shard) return shard.seq - shard.persisted >= backlog_max end,
  }
end
local FIRST_COMMAND = 7

-- Stops the shard until recovery has rebuilt it; `problem` is what pcall caught.
local function fault(shard, problem)
  call('HSET', shard.meta_key, 'state', 'faulted', 'fault', type(problem) == 'table' and tostring(problem.err) or tostring(problem))
end

local function execute(keys, argv)
  call = redis.call
  local handlers = {
    P = { place, PLACE_ARGUMENTS },
    C = { cancel, CANCEL_ARGUMENTS },
    A = { amend, AMEND_ARGUMENTS },
    M = { mass_cancel, MASS_CANCEL_ARGUMENTS },
  }
  local shard, code = open_shard(keys[1], argv[5], tonumber(argv[6]))
  if not shard then return redis.error_reply('STATE ' .. code) end
  local limits = new_limits(argv)
  local opening_seq = shard.seq
  shard.logged_seq = opening_seq
  local results, count, at = {}, 0, FIRST_COMMAND
  local faulted = false
  while argv[at] do
    local handler = handlers[argv[at]]
    count = count + 1
    if faulted then
      results[count] = 'X' .. CODE.engine_unavailable
    else
      local ok, result = pcall(handler[1], shard, limits, argv, at + 1)
      if ok then
        results[count] = result
      else
        -- Half a command may have been written. Nothing of it is in the log, so a rebuild from what is
        -- logged undoes it; until then the shard takes no commands.
        faulted = true
        shard.seq = shard.logged_seq
        results[count] = 'X' .. CODE.engine_unavailable
        fault(shard, result)
      end
    end
    at = at + 1 + handler[2]
  end
  if shard.seq > opening_seq then
    local ok, problem = pcall(flush, shard)
    if not ok then
      -- The log has every command of this call, the book perhaps not all of them: a rebuild from what is logged
      -- brings them back.
      fault(shard, problem)
      call('HSET', shard.meta_key, 'seq', text(shard.seq), 'time_us', shard.time)
      return redis.error_reply('FAULT the changes of this call are logged but not all carried out')
    end
  end
  return results
end
