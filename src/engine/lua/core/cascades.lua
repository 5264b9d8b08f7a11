-- Cascades: what a trade has reached or filled the first of a list of goes in the same call, and what its own trades have. Each is an entry of its
-- own. A call does so many of them; what is left goes on ahead of everything else, in whatever call comes next. Where a price band closes the
-- instrument on the way, or an auction is not over, what is left goes once the instrument is open.

local next_reached, next_released, run_trigger, ID_START, is_open = stops.next, lists.next, trigger.run, books.ID_START, catalogue.is_open

-- Goes on with the cascade of a call (`shard.cascade`) as far as `limits.triggers_left` allows. Returns whether more of it is left.
function cascades.run(shard, limits)
  local book = shard.cascade
  while true do
    local direction, member, cause, is_moving = next_reached(shard, book, limits)
    if is_moving then return true end
    -- What prices have reached goes ahead of what lists let go: one that begins to wait for its price then meets nothing that was before it.
    local id
    if direction then id = sub(member, ID_START) else id, cause = next_released(shard, book.instrument) end
    if not id then
      shard.cascade = nil
      return false
    end
    if shard.has_rules and not is_open(shard, book.instrument) then
      stops.suspend(shard, book)
      shard.cascade = nil
      return false
    end
    if limits.triggers_left == 0 then return true end
    limits.triggers_left = limits.triggers_left - 1
    run_trigger(shard, limits, book, direction, id, cause)
  end
end
