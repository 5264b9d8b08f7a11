import type { LogEntry } from '../domain/log-entry';
import type { Reference, SentCommand } from './ledger';

const nameOf = ({ asset, reference }: Reference): string => JSON.stringify([asset, reference]);

/** Follows what of money happens once: a deposit by its reference, an end of a transfer, a move back. */
export class OnceOnly {
  private readonly seen = new Map<string, LogEntry>();
  private readonly deposits = new Map<string, { readonly entry: LogEntry; readonly transferId: string }>();

  /** @returns what has happened a second time */
  add(entry: LogEntry): string[] {
    if (entry.kind === 'refuse') return [];
    const doubled: string[] = [];
    const once = (what: string): void => {
      const before = this.seen.get(what);
      if (before === undefined) this.seen.set(what, entry);
      else doubled.push(`${what} is in entries ${before.sequence} and ${entry.sequence}`);
    };
    for (const event of entry.events) {
      if (event.type !== 'transfer') continue;
      const { transferId, status, kind, asset, reference, reverses } = event.transfer;
      once(entry.kind === 'transfer' ? `transfer ${transferId}` : `end of transfer ${transferId}`);
      if (entry.kind !== 'transfer') continue;
      if (status === 'posted' && kind === 'transfer') once(`end of transfer ${transferId}`);
      if (reverses !== null) once(`reversal of transfer ${reverses}`);
      if (kind !== 'deposit' || reference === null) continue;
      once(`reference ${reference} of a deposit of ${asset}`);
      this.deposits.set(nameOf({ asset, reference }), { entry, transferId });
    }
    return doubled;
  }

  /** The entry of the deposit that a command was answered with, where its reference had been used before. */
  deposit({ reference, body }: SentCommand): LogEntry | undefined {
    const deposit = reference === null ? undefined : this.deposits.get(nameOf(reference));
    return deposit !== undefined && body?.deposit_id === deposit.transferId ? deposit.entry : undefined;
  }
}
