import {
  answer, flag, growingWord, integer, list, number, optional, orNull, pattern, request, required, string, text, word,
} from './language';
import { Staleness } from './orders';
import { Deposit, Withdrawal } from './transfers';
import {
  AccountName, AssetAmount, AssetName, ClientId, Decimal, FeeGroupName, FeeRate, IdempotencyKey, InstrumentName, ORDER_ID_EXAMPLE, OrderId, Role, Sequence, Side,
  SignedDecimal, SignedUnits, TIME_EXAMPLE, Time, TransferId, Units,
} from './values';
import {
  ACCOUNT_EVENT_KINDS, ACCOUNT_NAME_LENGTH_MAX, ACCOUNT_STATUSES, CREDITS, DAY_STATUSES, DESTINATION_LENGTH_MAX, EVENT_ID_PATTERN, FEE_RATES_MAX,
  INSTRUMENT_DEFAULT, MARKS, NOTE_LENGTH_MAX, OPENING_DEPOSITS_MAX, REFERENCE_LENGTH_MAX, TRANSFER_TIMEOUT_MAX_S,
} from './words';

/** Accounts, what they have, and what moves it. */

const key = optional(IdempotencyKey);
const accountName = optional(text(ACCOUNT_NAME_LENGTH_MAX), 'For people.');
const credit = optional(word(CREDITS), 'unlimited: never refused for want of money. none: it needs what it commits, where FUNDS is required. Left out, it is as FUNDS has it.');
const feeGroup = optional(FeeGroupName);

/** Whatever a call changes that has nothing to say but its key. */
export const KeyedRequest = request('KeyedRequest', { idempotency_key: key });

// Requests.

export const OpeningDeposit = request('OpeningDeposit', { asset: required(AssetName), amount: required(AssetAmount) });

export const OpenAccountRequest = request('OpenAccountRequest', {
  account_id: required(ClientId),
  name: accountName,
  credit,
  fee_group: feeGroup,
  deposits: optional(list(OpeningDeposit, { max: OPENING_DEPOSITS_MAX }), 'What it opens with.'),
  idempotency_key: key,
});

export const ChangeAccountRequest = request('ChangeAccountRequest', {
  name: accountName,
  status: optional(word(ACCOUNT_STATUSES), 'suspended: no new orders, amends, transfers and withdrawals. closed: nothing any more; only where nothing is left.'),
  credit,
  fee_group: feeGroup,
  idempotency_key: key,
}, { description: 'What is left out stays as it is.', rules: [{ rule: 'some', of: ['name', 'status', 'credit', 'fee_group'] }] });

export const DepositRequest = request('DepositRequest', {
  account_id: required(ClientId),
  asset: required(AssetName),
  amount: required(AssetAmount),
  reference: optional(text(REFERENCE_LENGTH_MAX), 'Used once for an asset, for ever: the same deposit again gets the first answer, another one is refused.'),
  idempotency_key: key,
});

export const WithdrawalRequest = request('WithdrawalRequest', {
  account_id: required(ClientId),
  asset: required(AssetName),
  amount: required(AssetAmount),
  destination: optional(text(DESTINATION_LENGTH_MAX), 'Where it is to go.'),
  idempotency_key: key,
});

export const TransferRequest = request('TransferRequest', {
  from: required(ClientId),
  to: required(ClientId),
  asset: required(AssetName),
  amount: required(AssetAmount),
  note: optional(text(NOTE_LENGTH_MAX)),
  pending: optional(flag(), 'true: the amount is held until the transfer is posted or voided.'),
  timeout_s: optional(integer({ min: 1, max: TRANSFER_TIMEOUT_MAX_S }), 'Seconds after which a pending one is released by itself.'),
  idempotency_key: key,
}, { rules: [{ rule: 'needs', field: 'timeout_s', other: 'pending' }] });

export const PostTransferRequest = request('PostTransferRequest', {
  amount: optional(AssetAmount, 'What of it moves; the rest is free again. All of it, where it is left out.'),
  idempotency_key: key,
});

