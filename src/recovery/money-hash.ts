import { createHash } from 'node:crypto';
import type { AccountState, FeeGroup, Transfer } from '../domain/money';

const MODULUS = 2n ** 256n;

/** What happened once and may not happen again: under which digest, at which entry, in which second. */
export interface WrittenReference {
  readonly digest: string;
  readonly sequence: number;
  readonly second: number;
}

/**
 * A hash of all of a shard's money: accounts with what they have, pending transfers, groups of fees, and references that were used. It is
 * the sum of the SHA-256 of each, so it does not depend on the order in which they are read, and two sides can be compared without
 * sorting either.
 */
export class MoneyHash {
  private sum = 0n;
  accounts = 0;
  private transfers = 0;
  private groups = 0;
  private references = 0;

  private addText(...parts: readonly (string | number | null)[]): void {
    const text = parts.map((part) => part ?? '').join('\u0000');
    this.sum = (this.sum + BigInt(`0x${createHash('sha256').update(text).digest('hex')}`)) % MODULUS;
  }

  add({ account, details, balances }: AccountState): void {
    this.addText(
      'account', account, details?.status ?? '', details?.credit ?? '', details?.feeGroup ?? '', details?.name ?? '', details?.createdUs ?? 0,
      ...balances.flatMap(({ asset, total, held }) => [asset, total, held]),
    );
    this.accounts++;
  }

  addTransfer(transfer: Transfer): void {
    const { transferId, kind, status, from, to, asset, amount, settledAmount, reference, note, expiresUs, reverses, sequence, createdUs } = transfer;
    this.addText('transfer', transferId, kind, status, from, to, asset, amount, settledAmount, reference, note, expiresUs, reverses, sequence, createdUs);
    this.transfers++;
  }

  /** Rates in their order, which is the order in which they were given. */
  addFeeGroup({ group, rates }: FeeGroup): void {
    this.addText('group', group, ...rates.flatMap(({ instrument, makerRate, takerRate }) => [instrument, makerRate, takerRate]));
    this.groups++;
  }

  addReference({ digest, sequence, second }: WrittenReference): void {
    this.addText('reference', digest, sequence, second);
    this.references++;
  }

  digest(): string {
    return this.sum.toString(16).padStart(64, '0');
  }

  toString(): string {
    return `${this.accounts} accounts, ${this.transfers} transfers, ${this.groups} groups of fees and ${this.references} references with hash ${this.digest()}`;
  }
}
