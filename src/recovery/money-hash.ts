import { createHash } from 'node:crypto';
import type { AccountState } from '../domain/money';

const MODULUS = 2n ** 256n;

/**
 * A hash of all accounts with what they have: the sum of the SHA-256 of each. It does not depend on the order in which accounts are
 * read, so two sides can be compared without sorting either.
 */
export class MoneyHash {
  private sum = 0n;
  accounts = 0;

  add({ account, details, balances }: AccountState): void {
    const text = [
      account, details?.status ?? '', details?.credit ?? '', details?.feeGroup ?? '', details?.name ?? '', details?.createdUs ?? 0,
      ...balances.flatMap(({ asset, total, held }) => [asset, total, held]),
    ].join('\u0000');
    this.sum = (this.sum + BigInt(`0x${createHash('sha256').update(text).digest('hex')}`)) % MODULUS;
    this.accounts++;
  }

  digest(): string {
    return this.sum.toString(16).padStart(64, '0');
  }
}
