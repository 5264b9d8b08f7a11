-- cancel_after: sets a client's dead man's switch, or takes it off. When it is due all orders are cancelled that the client has open then
-- (commands/due.lua), unless it is set anew before.
-- Arguments: client, instrument (or '' for all: a switch of its own), timeout_us (from now on, 0 to take it off), actor (as the log tells it,
--   '' for anybody).
-- Reads: nothing. Writes: due, log. Returns: the entry.
function cancel_after.run(shard, _, argv, at)
  local CANCEL_AFTER_ARGUMENTS = unpack(argv, at, at + ARGUMENTS.cancel_after - 1)
  local member, due_at = dues.SWITCH .. client .. '","' .. instrument, '0'
  log.next_seq(shard)
  if timeout_us == '0' then
    dues.drop(shard, member)
  else
    local at_us = shard.time_us + tonumber(timeout_us)
    due_at = text(at_us)
    dues.set(shard, member, at_us)
  end
  return log.add(shard, '', log.OPENING.cancel_after .. shard.seq_text .. ',' .. shard.time .. ',["D","' .. actor .. '","' .. client .. '","' .. instrument .. '",'
    .. timeout_us .. '],0,[' .. sub(controls.event(CONTROL.cancel_after, client, instrument, due_at), 2) .. log.ending(shard, '', ''))
end