export const FeeRateRow = request('FeeRateRow', {
  instrument: optional(InstrumentName, 'Every instrument without a row of its own, where it is left out.'),
  maker: required(FeeRate, 'Of an order that waited: -0.01 to 0.1; below zero is a rebate.'),
  taker: required(FeeRate, 'Of an order that took: 0 to 0.1.'),
});

export const FeeGroupRequest = request('FeeGroupRequest', {
  rates: required(list(FeeRateRow, { max: FEE_RATES_MAX }), 'All of them: those of before are gone.'),
  idempotency_key: key,
});

// Answers.

export const Asset = answer('Asset', { asset: required(AssetName), decimals: required(integer({ min: 0, max: 18 }), 'Digits behind the point; they never change.') });
export const Assets = answer('Assets', { assets: required(list(Asset), 'By name.') });

export const Account = answer('Account', {
  account_id: required(AccountName),
  name: required(orNull(string())),
  status: required(word(ACCOUNT_STATUSES)),
  credit: required(word(CREDITS)),
  fee_group: required(FeeGroupName),
  created_at: required(Time),
});

export const AccountPage = answer('AccountPage', {
  accounts: required(list(Account), 'By name.'),
  next_cursor: required(orNull(AccountName), 'Give it as cursor to go on; null behind the last page.'),
}, { parts: [Staleness] });

export const Balance = answer('Balance', {
  asset: required(AssetName),
  total: required(SignedUnits),
  held: required(Units, 'Of the total, what open orders and pending transfers and withdrawals may take.'),
  available: required(SignedUnits, 'The rest.'),
});

export const Balances = answer('Balances', {
  account_id: required(AccountName),
  sequence: required(Sequence, 'The balances contain every change up to this one.'),
  balances: required(list(Balance), 'By asset.'),
});

export const EventId = pattern(EVENT_ID_PATTERN, 'the id of an event', { examples: ['1042:1'] });

export const AccountEvent = answer('AccountEvent', {
  event_id: required(EventId, '`<sequence>:<index>`'),
  sequence: required(Sequence),
  kind: required(growingWord(ACCOUNT_EVENT_KINDS)),
  asset: required(AssetName),
  amount: required(SignedUnits, 'Those of an asset add up to its total.'),
  total_after: required(SignedUnits),
  order_id: optional(OrderId, 'The account\'s own order.'),
  trade_id: optional(integer({ min: 1 })),
  transfer_id: optional(TransferId),
  counterparty: optional(AccountName),
  at: required(Time),
});

export const AccountEventPage = answer('AccountEventPage', {
  events: required(list(AccountEvent), 'Newest first.'),
  next_cursor: required(orNull(EventId), 'Give it as before to go on; null behind the last page.'),
}, { parts: [Staleness] });

export const AccountSnapshot = answer('AccountSnapshot', {
  sequence: required(Sequence, 'Where it stands.'),
  totals: required(list(answer(null, { asset: required(AssetName), total: required(SignedUnits) })), 'By asset.'),
  at: required(Time),
});

export const AccountSnapshots = answer('AccountSnapshots', { snapshots: required(list(AccountSnapshot), 'Newest first.') }, { parts: [Staleness] });

export const BalanceDifference = answer('BalanceDifference', {
  asset: required(AssetName),
  live: required(SignedUnits, 'What the account has.'),
  from_snapshot: required(SignedUnits, 'What the latest snapshot and the events behind it come to.'),
  from_events: required(SignedUnits, 'What all events come to.'),
});

export const RebuildReport = answer('RebuildReport', {
  ok: required(flag()),
  snapshot_sequence: required(orNull(Sequence), 'Where the latest snapshot stands; null without one.'),
  events_replayed: required(integer({ min: 0 }), 'Events behind that snapshot.'),
  recovery_ms: required(number({ min: 0 }), 'How long the snapshot and the events behind it took.'),
  differences: required(list(BalanceDifference)),
});

