import type { IncomingMessage, ServerResponse } from 'node:http';
import { readConfig } from '../../../src/config';
import { createOpenapiDocument } from '../../../src/dialects/native/documents/openapi';
import { ProblemDocuments } from '../../../src/dialects/native/errors';
import { moneyHandlers } from '../../../src/dialects/native/money-routes';
import { NativeAccounts } from '../../../src/dialects/native/native-accounts';
import { NativeMoney } from '../../../src/dialects/native/native-money';
import { NativeTransfers } from '../../../src/dialects/native/native-transfers';
import { AssetTable } from '../../../src/domain/asset-table';
import type { CommandResult, EngineCommand, MoneyCommand } from '../../../src/domain/commands';
import { ANYONE } from '../../../src/domain/principal';
import type { EntryEvent, EntryKind } from '../../../src/domain/entry';
import { InstrumentTable } from '../../../src/domain/instrument-table';
import { LOG_ENTRY_VERSION } from '../../../src/domain/layouts';
import { entryOf, type LogEntry } from '../../../src/domain/log-entry';
import type { Account, Funds, Transfer } from '../../../src/domain/money';
import { RESULT_CODES, type ResultCode } from '../../../src/domain/result-code';
import { refusalOf } from '../../../src/domain/refusal';
import { idempotencyDigest, referenceDigest, reversalDigest } from '../../../src/engine/idempotency';
import type { Answer } from '../../../src/http/answer';
import { Money } from '../../../src/money/money';
import type { MoneyEngine, MoneyRecord, Marks } from '../../../src/money/ports';
import { CALLS, type CallId } from '#openfill-contract';
import { Contract } from '../../support/contract';

/** The calls about money over an engine and a record that say what a test wants; every answer is held against the document. */

const EPOCH = 'life-1';
export const NOW_US = 1_769_851_613_589_793;

const config = readConfig({});
const contract = new Contract(createOpenapiDocument(config));

function never(what: string): () => Promise<never> {
  return () => Promise.reject(new Error(`${what} was not to be asked`));
}

export interface DeskOptions {
  readonly funds?: Funds;
  readonly engine?: Partial<MoneyEngine>;
  readonly record?: Partial<MoneyRecord>;
  readonly marks?: Marks;
  /** Whether Postgres catches up in time. */
  readonly isCaughtUp?: boolean;
}

export interface Told {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** An entry of the log, as the engine answers with it. */
export function entry(kind: EntryKind, events: readonly EntryEvent[], more: Partial<LogEntry> = {}): LogEntry {
  return entryOf({
    version: LOG_ENTRY_VERSION, kind, sequence: 1_042, timeUs: NOW_US, command: null, code: 0, events, idempotency: null, request: null, ...more,
  });
}

export function refusalEntry(code: ResultCode, events: readonly EntryEvent[], more: Partial<LogEntry> = {}): LogEntry {
  return entry('refuse', events, { code: RESULT_CODES[code].number ?? 0, ...more });
}

export function accountNamed(account: string, changes: Partial<Account> = {}): Account {
  return { account, name: null, status: 'active', credit: 'venue', feeGroup: 'default', createdUs: NOW_US, ...changes };
}

export const TRANSFER_ID = '01900000-0000-7000-8000-000000000001';

export function transferOf(changes: Partial<Transfer> = {}): Transfer {
  return {
    transferId: TRANSFER_ID, kind: 'transfer', status: 'posted', from: 'ann', to: 'bob', asset: 'USD', amount: '10000000000', settledAmount: '10000000000',
    reference: null, note: null, expiresUs: null, reverses: null, sequence: 1_000, createdUs: NOW_US, ...changes,
  };
}

export class MoneyDesk {
  /** What the engine was told. */
  readonly commands: MoneyCommand[] = [];
  /** What it makes of the next command. */
  next: (command: MoneyCommand) => CommandResult = () => { throw new Error('no command was to be given'); };
  private readonly problems: ProblemDocuments;
  private readonly handlers;

  constructor({ funds = 'required', engine = {}, record = {}, marks, isCaughtUp = true }: DeskOptions = {}) {
    const instruments = new InstrumentTable(config.instruments);
    const assets = new AssetTable(config.assets);
    const submit = (command: EngineCommand): Promise<CommandResult> => {
      this.commands.push(command as MoneyCommand);
      return Promise.resolve(this.next(command as MoneyCommand));
    };
    const money = new Money({
      engine: {
        submit, submitAll: never('submitAll'), position: () => Promise.resolve({ epoch: EPOCH, sequence: 1_042 }), known: { epoch: EPOCH },
        readAccount: never('readAccount'), readTransfer: () => Promise.resolve(null), readFeeGroups: never('readFeeGroups'), ...engine,
      },
      record: {
        journalEntry: never('journalEntry'), accounts: never('accounts'), events: never('events'), snapshots: never('snapshots'), eventSums: never('eventSums'),
        transfer: () => Promise.resolve(null), transfers: never('transfers'), fills: never('fills'), positions: never('positions'), statement: never('statement'),
        settlement: never('settlement'), totals: never('totals'), ...record,
      },
      commits: { waitFor: () => Promise.resolve(isCaughtUp), staleness: () => Promise.resolve({ lagEntries: 3, lagSeconds: 0.5 }) },
      marks: marks ?? { doubleTicks: () => Promise.resolve(null) },
      audit: { findings: () => Promise.resolve([]) },
    }, instruments, assets, {
      funds, ackAfter: 'redis', engineTimeoutMs: 100, readBarrierTimeoutMs: 100, digest: idempotencyDigest, referenceDigest, reversalDigest,
      nowMs: () => NOW_US / 1_000,
    });
    this.problems = new ProblemDocuments(instruments, assets);
    this.handlers = moneyHandlers({
      accounts: new NativeAccounts(money, null, config), transfers: new NativeTransfers(money, config), venue: new NativeMoney(money, instruments, config),
    });
  }

  /** @param key of the header @throws Error where the answer is not as the document says */
  async call(id: CallId & keyof MoneyDesk['handlers'], path: string, body?: unknown, key?: string): Promise<Told> {
    const { method, path: template } = CALLS[id];
    const [bare = '', query = ''] = path.split('?');
    const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string);
    const match = new RegExp(`^${template.replace(/\{\w+\}/g, '([^/]+)')}$`).exec(bare);
    if (match === null) throw new Error(`${path} is no ${template}`);
    const params = Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(match[i + 1] as string)]));
    const headers = key === undefined ? {} : { 'idempotency-key': key };
    const request = { headers, headersDistinct: {} } as unknown as IncomingMessage;
    const context = { principal: ANYONE, requestId: 'request', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, address: '', signatureUse: null, deadlineMs: Infinity };
    const answer = await this.answered(() => this.handlers[id]({ context, params, query, body, request, response: null as unknown as ServerResponse }));
    const text = JSON.stringify(answer.body);
    const told = { 'content-type': 'application/json', 'x-request-id': 'request', traceparent: context.traceparent, ...lowered(answer.headers) };
    const violations = contract.violations(method, bare, { status: answer.status, headers: new Headers(told), text });
    if (violations.length > 0) throw new Error(`${method} ${path} answered against the document: ${violations.join('; ')}: ${text}`);
    return { status: answer.status, body: JSON.parse(text) as Told['body'], headers: told };
  }

  private async answered(handle: () => Promise<Answer | null>): Promise<Answer> {
    try {
      const answer = await handle();
      if (answer === null) throw new Error('no answer');
      return answer;
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === null) throw error;
      return this.problems.answerOf(refusal, 'request');
    }
  }
}

function lowered(headers: Answer['headers'] = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
