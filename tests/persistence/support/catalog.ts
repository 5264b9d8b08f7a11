import type { TestDatabase } from '../../support/postgres';

/** Everything that defines the schema `public`, in lines that two databases share exactly where they are alike. */
const DEFINITIONS: Readonly<Record<string, string>> = {
  tables: `SELECT relname, relkind, relpersistence, reloptions, pg_get_partkeydef(oid) AS key, relispartition,
      pg_get_expr(relpartbound, oid) AS bound FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S', 'v', 'm')`,
  // Their order, not their number: a column that was dropped leaves a gap.
  columns: `SELECT attrelid::regclass, attname, row_number() OVER (PARTITION BY attrelid ORDER BY attnum) AS place, format_type(atttypid, atttypmod) AS type,
      attnotnull, attidentity, attgenerated, pg_get_expr(adbin, adrelid) AS fallback
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')) AND attnum > 0 AND NOT attisdropped`,
  constraints: `SELECT conrelid::regclass, conname, contype, convalidated, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace`,
  indexes: `SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) AS definition, indisunique, indisprimary, indisvalid
    FROM pg_index WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)`,
  triggers: `SELECT tgrelid::regclass, tgname, tgenabled, pg_get_triggerdef(oid) AS definition
    FROM pg_trigger WHERE NOT tgisinternal`,
  views: `SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'`,
  functions: `SELECT proname, pg_get_functiondef(oid) AS definition FROM pg_proc WHERE pronamespace = 'public'::regnamespace`,
  partitions: `SELECT inhrelid::regclass, inhparent::regclass FROM pg_inherits
    WHERE inhparent IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)`,
  versions: 'SELECT version, name FROM schema_version',
};

/** @returns lines by kind, sorted */
export async function readCatalog(database: TestDatabase): Promise<Record<string, string[]>> {
  const catalog: Record<string, string[]> = {};
  for (const [kind, query] of Object.entries(DEFINITIONS)) {
    catalog[kind] = (await database.query(query)).map((row) => JSON.stringify(row)).sort();
  }
  return catalog;
}
