/**
 * What each session of the service is set to, whatever role, database, server or environment say: nothing of what it
 * commits is lost, nothing hangs or is cut off by a limit of somebody else's, and values are read as they were written.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  transaction_timeout: '0',
  default_transaction_read_only: 'off',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  datestyle: 'ISO, YMD',
  standard_conforming_strings: 'on',
  // An array's NULL is no text of four letters.
  array_nulls: 'on',
};

/**
 * A statement for a new connection. Settings that a Postgres does not know are left out.
 * @param statementTimeoutMs longest statement; 0 for no limit
 */
export function sessionSettings(statementTimeoutMs: number): string {
  const values = Object.entries(SETTINGS).map(([name, value]) => `('${name}', '${value}')`).join(', ');
  // Its own limit first: one that is too short would end the rest. What waits for less than our own disk is raised to that,
  // and what waits for more, as for a standby's, is left.
  return `SET statement_timeout = ${Math.trunc(statementTimeoutMs)};
    SELECT set_config(name, value, false) FROM (VALUES ${values}) AS own (name, value) WHERE current_setting(name, true) IS NOT NULL;
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`;
}
