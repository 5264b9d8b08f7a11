import { RequestRefusal } from './request-refusal';

/** Names and values of a query, whatever it is. */
export function parametersOf(query: string): URLSearchParams {
  // A question mark in front would be dropped: it is part of the first name.
  return new URLSearchParams(`&${query}`);
}

/**
 * @param query the part behind the question mark
 * @returns parameters by name; one given twice is an array
 * @throws RequestRefusal `validation_failed` for bytes that are no text: read leniently, they would be another name
 */
export function parseQuery(query: string): Record<string, unknown> {
  if (query === '') return {};
  try {
    decodeURIComponent(query);
  } catch {
    throw new RequestRefusal('validation_failed', { detail: 'The query string is not valid.' });
  }
  const result: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of parametersOf(query)) {
    const known = result[name];
    if (known === undefined) result[name] = value;
    else if (Array.isArray(known)) known.push(value);
    else result[name] = [known, value];
  }
  return result;
}
