import type { CallId } from './calls';
import type { LIMIT_CLASSES, SCOPES, USER_ROLES } from './words';

/**
 * Who may do what: one row for each call and each message of a connection. The router, the documents, the limits and the tests go by
 * it; a call without a row does not start.
 */

export type Scope = typeof SCOPES[number];
export type UserRole = typeof USER_ROLES[number];
export type LimitClass = typeof LIMIT_CLASSES[number];

export interface Access {
  /**
   * Whom it is for, where callers say who they are: `anyone`; the `internal` address of the machine, or an operator; a `user`; an
   * `operator` or an `admin`, who must have asked for their powers (sudo).
   */
  readonly caller: 'anyone' | 'internal' | 'user' | 'operator' | 'admin';
  /** What its caller's token or key must be good for; null for what no key may do: a person does, by a token. */
  readonly scope: Scope | null;
  /** The allowance that it counts against. */
  readonly limit: LimitClass;
  /** Of a call for anyone: whether who says who it is gets more. */
  readonly asksWho?: true;
  /** Of a login: whether it counts itself against its allowance, where it comes to that. */
  readonly countsItself?: true;
  /** Of a call that no key may make: whether a token that somebody else minted may. */
  readonly mayBeMinted?: true;
}

const row = (caller: Access['caller'], scope: Scope | null, limit: LimitClass): Access => ({ caller, scope, limit });

const PUBLIC = row('anyone', null, 'address');
const SIGN_IN = row('anyone', null, 'login');
const READ = row('user', 'read', 'principal');
const READ_HISTORY = row('user', 'read', 'expensive');
const PLACE = row('user', 'trade', 'mutate');
const CANCEL = row('user', 'trade', 'cancel');
const MOVE = row('user', 'transfer', 'mutate');
const WITHDRAW = row('user', 'withdraw', 'expensive');
const IN_PERSON = row('user', null, 'mutate');
const PROVE = row('user', null, 'login');
const OPERATE = row('operator', 'admin', 'expensive');

export const CALL_ACCESS: Readonly<Record<CallId, Access>> = {
  placeOrder: PLACE,
  listOrders: READ,
  cancelAllOrders: CANCEL,
  // Each of its operations counts as its own call would.
  submitBatch: PLACE,
  cancelOrder: CANCEL,
  deleteOrder: CANCEL,
  amendOrder: PLACE,
  getOrder: READ,
  cancelAfter: CANCEL,
  placeOrderList: PLACE,
  listOrderLists: READ,
  getOrderList: READ,
  cancelOrderList: CANCEL,
  killAccount: CANCEL,
  unkillAccount: PLACE,
  startTwap: PLACE,
  listAlgos: READ,
  getAlgo: READ,
  stopAlgo: CANCEL,

  openAccount: MOVE,
  listAccounts: READ,
  getAccount: READ,
  changeAccount: OPERATE,
  getBalances: READ,
  getAccountEvents: READ_HISTORY,
  getAccountSnapshots: READ_HISTORY,
  rebuildAccount: READ_HISTORY,
  listPositions: READ,
  getPosition: READ,
  getPortfolio: READ,
  getStatement: READ_HISTORY,
  listOwners: READ,
  shareAccount: IN_PERSON,
  unshareAccount: IN_PERSON,

  deposit: OPERATE,
  listDeposits: READ_HISTORY,
  requestWithdrawal: WITHDRAW,
  listWithdrawals: READ_HISTORY,
  completeWithdrawal: OPERATE,
  rejectWithdrawal: OPERATE,
  cancelWithdrawal: row('user', 'withdraw', 'cancel'),
  transfer: MOVE,
  postTransfer: MOVE,
  voidTransfer: MOVE,
  reverseTransfer: OPERATE,
  listFills: READ_HISTORY,
  getSettlement: OPERATE,
  listFeeGroups: OPERATE,
  putFeeGroup: OPERATE,
  getMoney: OPERATE,
  getAssets: PUBLIC,

  getOrderbook: PUBLIC,
  getTrades: PUBLIC,
  getCandles: PUBLIC,
  getTicker: PUBLIC,
  openInstrument: OPERATE,
  changeInstrument: OPERATE,
  getInstruments: PUBLIC,
  getAuction: PUBLIC,
  // Who asks says so in the handshake or by a message: what each may follow is told by MESSAGE_ACCESS and by the channel.
  openStream: PUBLIC,
  openEventStream: { ...PUBLIC, asksWho: true },

  register: SIGN_IN,
  logIn: { ...SIGN_IN, countsItself: true },
  refresh: SIGN_IN,
  oidcLogin: SIGN_IN,
  oidcCallback: SIGN_IN,
  oidcToken: SIGN_IN,
  logOut: { ...IN_PERSON, mayBeMinted: true },
  logOutEverywhere: IN_PERSON,
  getMe: READ,
  changeMe: PROVE,
  sudo: PROVE,
  // By a token under sudo: a key with powers would make what outlives it, and what is good from everywhere.
  mintToken: row('operator', null, 'expensive'),
  makeApiKey: IN_PERSON,
  listApiKeys: IN_PERSON,
  endApiKey: IN_PERSON,
  getJwks: PUBLIC,
  listUsers: OPERATE,
  changeUser: OPERATE,
  getAuditLog: OPERATE,

  getHealth: PUBLIC,
  getReadiness: PUBLIC,
  getMetrics: row('internal', 'admin', 'address'),
  getOpenapi: PUBLIC,
  getAsyncapi: PUBLIC,
  getDocs: PUBLIC,
};

/** The rows as a venue goes by them: one for development (`AUTH=dev`) takes everybody's word for who it is. */
export function callAccessOf(auth: 'off' | 'dev' | 'required'): Readonly<Record<CallId, Access>> {
  return auth === 'dev' ? { ...CALL_ACCESS, mintToken: PUBLIC } : CALL_ACCESS;
}

/**
 * Messages of order entry and of the stream, by their `op`. `auth` says who it is by a token or a signature, as every request does: it is no
 * login. A stream's channels of accounts have to be the caller's own as well.
 */
export const MESSAGE_ACCESS = {
  '/orders': {
    auth: PUBLIC, place: PLACE, amend: PLACE, cancel: CANCEL, batch: PLACE, place_list: PLACE, cancel_list: CANCEL, cancel_on_disconnect: CANCEL,
  },
  '/stream': {
    auth: PUBLIC, subscribe: PUBLIC, unsubscribe: PUBLIC, ping: PUBLIC,
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Access>>>>;
