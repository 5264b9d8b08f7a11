import { LaterVersionError } from '../domain/later-version';
import { isLaterEntry, laterEntryError } from '../domain/log-entry';
import { DatabaseUnavailableError, DatabaseUnfitError, isUnavailable, type Database } from './database';
import { refuseLaterSchema } from './migrate';

/** Characters of an entry that are read for its version: its first element. */
const HEAD_CHARACTERS = 24;
/** Entries of the journal's end that are looked at: a later program writes there. */
const JOURNAL_END = 100;

const LATEST = {
  journal: `SELECT sequence, left(payload, ${HEAD_CHARACTERS}) AS head FROM journal WHERE shard = $1 ORDER BY sequence DESC LIMIT ${JOURNAL_END}`,
  dead_letters: `SELECT sequence, left(payload, ${HEAD_CHARACTERS}) AS head FROM dead_letters WHERE shard = $1 ORDER BY sequence DESC`,
} as const;

/**
 * Looks whether a later version of this program has written the record of a shard: by the schema's version, by the end of
 * the journal and by every entry that was put aside. It changes nothing, and a database that is still empty is none.
 * @throws SchemaError or LaterVersionError naming both versions, DatabaseUnavailableError
 */
export async function refuseLaterRecord(database: Database, shard: string): Promise<void> {
  const session = await database.session();
  try {
    await refuseLaterSchema(session);
    for (const [table, query] of Object.entries(LATEST)) {
      const { rows: [found] } = await session.query<{ is_there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS is_there', [table]);
      if (found?.is_there !== true) continue;
      const { rows } = await session.query<{ sequence: number; head: string }>(query, [shard]);
      // The head need not hold all of the first element; what is no number then is no version either.
      const later = rows.find(({ head }) => isLaterEntry(`${head},`));
      if (later !== undefined) {
        const holder = `the ${table === 'journal' ? 'journal' : 'list of refused entries'} of shard ${shard} in postgres has entry ${later.sequence}`;
        throw laterEntryError(holder, `${later.head},`);
      }
    }
  } catch (error) {
    const isTold = error instanceof LaterVersionError || error instanceof DatabaseUnfitError || !isUnavailable(error);
    throw isTold ? error : new DatabaseUnavailableError(error);
  } finally {
    await session.end();
  }
}