export const DepositPage = answer('DepositPage', {
  deposits: required(list(Deposit), 'Newest first.'),
  next_cursor: required(orNull(Sequence), 'Give it as cursor to go on; null behind the last page.'),
}, { parts: [Staleness] });

export const WithdrawalPage = answer('WithdrawalPage', {
  withdrawals: required(list(Withdrawal), 'Newest first.'),
  next_cursor: required(orNull(Sequence), 'Give it as cursor to go on; null behind the last page.'),
}, { parts: [Staleness] });

export const Fill = answer('Fill', {
  trade_id: required(integer({ min: 1 })),
  instrument: required(InstrumentName),
  order_id: required(OrderId, 'The account\'s own order.'),
  side: required(Side),
  role: required(Role),
  price: required(Decimal),
  quantity: required(Decimal),
  value: required(Units, 'Price × quantity, exactly.'),
  fee: required(SignedUnits, 'Below zero is a rebate.'),
  fee_asset: required(AssetName),
  fee_rate: required(SignedDecimal),
  sequence: required(Sequence),
  executed_at: required(Time),
});

export const FillPage = answer('FillPage', {
  fills: required(list(Fill), 'Newest first.'),
  next_cursor: required(orNull(EventId), 'Give it as before to go on; null behind the last page.'),
}, { parts: [Staleness] });

export const Position = answer('Position', {
  instrument: required(InstrumentName),
  net_quantity: required(SignedDecimal, 'Bought less sold: below zero where more was sold here than bought.'),
  average_price: required(orNull(Decimal), 'At which the open part was entered, rounded half up to four decimals more than a price has; null while nothing is open.'),
  cost: required(SignedUnits, 'Of the open part, exactly, with the sign of net_quantity.'),
  realized_pnl: required(SignedUnits, 'Without fees.'),
  unrealized_pnl: required(orNull(SignedUnits), 'Of the open part at mark_price, without fees; null where that is.'),
  mark_price: required(orNull(Decimal), 'The last trade\'s; null before the first.'),
  fees: required(SignedUnits),
  bought_quantity: required(Decimal),
  sold_quantity: required(Decimal),
  updated_at: required(Time),
});

export const PositionWithStaleness = answer('PositionWithStaleness', {}, { parts: [Position, Staleness] });
export const Positions = answer('Positions', {
  sequence: required(Sequence, 'Of the account\'s last trade that they contain, 0 without one: every one up to there is in them, and none behind it.'),
  positions: required(list(Position), 'By instrument.'),
}, { parts: [Staleness] });

export const PortfolioLine = answer('PortfolioLine', {
  asset: required(AssetName, 'In which instruments are quoted.'),
  total: required(SignedUnits),
  available: required(SignedUnits),
  position_value: required(orNull(SignedUnits), 'Of the open positions, at their marks; null where one has none.'),
  unrealized_pnl: required(orNull(SignedUnits)),
  realized_pnl: required(SignedUnits),
  fees: required(SignedUnits),
  total_pnl: required(orNull(SignedUnits), 'Realized and unrealized, less fees.'),
});

export const Portfolio = answer('Portfolio', {
  account_id: required(AccountName),
  mark: required(word(MARKS)),
  sequence: required(Sequence, 'Of the balances.'),
  assets: required(list(PortfolioLine), 'By asset.'),
}, { parts: [Staleness] });

export const StatementLine = answer('StatementLine', {
  asset: required(AssetName),
  opening: required(SignedUnits),
  deposits: required(SignedUnits),
  withdrawals: required(SignedUnits),
  transfers_in: required(SignedUnits),
  transfers_out: required(SignedUnits),
  bought: required(SignedUnits, 'What trades brought of it.'),
  sold: required(SignedUnits, 'What trades took of it.'),
  fees: required(SignedUnits, 'Below zero where rebates were more.'),
  closing: required(SignedUnits, 'opening + deposits - withdrawals + transfers_in - transfers_out + bought - sold - fees'),
});

