import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A page of the documents, as far as tests look at it. A comment before a shell block, which readers do not see, says what a
 * test has to know of it:
 *
 *   <!-- not run: REASON -->            it cannot be run here
 *   <!-- run: in the background -->     it is a venue, with the settings that stand ahead of `npm run up`: it goes on until the pages
 *                                       are done, and is told by the text behind it
 *   <!-- run: exits with 28 -->         instead of with 0
 *   <!-- run: "--minutes 5" as "--minutes 0.05" -->
 */

export const ROOT = join(__dirname, '..', '..', '..');

export interface Replacement {
  readonly from: string;
  readonly to: string;
}

export interface Answer {
  readonly language: 'json' | 'text';
  readonly text: string;
}

export interface ShellBlock {
  /** Of the page, counted from 1. */
  readonly line: number;
  readonly text: string;
  /** The block behind it that shows what it answers, null where there is none. */
  readonly answer: Answer | null;
  /** Why no test runs it; null where one does. */
  readonly notRun: string | null;
  readonly isInBackground: boolean;
  readonly exitCode: number;
  readonly replacements: readonly Replacement[];
}

export interface Page {
  /** From the checkout's root. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly ShellBlock[];
  /** Anchors of its headings, as GitHub makes them. */
  readonly anchors: readonly string[];
  /** What its links point at, those to other sites left out. */
  readonly targets: readonly string[];
}

interface Fence {
  readonly line: number;
  readonly language: string;
  readonly text: string;
  readonly comments: readonly string[];
}

type Piece = Fence | 'heading';

/** Fenced blocks and headings, in order. @throws Error for a block that nothing ends */
function piecesOf(path: string, text: string): Piece[] {
  const pieces: Piece[] = [];
  const lines = text.split('\n');
  let comments: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    const comment = /^<!-- (.*) -->$/.exec(line)?.[1];
    if (comment !== undefined) {
      comments.push(comment);
      continue;
    }
    if (line.startsWith('```')) {
      const end = lines.indexOf('```', i + 1);
      if (end < 0) throw new Error(`${path}:${i + 1}: nothing ends this block`);
      pieces.push({ line: i + 1, language: line.slice(3), text: lines.slice(i + 1, end).join('\n'), comments });
      i = end;
    } else if (/^#{1,6} /.test(line)) {
      pieces.push('heading');
    }
    comments = [];
  }
  return pieces;
}

function shellBlock(path: string, { line, text, comments }: Fence, answer: Answer | null): ShellBlock {
  const told = { notRun: null as string | null, isInBackground: false, exitCode: 0, replacements: [] as Replacement[] };
  for (const comment of comments) {
    const replacement = /^run: "([^"]+)" as "([^"]+)"$/.exec(comment);
    const reason = /^not run: (.+)$/.exec(comment)?.[1];
    const exitCode = /^run: exits with (\d+)$/.exec(comment)?.[1];
    if (reason !== undefined) told.notRun = reason;
    else if (comment === 'run: in the background') told.isInBackground = true;
    else if (exitCode !== undefined) told.exitCode = Number(exitCode);
    else if (replacement !== null) told.replacements.push({ from: replacement[1] as string, to: replacement[2] as string });
    else throw new Error(`${path}:${line}: a comment that no test understands: ${comment}`);
  }
  return { line, text, answer, ...told };
}

/** A shell block's answer is the first JSON or text behind it, before another shell block or a heading. */
function shellBlocks(path: string, text: string): ShellBlock[] {
  const pieces = piecesOf(path, text);
  return pieces.flatMap((piece, i) => {
    if (piece === 'heading' || piece.language !== 'sh') return [];
    const next = pieces.slice(i + 1).find((other) => other === 'heading' || ['sh', 'json', 'text'].includes(other.language));
    const answer = next === undefined || next === 'heading' || next.language === 'sh' ? null : { language: next.language as Answer['language'], text: next.text };
    return [shellBlock(path, piece, answer)];
  });
}

export function parsePage(path: string, text: string): Page {
  // Headings and links inside of blocks are neither.
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '');
  const anchors = [...prose.matchAll(/^#{1,6} (.*)$/gm)].map(([, title]) =>
    (title as string).replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-'));
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target as string).filter((target) => !/^https?:/.test(target));
  return { path, text, blocks: shellBlocks(path, text), anchors, targets };
}

export function readPage(path: string): Page {
  return parsePage(path, readFileSync(join(ROOT, path), 'utf8'));
}

/** Every document there is, the client's README among them. */
export function documentPaths(): string[] {
  const below = (directory: string): string[] => readdirSync(join(ROOT, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory()) return below(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
  return ['README.md', 'DESIGN.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'packages/client/README.md', ...below('docs').sort()];
}
