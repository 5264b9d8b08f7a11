/**
 * The one table of outcomes: what a command can answer besides success, with its HTTP status and
 * the sentence a client reads. The Lua constants are generated from it (engine/lua-layouts.ts).
 */

export interface ResultCodeSpec {
  /** Number used between Lua and TypeScript; null for codes that the engine never gives. */
  readonly number: number | null;
  readonly status: number;
  readonly title: string;
}

export const RESULT_CODES = {
  // Given by the engine.
  order_not_found: { number: 1, status: 404, title: 'No such order.' },
  order_not_open: { number: 2, status: 409, title: 'The order is already done.' },
  duplicate_client_order_id: { number: 3, status: 409, title: 'The client has an open order with this client_order_id.' },
  quantity_below_filled: { number: 4, status: 422, title: 'The new quantity is not above what is already filled.' },
  post_only_would_match: { number: 5, status: 422, title: 'The post-only order would match at the new price.' },
  open_orders_limit: { number: 6, status: 422, title: 'The client has as many open orders as it may have.' },
  level_quantity_limit: { number: 7, status: 422, title: 'The price level cannot hold that quantity on top of what rests there.' },
  quantity_out_of_range: { number: 8, status: 400, title: 'The total quantity of the order would be out of range.' },
  amend_invalid: { number: 9, status: 400, title: 'The new price or quantity does not fit the instrument.' },
  insufficient_funds: { number: 10, status: 409, title: 'The account does not have what this would commit.' },
  account_suspended: { number: 11, status: 403, title: 'The account is suspended.' },
  account_closed: { number: 12, status: 409, title: 'The account is closed.' },
  account_not_found: { number: 13, status: 404, title: 'No such account.' },
  account_exists: { number: 14, status: 409, title: 'There is an account of this name.' },
  account_not_empty: { number: 15, status: 409, title: 'The account has balances or open orders.' },
  balance_limit: { number: 16, status: 422, title: 'A balance or an amount would be larger than the venue can keep.' },
  fee_rates_lose_money: { number: 17, status: 422, title: 'With these rates a trade could pay out more in rebates than it brings in fees.' },
  transfer_not_found: { number: 18, status: 404, title: 'No such transfer.' },
  transfer_resolved: { number: 19, status: 409, title: 'The transfer has come to its end already.' },
  engine_frozen: { number: 20, status: 503, title: 'The venue is frozen by its operator.' },
  engine_recovering: { number: 21, status: 503, title: 'The venue is recovering its book.' },
  engine_unavailable: { number: 22, status: 503, title: 'The matching engine cannot be reached or has stopped itself.' },
  backlog_full: { number: 23, status: 503, title: 'Too much waits to be persisted: new orders are refused, cancels are taken.' },
  failure_injected: { number: 24, status: 422, title: 'The order was made to fail, as it asked for: nothing has changed.' },
  fee_group_not_found: { number: 25, status: 404, title: 'No such group of fees.' },
  amount_above_transfer: { number: 26, status: 422, title: 'The amount is larger than what the transfer holds.' },
  funds_off: { number: 27, status: 409, title: 'The venue keeps no money: FUNDS is off.' },
  balance_audit_breach: { number: 28, status: 503, title: 'The balances of the venue do not add up: new orders, transfers and withdrawals wait for its operator.' },
  fee_groups_limit: { number: 29, status: 422, title: 'The venue has as many groups of fees as it may have.' },
  signature_reused: { number: 30, status: 401, title: 'The signature was used before.' },
  account_killed: { number: 41, status: 403, title: 'The account is killed: it may not order until it is let go on (unkill).' },
  order_not_pending: { number: 35, status: 409, title: 'The order does not wait for a price, or no longer.' },
  quote_quantity_required: { number: 36, status: 422, title: 'A buy that waits for a price and then trades at any holds its cover as an amount of money: name quote_quantity instead of quantity.' },
  order_waits_otherwise: { number: 39, status: 422, title: 'The order does not wait by this: one has a stop price, one that trails an offset or a percentage.' },
  order_by_money: { number: 38, status: 422, title: 'The order is by money: it has no quantity to change.' },
  order_without_price: { number: 37, status: 422, title: 'The order trades at any price: it has none to change.' },
  expires_at_past: { number: 40, status: 422, title: 'The time at which the order would expire is over already.' },
  instrument_not_open: { number: 50, status: 409, title: 'The state of the instrument does not allow this.' },
  instrument_exists: { number: 51, status: 409, title: 'There is an instrument of this name.' },
  value_below_minimum: { number: 52, status: 422, title: 'The order is worth less than the instrument takes.' },
  outside_instrument_limits: { number: 53, status: 422, title: 'Price or quantity is outside of the limits of the instrument.' },
  instrument_limits_crossed: { number: 54, status: 422, title: 'The limits of the instrument would leave nothing between them.' },
  instrument_bound: { number: 55, status: 422, title: 'The instrument was traded with another tick, lot or asset: those are bound for ever.' },
  iceberg_parts_limit: { number: 60, status: 422, title: 'The order is more times what it displays than it may be.' },
  order_list_not_open: { number: 65, status: 409, title: 'The orders of the list are all done.' },
  order_list_not_found: { number: 66, status: 404, title: 'No such order list.' },
  // Given by the service around it.
  validation_failed: { number: null, status: 400, title: 'The request is not valid.' },
  malformed_json: { number: null, status: 400, title: 'The body is not valid JSON.' },
  origin_not_allowed: { number: null, status: 403, title: 'The request comes from a web page, or names a host, that is not allowed here.' },
  instrument_not_found: { number: null, status: 404, title: 'No such instrument.' },
  instruments_limit: { number: null, status: 422, title: 'The venue has as many instruments as it may have.' },
  not_found: { number: null, status: 404, title: 'There is nothing at this address.' },
  method_not_allowed: { number: null, status: 405, title: 'This method is not supported here.' },
  request_timeout: { number: null, status: 408, title: 'The request did not arrive in time.' },
  body_too_large: { number: null, status: 413, title: 'The body is larger than allowed.' },
  uri_too_long: { number: null, status: 414, title: 'The address is longer than allowed.' },
  unsupported_media_type: { number: null, status: 415, title: 'The body must be application/json in UTF-8.' },
  idempotency_key_reused: { number: null, status: 422, title: 'The idempotency key was used for a different request.' },
  upgrade_required: { number: null, status: 426, title: 'This address is a WebSocket.' },
  rate_limited: { number: null, status: 429, title: 'Too many requests.' },
  too_many_streams: { number: null, status: 429, title: 'This address has as many streams open as it may have.' },
  headers_too_large: { number: null, status: 431, title: 'The request headers are larger than allowed.' },
  internal_error: { number: null, status: 500, title: 'The service failed to handle the request.' },
  history_unavailable: { number: null, status: 503, title: 'The history store cannot be reached.' },
  shutting_down: { number: null, status: 503, title: 'The service is shutting down.' },
  algo_not_found: { number: null, status: 404, title: 'No such algo.' },
  algo_ended: { number: null, status: 409, title: 'The algo has come to its end already.' },
  algos_limit: { number: null, status: 422, title: 'The account has as many algos running as it may have.' },
  withdrawal_not_found: { number: null, status: 404, title: 'No such withdrawal.' },
  withdrawal_resolved: { number: null, status: 409, title: 'The withdrawal has come to its end already.' },
  position_not_found: { number: null, status: 404, title: 'The account has never traded this instrument.' },
  asset_not_found: { number: null, status: 404, title: 'No such asset.' },
  same_account: { number: null, status: 400, title: 'Money cannot be moved from an account to itself.' },
  reference_reused: { number: null, status: 422, title: 'The reference was used for a different deposit.' },
  auth_off: { number: null, status: 409, title: 'The venue asks nobody who they are: AUTH is off.' },
  oidc_off: { number: null, status: 409, title: 'Nobody logs in elsewhere here: OIDC_ISSUER is not set.' },
  login_not_begun: { number: null, status: 400, title: 'This browser has not begun this login, or has ended it, or it is too old: begin again at GET /auth/oidc/login.' },
  login_not_proven: { number: null, status: 401, title: 'What the provider says of the user does not hold.' },
  unauthenticated: { number: null, status: 401, title: 'This is for callers who say who they are: log in (POST /auth/login) and send the access token as Authorization: Bearer, or sign with an API key.' },
  invalid_token: { number: null, status: 401, title: 'The token is not one of this venue.' },
  wrong_token_type: { number: null, status: 401, title: 'The token is for something else.' },
  token_expired: { number: null, status: 401, title: 'The token\'s time is over.' },
  session_ended: { number: null, status: 401, title: 'The login that the token belongs to has ended.' },
  refresh_reused: { number: null, status: 401, title: 'The refresh token was used before: the login that it belongs to is ended.' },
  invalid_api_key: { number: null, status: 401, title: 'There is no such API key, or the signature is not its own.' },
  timestamp_out_of_window: { number: null, status: 401, title: 'The timestamp of the signature is too far from the venue\'s time.' },
  invalid_credentials: { number: null, status: 401, title: 'Name or password is wrong.' },
  user_suspended: { number: null, status: 403, title: 'The user is suspended.' },
  forbidden: { number: null, status: 403, title: 'The caller may not do this.' },
  login_refused: { number: null, status: 403, title: 'The provider did not let the user in.' },
  machine_unknown: { number: null, status: 403, title: 'The token is of no machine client that may log in: OIDC_MACHINE_CLIENTS does not name it.' },
  not_admin: { number: null, status: 403, title: 'The caller has no role with further powers: ask an admin for one (PATCH /users/{username}).' },
  sudo_required: { number: null, status: 403, title: 'This needs the powers of the caller\'s role: ask for them at POST /auth/sudo.' },
  registration_closed: { number: null, status: 403, title: 'Nobody can become a user in this way (REGISTRATION): log in elsewhere (GET /auth/oidc/login) where the venue has a provider, or ask whoever runs it to make you one.' },
  user_not_found: { number: null, status: 404, title: 'No such user.' },
  owner_not_found: { number: null, status: 404, title: 'The account is not shared with a user of that name.' },
  api_key_not_found: { number: null, status: 404, title: 'No such API key.' },
  username_taken: { number: null, status: 409, title: 'The name is taken.' },
  owner_stays: { number: null, status: 409, title: 'Who opened an account stays its owner.' },
  last_admin: { number: null, status: 409, title: 'It is the last admin who can act.' },
  accounts_limit: { number: null, status: 422, title: 'The user has opened as many accounts as it may.' },
  owners_limit: { number: null, status: 422, title: 'The account is shared with as many users as it may be.' },
  shared_accounts_limit: { number: null, status: 422, title: 'As many accounts are shared with the user as may be.' },
  api_keys_limit: { number: null, status: 422, title: 'The user has as many API keys as it may have.' },
  people_unavailable: { number: null, status: 503, title: 'Who may do what cannot be looked up: Postgres cannot be reached.' },
  login_provider_unavailable: { number: null, status: 503, title: 'The provider of logins does not answer as it should.' },
  hashing_busy: { number: null, status: 503, title: 'Too many passwords wait to be checked.' },
  order_entry_full: { number: null, status: 503, title: 'The service has as many order entry connections open as it may have.' },
  streams_full: { number: null, status: 503, title: 'The service has as many streams open as it may have.' },
  outcome_unknown: { number: null, status: 504, title: 'The command may or may not have happened. Retry with the same idempotency key to learn which.' },
} as const satisfies Record<string, ResultCodeSpec>;

export type ResultCode = keyof typeof RESULT_CODES;

const BY_NUMBER = new Map<number, ResultCode>();
for (const [code, spec] of Object.entries(RESULT_CODES) as [ResultCode, ResultCodeSpec][]) {
  if (spec.number !== null) BY_NUMBER.set(spec.number, code);
}

/** @throws Error for a number that is in no table: engine and service are of different versions. */
export function resultCodeOf(number: number): ResultCode {
  const code = BY_NUMBER.get(number);
  if (code === undefined) throw new Error(`unknown result code ${number}`);
  return code;
}
