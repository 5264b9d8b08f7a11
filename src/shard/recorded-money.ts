import type { AuditedRecord } from '../duties/balance-auditor';
import { AuditSource } from '../persistence/audit-source';
import type { Database } from '../persistence/database';

/** The record of a shard's money, of one moment, as the running audit begins with it. */
export function recordedMoney(database: Database, shard: string): AuditedRecord {
  return {
    read: async (work) => {
      const source = await AuditSource.open(database, shard);
      try {
        const checkpoint = await source.checkpoint();
        if (checkpoint === null) return;
        const credited: string[] = [];
        for await (const { account } of source.accounts()) if (account.credit === 'unlimited') credited.push(account.account);
        await work({ epoch: checkpoint.epoch, sequence: checkpoint.sequence, credited, balances: source.balances(), unposted: () => source.unposted() });
      } finally {
        await source.close();
      }
    },
  };
}
