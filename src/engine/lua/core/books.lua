-- The books of a call's instruments.

-- Priority is the log sequence at which an order took its place, in fixed width so that members sort by it. Several may take one in
-- the same entry, at the same price: icebergs that are refilled, each by the number of its refill, likewise in fixed width.
local ZEROS = '00000000000000'
local REFILL_ZEROS = '000000'
-- Where an order's id begins in its member: it is the last of it.
books.ID_START = -22

-- refill: number as text, nil for an order that no refill gave its place.
function books.member_of(shard, priority_text, id, refill)
  local zeros = shard.zeros[#priority_text]
  if not zeros then
    zeros = sub(ZEROS, #priority_text + 1)
    shard.zeros[#priority_text] = zeros
  end
  if refill then return zeros .. priority_text .. sub(REFILL_ZEROS, #refill + 1) .. refill .. id end
  return zeros .. priority_text .. id
end

-- The book of one instrument: the call's trades to list, and for each side its key, best price once known (false for an
-- empty side), pending members (score to add, false to remove) and the totals of levels: as numbers, as the text that
-- they changed to, and as the text that is stored (false where there is none).
function books.of(shard, instrument)
  local book = shard.books[instrument]
  if book then return book end
  local tag = shard.tag
  book = { instrument = instrument, recent = {}, recent_count = 0 }
  for side, name in pairs({ [BUY] = ':bids', [SELL] = ':asks' }) do
    book[side] = {
      side = side, is_bid = side == BUY,
      -- How the event of a level begins, behind another one.
      change = ',[' .. EVENT.level .. ',"' .. instrument .. '",' .. side .. ',',
      key = tag .. 'book:' .. instrument .. name,
      depth_key = tag .. 'depth:' .. instrument .. name,
      members = {},
      totals = {}, changed_totals = {}, stored_totals = {}, wanted = {},
    }
  end
  shard.books[instrument] = book
  return book
end

-- The last trade of a book as the list of recent ones has it, also one of this call; false where there was none.
function books.last_trade(shard, book)
  local row = book.recent[book.recent_count]
  if row then return row end
  row = book.last_row
  if row == nil then
    row = call('LINDEX', shard.tag .. 'trades:' .. book.instrument, 0)
    book.last_row = row
  end
  return row
end

function books.flush_members(half)
  change_members(half.key, half.members)
  half.members = {}
end
