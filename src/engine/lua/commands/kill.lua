-- kill: an account orders no more; this cancels a page of its open orders, in the order in which they were placed; the same again cancels the next one.
--   Or lets it order again.
-- Arguments: account, kills (1 to stop it, 0 to let it go on), page_size, actor (as the log tells it, '' for anybody).
-- Reads: killed, open:<client>, orders, depth, accounts. Writes: killed, due, book, depth, orders, open:<client>, client_order_ids, accounts, log.
-- Returns: S<1 where more may be open>,<since when it is stopped, 0 where it is not>,<entry or ''>, or X<code>.
local killed_since, set_killed = controls.killed_since, controls.set_killed
local choose, carry_out = mass_cancel.choose, mass_cancel.carry_out

local function entry_of(shard, events, account, kills, page_size, actor)
  return log.add(shard, '', log.OPENING.kill .. shard.seq_text .. ',' .. shard.time .. ',["K","' .. actor .. '","' .. account .. '",' .. kills .. ',' .. page_size
    .. '],0,[' .. sub(events .. (shard.keeps_money and accounts.keep(shard) or ''), 2) .. log.ending(shard, '', ''))
end

function kill.run(shard, _, argv, at)
  local KILL_ARGUMENTS = unpack(argv, at, at + ARGUMENTS.kill - 1)
  local since = killed_since(shard, account)
  if kills == '0' then
    if not since then return 'S0,0,' end
    log.next_seq(shard)
    set_killed(shard, account, false)
    dues.drop(shard, dues.KILL .. account)
    return 'S0,0,' .. entry_of(shard, controls.event(CONTROL.kill, account, '', '0'), account, kills, page_size, actor)
  end
  if not since and shard.keeps_money and not accounts.known_head(shard, account) then return 'X' .. CODE.account_not_found end
  local following, ids, orders = choose(shard, account, '', '0', '+inf', page_size)
  local control = ''
  if not since then
    since, control = shard.time, controls.event(CONTROL.kill, account, '', shard.time)
    set_killed(shard, account, since)
  elseif #ids == 0 then
    return 'S0,' .. since .. ','
  end
  log.next_seq(shard)
  local events = carry_out(shard, ids, orders, REASON.killed) .. control
  -- Should nobody ask for the next page, it falls due by itself.
  if following == '' then dues.drop(shard, dues.KILL .. account) else dues.set(shard, dues.KILL .. account, shard.time_us + KILL_PAGE_US) end
  return 'S' .. (following == '' and '0' or '1') .. ',' .. since .. ',' .. entry_of(shard, events, account, kills, page_size, actor)
end
