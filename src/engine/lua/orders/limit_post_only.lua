-- Waits without trading; turned down where it would trade at once.
kinds.define(KIND.limit_post_only, {
  may_rest = true,
  plan = function(shard, _, book, side, price, lots)
    if heads.would_match(shard, book, side, price) then
      return lots, nil, false, STATUS.rejected, REASON.post_only_would_match
    end
    return lots, nil, false
  end,
})
