-- Trades what it can at its limit or better; what is left waits until the time that it names.
kinds.define(KIND.limit_gtd, {
  may_rest = true, plan = kinds.at_limit,
  expires = function(_, terms)
    return tonumber(traits.of(match(terms, kinds.TRAITS_IN_TERMS))[TRAIT.expiresUs])
  end,
})
