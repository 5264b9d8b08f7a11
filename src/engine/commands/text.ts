/**
 * A client's text as it stands inside a record and inside a key: JSON-escaped, and with quotes and
 * backslashes as \u escapes, so that a raw double quote always ends a string (lua/entry.lua relies on it).
 */
export function escapeText(text: string): string {
  if (/^[ !#-[\]-~]*$/.test(text)) return text;
  return JSON.stringify(text).slice(1, -1).replace(/\\"/g, '\\u0022').replace(/\\\\/g, '\\u005c');
}

