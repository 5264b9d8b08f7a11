-- Queues: Redis lists, oldest row first, from whose front a call takes rows and to whose end it adds some. Nothing is written ahead of the
-- call's end.
--
-- A queue as a call knows it: key, page (rows that were read), at (the first of them that is not taken), stored (how many stand behind the page),
-- gone (how many stored ones are taken), added (rows of the call) and added_at (the first of those that is not taken); front (a row ahead of all
-- of them: nil but where the one at the front was rewritten).

-- Rows read at once.
local PAGE = 64

-- `stored`: 0 where nobody has asked yet whether there are any.
function queues.open(key, stored)
  return { key = key, page = {}, at = 1, stored = stored, gone = 0, added = {}, added_at = 1 }
end

-- Learns how many rows are stored, of a queue of which none were known to be.
function queues.count(queue)
  queue.stored = call('LLEN', queue.key)
end

function queues.add(queue, row)
  queue.added[#queue.added + 1] = row
end

-- The row at the front, nil where there is none.
function queues.first(queue)
  if queue.front then return queue.front end
  local row = queue.page[queue.at]
  if not row and queue.stored > 0 then
    queue.page = call('LRANGE', queue.key, queue.gone, queue.gone + PAGE - 1)
    queue.at, queue.stored = 1, queue.stored - #queue.page
    row = queue.page[1]
  end
  return row or queue.added[queue.added_at]
end

-- Takes the row at the front.
function queues.drop(queue)
  if queue.front then
    queue.front = nil
  elseif queue.page[queue.at] then
    queue.at, queue.gone = queue.at + 1, queue.gone + 1
  else
    queue.added_at = queue.added_at + 1
  end
end

-- Puts another row into the place of the one at the front.
function queues.rewrite(queue, row)
  queues.drop(queue)
  queue.front = row
end

function queues.drop_all(queue)
  queue.gone = queue.gone + queue.stored + #queue.page - queue.at + 1
  queue.page, queue.at, queue.stored, queue.added, queue.added_at, queue.front = {}, 1, 0, {}, 1, nil
end

-- Whether a row is left.
function queues.is_left(queue)
  return queue.front ~= nil or queue.stored > 0 or queue.page[queue.at] ~= nil or queue.added[queue.added_at] ~= nil
end

function queues.flush(queue)
  local key, added, count = queue.key, queue.added, #queue.added
  if queue.gone > 0 then call('LTRIM', key, queue.gone, -1) end
  if queue.front then call('LPUSH', key, queue.front) end
  for first = queue.added_at, count, VARIADIC_MAX do call('RPUSH', key, unpack(added, first, math.min(first + VARIADIC_MAX - 1, count))) end
end
