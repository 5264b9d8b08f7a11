import { formatNumber, isMet, type BenchReport, type Figure, type MeasuredPart, type Table } from './result';

/** The report as text: a table for people in the terminal, and Markdown for the document. */

const COLUMNS = ['what', 'measured', 'floor', 'asked for'] as const;

function goalText({ goal }: Figure): string {
  if (goal === undefined) return '';
  return `${goal.better === 'higher' ? '≥' : '≤'} ${formatNumber(goal.bound)}`;
}

function cellsOf(figure: Figure): string[] {
  const { name, value, unit, floor } = figure;
  const met = isMet(figure);
  return [
    name,
    `${formatNumber(value)}${unit === '' ? '' : ` ${unit}`}`,
    floor === undefined ? '' : `${formatNumber(floor.value)} (${floor.name})`,
    met === null ? '' : `${goalText(figure)}: ${met ? 'met' : 'not met'}`,
  ];
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] as number)).join('  ').trimEnd()).join('\n');
}

const textOf = (cell: string | number | null): string => (typeof cell === 'number' ? formatNumber(cell) : cell ?? '–');

export function terminalTable(figures: readonly Figure[]): string {
  return aligned([COLUMNS, ...figures.map(cellsOf)]);
}

export function terminalRows({ title, columns, rows }: Table): string {
  return `${title}\n${aligned([columns, ...rows.map((row) => row.map(textOf))])}`;
}

const escaped = (cell: string): string => cell.replaceAll('|', '\\|');

function markdownRows(columns: readonly string[], rows: readonly (readonly string[])[], aligns: readonly string[]): string {
  return [columns, aligns, ...rows].map((row, i) => `| ${row.map((cell) => (i === 1 ? cell : escaped(cell))).join(' | ')} |`).join('\n');
}

export function markdownFigures(figures: readonly Figure[]): string {
  return markdownRows(COLUMNS, figures.map(cellsOf), ['---', '---:', '---:', '---']);
}

export function markdownTable({ title, columns, rows }: Table): string {
  const cells = rows.map((row) => row.map(textOf));
  return `${title}:\n\n${markdownRows(columns, cells, columns.map((_, i) => (i === 0 ? '---' : '---:')))}`;
}

/** The plot stands beside the document. */
const PLOT = '![Latency of single orders by offered rate](latency.svg)';

export function markdownPart(part: MeasuredPart): string {
  const funds = part.funds === undefined || part.funds === null ? [] : [`Measured with ${part.funds.map((one) => `\`FUNDS=${one}\``).join(', ')}.`];
  return [...funds, markdownFigures(part.figures), ...(part.latency === undefined ? [] : [PLOT]), ...(part.tables ?? []).map(markdownTable)].join('\n\n');
}

export function markdownMachine({ date, commit, machine }: BenchReport): string {
  const rows = [['date', date], ['commit', commit], ...Object.entries(machine)];
  return markdownRows(['', ''], rows, ['---', '---']);
}
