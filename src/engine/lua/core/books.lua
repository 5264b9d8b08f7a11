-- The books of a call's instruments.

-- Priority is the log sequence at which an order took its place, in fixed width so that members sort by it.
local PRIORITY_DIGITS = 14
local ZEROS = '00000000000000'
books.ID_START = PRIORITY_DIGITS + 1

function books.member_of(shard, priority_text, id)
  local zeros = shard.zeros[#priority_text]
  if not zeros then
    zeros = sub(ZEROS, #priority_text + 1)
    shard.zeros[#priority_text] = zeros
  end
  return zeros .. priority_text .. id
end

-- The book of one instrument: its recent trades to list, and for each side its key, best price once known (false for an
-- empty side), pending members (score to add, false to remove) and the totals of levels: as numbers, as the text that
-- they changed to, and as the text that is stored (false where there is none).
function books.of(shard, instrument)
  local book = shard.books[instrument]
  if book then return book end
  local tag = shard.tag
  book = { instrument = instrument, recent = {}, recent_count = 0 }
  for side, name in pairs({ [BUY] = ':bids', [SELL] = ':asks' }) do
    book[side] = {
      side = side,
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

function books.flush_members(half)
  change_members(half.key, half.members)
  half.members = {}
end
