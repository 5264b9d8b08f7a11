-- Trades what it can at its limit or better; what is left waits until the time that it names.
local traits_of = traits.of

kinds.define(KIND.limit_gtd, {
  may_rest = true, plan = kinds.at_limit,
  expires = function(_, list) return tonumber(traits_of(list)[TRAIT.expiresUs]) end,
})
