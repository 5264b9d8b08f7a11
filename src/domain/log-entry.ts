import { EntryViews, type EntryFields, type LogEntry } from './entry';
import type { InstrumentRules } from './instrument-rules';
import type { Shortfall } from './money';
import type { SettledTrade } from './order';
import { LaterVersionError } from './later-version';
import { LOG_ENTRY_VERSION } from './layouts';
import { decodeEntryBefore } from './log-entry-before';
import { decodeEntryWire } from './log-entry-wire';

export { ENTRY_KINDS } from './entry';
export type {
  AccountChange, BalanceChange, EntryEvent, EntryKind, FeeGroupChange, Fill, LevelChange, LogEntry, LoggedCommand, OrderChange, OrderShown,
  RawLogEntry, ShortfallShown, TransferChange,
} from './entry';

/**
 * The shard log: one entry per state-changing command, written by the engine in the same atomic step as the change
 * itself. An entry tells the command as it was carried out, its outcome, and what came of it as a list of events, in the
 * order in which they happened. Its layout stands in layouts.ts.
 */

/** An entry from its events. */
export function entryOf(fields: EntryFields): LogEntry {
  const views = new EntryViews();
  for (const event of fields.events) views.add(event);
  const { version, kind, sequence, timeUs, command, code, events, idempotency, request } = fields;
  const { orders, fills, levels, balances } = views;
  return { version, kind, sequence, timeUs, command, code, events, orders, fills, levels, balances, idempotency, request };
}

/**
 * The entries decoded last, by sequence. Within a process the answer to a command, the market data and the writer see
 * the same entry one after the other, and decoding is most of what each does with it.
 */
const DECODED_MAX = 8_192;
const decoded = new Array<{ readonly payload: string; readonly entry: LogEntry } | undefined>(DECODED_MAX).fill(undefined);

/** @throws Error for an entry of a version, or with anything in it, that this program does not know. */
export function decodeLogEntry(payload: string): LogEntry {
  const slot = sequenceOfPayload(payload) % DECODED_MAX;
  const known = decoded[slot];
  // Other shards and other lives have the same sequences: the text decides.
  if (known?.payload === payload) return known.entry;
  const wire = JSON.parse(payload) as readonly unknown[];
  const entry = decodeEntryWire(wire) ?? entryOf(decodeEntryBefore(wire));
  decoded[slot] = { payload, entry };
  return entry;
}

/** The version of an entry: its first element, read without decoding the rest. NaN for what is no entry. */
function versionOfPayload(payload: string): number {
  return Number(payload.slice(1, payload.indexOf(',')));
}

/** Whether a later version of this program has written an entry: nothing else of it can be told then. */
export function isLaterEntry(payload: string): boolean {
  return versionOfPayload(payload) > LOG_ENTRY_VERSION;
}

/** What is thrown at an entry that a later version has written. @param holder what holds it, as the subject of a sentence */
export function laterEntryError(holder: string, payload: string): LaterVersionError {
  return new LaterVersionError(holder, versionOfPayload(payload), LOG_ENTRY_VERSION);
}

/** The log sequence of an entry: its third element, read without decoding the rest. */
function sequenceOfPayload(payload: string): number {
  const start = payload.indexOf(',', payload.indexOf(',') + 1) + 1;
  return Number(payload.slice(start, payload.indexOf(',', start)));
}

/** The life of the shard that an entry belongs to: its last element, read without decoding the rest. */
export function epochOfPayload(payload: string): string {
  return payload.slice(payload.lastIndexOf(',') + 2, -2);
}

/** The trades of an entry, oldest first. @throws Error for one whose taker is not among the entry's orders */
export function tradesOf(entry: LogEntry): SettledTrade[] {
  return entry.fills.map((fill) => {
    const taker = entry.orders[fill.taker];
    if (taker === undefined) throw new Error(`entry ${entry.sequence}: trade ${fill.tradeId} has no taker`);
    return {
      instrument: taker.instrument,
      tradeId: fill.tradeId,
      priceTicks: fill.priceTicks,
      quantityLots: fill.quantityLots,
      takerSide: taker.side,
      makerOrderId: fill.maker.orderId,
      takerOrderId: taker.orderId,
      executedUs: entry.timeUs,
      makerClientId: fill.maker.clientId,
      takerClientId: taker.clientId,
      makerFee: fill.makerFee,
      takerFee: fill.takerFee,
    };
  });
}

/** What a refusal says was wanting; undefined for any other. */
export function shortfallOf({ events }: LogEntry): Shortfall | undefined {
  const event = events.find((candidate) => candidate.type === 'shortfall');
  if (event === undefined) return undefined;
  const { asset, needed, available } = event;
  return { asset, needed, available };
}

/** The instrument that a refusal is about; undefined for any other. */
export function rulesShownBy({ kind, events }: LogEntry): InstrumentRules | undefined {
  return kind === 'refuse' ? events.find((candidate) => candidate.type === 'instrument')?.rules : undefined;
}
