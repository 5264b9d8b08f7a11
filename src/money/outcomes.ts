import type { MoneyCommand, Repeated } from '../domain/commands';
import type { Context } from '../domain/context';
import { shortfallOf, type LogEntry } from '../domain/log-entry';
import type { Account, Shortfall, Transfer } from '../domain/money';
import { Refusal, type RefusalFacts } from '../domain/refusal';
import { resultCodeOf, type ResultCode } from '../domain/result-code';
import type { Acknowledgement } from '../trading/acknowledgement';
import type { CommandRunner } from '../trading/command-runner';
import { differencesFromFirst, type MoneyFingerprint } from './fingerprint';
import type { MoneyRecord } from './ports';

/** A command that was carried out, now or before. */
export interface CarriedOut {
  readonly entry: LogEntry;
  /** It is the answer that the request's key or reference got first. */
  readonly replayed: boolean;
  /** What was used before, null where nothing was. */
  readonly by: Repeated['by'] | null;
}

/** What is to be told of a refusal: the code's facts, or another code's. */
export type Explain = (code: ResultCode, facts: RefusalFacts) => Refusal | Promise<Refusal>;

const asItIs: Explain = (code, facts) => new Refusal(code, facts);

/** Hands a command about money to the engine, and finds what became of it. */
export class MoneyOutcomes {
  constructor(
    private readonly runner: CommandRunner, private readonly record: Pick<MoneyRecord, 'journalEntry'>,
    private readonly acknowledgement: Acknowledgement,
  ) {}

  /**
   * @param fingerprint what the request asks for, to tell a retry from a key or a reference that is used for something else
   * @throws Refusal
   */
  async carryOut(context: Context, command: MoneyCommand, fingerprint: MoneyFingerprint, explain = asItIs): Promise<CarriedOut> {
    const { result, epoch } = await this.runner.one(command);
    switch (result.outcome) {
      case 'logged':
        await this.acknowledge(context, epoch, result.entry);
        return this.ofEntry({ entry: result.entry, replayed: false, by: null }, explain);
      case 'repeated': {
        const entry = result.entry ?? await this.record.journalEntry(result.sequence, result.second);
        if (entry === null) throw new Error(`entry ${result.sequence} is neither in the log nor in the journal`);
        const fields = differencesFromFirst(entry, fingerprint);
        if (fields.length > 0) throw new Refusal(result.by === 'key' ? 'idempotency_key_reused' : 'reference_reused', { fields });
        // What came out of the journal is in Postgres already.
        if (result.entry !== null) await this.acknowledge(context, epoch, entry);
        return this.ofEntry({ entry, replayed: true, by: result.by }, explain);
      }
      case 'refused':
        throw await explain(result.code, factsOf(result.shortfall, result.transfer));
      case 'unchanged':
      case 'mass_cancelled':
      case 'nothing_due':
        throw new Error(`a command about money answered as ${result.outcome}`);
    }
  }

  private async acknowledge(context: Context, epoch: string | null, { sequence }: LogEntry): Promise<void> {
    if (this.acknowledgement.isAfterPostgres(undefined)) await this.acknowledgement.committed(context, epoch, sequence);
  }

  private async ofEntry(carriedOut: CarriedOut, explain: Explain): Promise<CarriedOut> {
    const { entry, replayed } = carriedOut;
    if (entry.kind !== 'refuse') return carriedOut;
    const refusal = await explain(resultCodeOf(entry.code), factsOf(shortfallOf(entry), transferIn(entry)));
    // What cannot be read now is no answer yet.
    refusal.replayed = replayed && refusal.code !== 'history_unavailable';
    throw refusal;
  }
}

function factsOf(shortfall: Shortfall | undefined, transfer: Transfer | undefined): RefusalFacts {
  return { ...(shortfall === undefined ? {} : { shortfall }), ...(transfer === undefined ? {} : { transfer }) };
}

function transferIn({ events }: LogEntry): Transfer | undefined {
  return events.find((event) => event.type === 'transfer')?.transfer;
}

/** The transfer that an entry tells of. @throws Error for an entry without one */
export function transferOf(entry: LogEntry): Transfer {
  const transfer = transferIn(entry);
  if (transfer === undefined) throw new Error(`entry ${entry.sequence} has no transfer`);
  return transfer;
}

/** The account that an entry tells of. @throws Error for an entry without one */
export function accountOf(entry: LogEntry): Account {
  const account = entry.events.find((event) => event.type === 'account')?.account;
  if (account === undefined) throw new Error(`entry ${entry.sequence} has no account`);
  return account;
}
