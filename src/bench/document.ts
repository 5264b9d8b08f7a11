import { markdownMachine, markdownPart } from './report';
import type { BenchReport } from './result';

/**
 * `docs/performance.md` is written by hand around what is measured: between `<!-- bench:NAME -->` and `<!-- /bench -->` stands
 * what the last report says of the part, and nothing else is touched.
 */

const SECTION = /(<!-- bench:([a-z-]+) -->\n)[\s\S]*?(<!-- \/bench -->)/g;

/** The sections that a document has. */
export function sectionsOf(text: string): string[] {
  return [...text.matchAll(SECTION)].map((found) => found[2] as string);
}

/** @returns the document with every section that the report knows written anew; a part that was not measured keeps its text */
export function fillDocument(text: string, report: BenchReport): string {
  return text.replace(SECTION, (whole, begin: string, name: string, end: string) => {
    const part = report.parts.find((one) => one.part === name);
    const body = name === 'machine' ? markdownMachine(report) : part === undefined ? null : markdownPart(part);
    return body === null ? whole : `${begin}\n${body}\n\n${end}`;
  });
}
