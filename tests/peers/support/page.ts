import type { Feature, Peer, PeerCase } from './case';
import { VENUE_RULES, type RuleName, type VenueRule } from './venue-rules';

const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
const differing = (cases: readonly PeerCase[]): number => cases.filter(({ verdict }) => verdict === 'differs').length;

/** How many cases each peer has of each feature, and what became of them. */
export function countTable(peers: readonly Peer[]): string {
  const rows = peers.flatMap(({ project, cases }) => {
    const features = [...new Set(cases.map(({ feature }): Feature => feature))].sort();
    return [
      ...features.map((feature) => [feature, cases.filter((one) => one.feature === feature)] as const),
      ['**all**', cases] as const,
    ].map(([feature, of]) => [project, feature, of.length, of.length - differing(of), differing(of)]);
  });
  return table(['source', 'feature', 'cases', 'agree', 'differ'], rows);
}

/** Every difference by the rule that explains it, with the tests that expect otherwise. */
export function differenceTable(peers: readonly Peer[]): string {
  const cases = peers.flatMap((peer) => peer.cases);
  const rows = (Object.entries(VENUE_RULES) as [RuleName, VenueRule][]).map(([name, { venue, rule, where }]) => {
    const tests = cases.filter((one) => one.verdict === 'differs' && one.rule === name).map(({ source }) => `\`${source.test}\``);
    return [`[${venue}](${where}): ${rule}`, tests.length, [...new Set(tests)].join(', ')];
  });
  return table(['rule', 'cases', 'tests that expect otherwise'], rows);
}

const SECTION = /(<!-- peers:(counts|differences) -->\n)[\s\S]*?(<!-- \/peers -->)/g;

/** @returns the page with its tables as the cases have them now */
export function fillPage(page: string, peers: readonly Peer[]): string {
  return page.replace(SECTION, (_, begin: string, name: string, end: string) =>
    `${begin}\n${name === 'counts' ? countTable(peers) : differenceTable(peers)}\n\n${end}`);
}