const dayStatus = required(growingWord(DAY_STATUSES), 'open: the day is not over. unsettled: nobody has settled it yet. settled: it closes. mismatch: it does not.');
const date = required(string(), 'YYYY-MM-DD, of UTC.');

export const Statement = answer('Statement', {
  account_id: required(AccountName), date, status: dayStatus, assets: required(list(StatementLine), 'By asset.'),
}, { parts: [Staleness] });

export const Netting = answer('Netting', {
  instrument: required(InstrumentName),
  net_quantity: required(SignedDecimal, 'Bought less sold.'),
  net_money: required(SignedUnits, 'Got less paid, without fees.'),
  money_asset: required(AssetName),
  fees: required(SignedUnits),
});

export const SettledAccount = answer('SettledAccount', {
  account_id: required(AccountName), assets: required(list(StatementLine), 'By asset.'), netting: required(list(Netting), 'By instrument.'),
});

export const Settlement = answer('Settlement', {
  date,
  status: dayStatus,
  assets: required(list(StatementLine), 'Of all accounts together, the venue\'s own among them.'),
  accounts: required(list(SettledAccount), 'A page of them, by name.'),
  next_cursor: required(orNull(AccountName), 'Give it as cursor to go on; null behind the last page.'),
}, { parts: [Staleness] });

export const FeeGroupRow = answer('FeeGroupRow', {
  instrument: optional(InstrumentName, 'Left out for every instrument without a row of its own.'),
  maker: required(SignedDecimal),
  taker: required(SignedDecimal),
});
export const FeeGroup = answer('FeeGroup', { group: required(FeeGroupName), rates: required(list(FeeGroupRow)) });
export const FeeGroups = answer('FeeGroups', { fee_groups: required(list(FeeGroup), 'By name.') });

export const AssetOverview = answer('AssetOverview', {
  asset: required(AssetName),
  customers: required(SignedUnits, 'What customers have in all.'),
  issuance: required(SignedUnits, 'What was brought in, below zero.'),
  fees: required(SignedUnits, 'What orders were charged.'),
  held: required(SignedUnits, 'Of what customers have, what orders and transfers hold.'),
  sum: required(SignedDecimal, '0, or something is wrong.'),
});

export const AuditFinding = answer('AuditFinding', {
  account_id: required(orNull(AccountName), 'null where it is of all accounts together.'),
  asset: required(AssetName),
  what: required(string()),
  sequence: required(Sequence, 'Up to which balances were looked at.'),
});

export const MoneyOverview = answer('MoneyOverview', {
  sequence: required(Sequence),
  assets: required(list(AssetOverview), 'By name.'),
  findings: required(list(AuditFinding), 'What is wrong: none.'),
}, { parts: [Staleness] });

const account = { account_id: 'client-A', name: 'Ada', status: 'active', credit: 'none', fee_group: 'default', created_at: TIME_EXAMPLE };
const statementLine = {
  asset: 'USD', opening: '0.0000000000', deposits: '1000.0000000000', withdrawals: '0.0000000000', transfers_in: '0.0000000000', transfers_out: '10.0000000000',
  bought: '0.0000000000', sold: '500.0000000000', fees: '0.2500000000', closing: '489.7500000000',
};
const position = {
  instrument: INSTRUMENT_DEFAULT, net_quantity: '0.01000000', average_price: '50000.000000', cost: '500.0000000000', realized_pnl: '0.0000000000',
  unrealized_pnl: '-0.0050000000', mark_price: '49999.50', fees: '0.2500000000', bought_quantity: '0.01000000', sold_quantity: '0.00000000',
  updated_at: TIME_EXAMPLE,
};

/** What calls and answers look like, for the documents. */
export const MONEY_EXAMPLES = {
  keyed: { idempotency_key: 'a-unique-uuid-12348' },
  opens: {
    plain: { account_id: 'client-A' },
    funded: { account_id: 'client-A', name: 'Ada', credit: 'none', deposits: [{ asset: 'USD', amount: '1000.00' }], idempotency_key: 'a-unique-uuid-12349' },
  },
  changes: { suspend: { status: 'suspended' }, group: { fee_group: 'vip', name: 'Ada' } },
  deposits: { referenced: { account_id: 'client-A', asset: 'USD', amount: '1000.00', reference: 'wire-2026-01-31-7' } },
  withdrawals: { plain: { account_id: 'client-A', asset: 'USD', amount: 250, destination: 'DE89 3704 0044 0532 0130 00' } },
  transfers: {
    plain: { from: 'client-A', to: 'client-B', asset: 'USD', amount: '10.00', note: 'lunch' },
    pending: { from: 'client-A', to: 'client-B', asset: 'USD', amount: '10.00', pending: true, timeout_s: 3600 },
  },
  posts: { all: {}, part: { amount: '4.00' } },
  feeGroups: { rates: { rates: [{ maker: '0.0002', taker: '0.0005' }, { instrument: INSTRUMENT_DEFAULT, maker: '-0.0001', taker: '0.0005' }] } },

  assets: { assets: [{ asset: 'BTC', decimals: 8 }, { asset: 'USD', decimals: 10 }] },
  account,
  accounts: { accounts: [account], next_cursor: null },
  balances: {
    account_id: 'client-A', sequence: 1042, balances: [{ asset: 'USD', total: '489.7500000000', held: '100.0500000000', available: '389.7000000000' }],
  },
  events: {
    events: [{
      event_id: '1042:3', sequence: 1042, kind: 'traded', asset: 'BTC', amount: '0.01000000', total_after: '0.01000000', order_id: ORDER_ID_EXAMPLE, trade_id: 77,
      at: TIME_EXAMPLE,
    }],
    next_cursor: null,
  },
  snapshots: { snapshots: [{ sequence: 1000, totals: [{ asset: 'USD', total: '1000.0000000000' }], at: TIME_EXAMPLE }] },
  rebuild: { ok: true, snapshot_sequence: 1000, events_replayed: 4, recovery_ms: 1.25, differences: [] },
  fills: {
    fills: [{
      trade_id: 77, instrument: INSTRUMENT_DEFAULT, order_id: ORDER_ID_EXAMPLE, side: 'buy', role: 'taker', price: '50000.00', quantity: '0.01000000',
      value: '500.0000000000', fee: '0.2500000000', fee_asset: 'USD', fee_rate: '0.0005', sequence: 1042, executed_at: TIME_EXAMPLE,
    }],
    next_cursor: null,
  },
  position,
  positions: { sequence: 1042, positions: [position] },
  portfolio: {
    account_id: 'client-A', mark: 'last', sequence: 1042,
    assets: [{
      asset: 'USD', total: '489.7500000000', available: '389.7000000000', position_value: '499.9950000000', unrealized_pnl: '-0.0050000000',
      realized_pnl: '0.0000000000', fees: '0.2500000000', total_pnl: '-0.2550000000',
    }],
  },
  statement: { account_id: 'client-A', date: '2026-01-31', status: 'settled', assets: [statementLine] },
  settlement: {
    date: '2026-01-31', status: 'settled', assets: [statementLine],
    accounts: [{
      account_id: 'client-A', assets: [statementLine],
      netting: [{ instrument: INSTRUMENT_DEFAULT, net_quantity: '0.01000000', net_money: '-500.0000000000', money_asset: 'USD', fees: '0.2500000000' }],
    }],
    next_cursor: null,
  },
  feeGroup: { group: 'vip', rates: [{ maker: '0.0002', taker: '0.0005' }] },
  money: {
    sequence: 1053,
    assets: [{ asset: 'USD', customers: '999.7500000000', issuance: '-1000.0000000000', fees: '0.2500000000', held: '100.0500000000', sum: '0' }], findings: [],
  },
} as const;

