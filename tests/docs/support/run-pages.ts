import { join } from 'node:path';
import { findFreePort } from '../../../src/servers/ports';
import { temporaryDirectory } from '../../support/servers';
import { makeCertificate } from '../../support/certificates';
import { until } from '../../support/until';
import { UpProcess } from '../../support/up-process';
import { readPage, type ShellBlock } from './page';
import { answerDifferences } from './shape';
import { runPage, type Ran } from './shell';

const START_TIMEOUT_MS = 120_000;
const PAGE_TIMEOUT_MS = 120_000;

/** Port that the pages name where nothing else is said. */
const SHOWN_PORT = '3000';
const NAMES_OF_ITS_OWN = new Set(['PORT', 'DATA_DIR']);

/** Settings of a venue that a block starts. @throws Error for a block that starts something else */
function settingsOf({ line, text }: ShellBlock): ReadonlyMap<string, string> {
  const ahead = /^((?:[A-Z_]+=\S+ )*)npm run up$/.exec(text)?.[1];
  if (ahead === undefined) throw new Error(`line ${line} goes on in the background and is no venue: ${text}`);
  return new Map(ahead.split(' ').filter((setting) => setting !== '').map((setting) => setting.split('=') as [string, string]));
}

/**
 * Declares the tests of pages: a venue as `npm run up` starts it, and every shell block of each page on it, in order.
 * @param more declares further tests on the venue, whose address it is given
 */
export function describePages(name: string, paths: readonly string[], more?: (url: () => string) => void): void {
  describe(name, () => {
    const directory = temporaryDirectory('docs');
    const scratch = temporaryDirectory('docs');
    let port = 0;
    const ups: UpProcess[] = [];
    /** By the port that the pages name. */
    const ports = new Map<string, number>();
    const ready = new Map<string, readonly string[]>();
    const start = async (shown: string, settings: Readonly<Record<string, string>>, path: string): Promise<void> => {
      const own = await findFreePort();
      const up = new UpProcess({ ...settings, PORT: String(own), DATA_DIR: path, LOG_LEVEL: 'warn' });
      ups.push(up);
      ports.set(shown, own);
      ready.set(shown, await up.ready());
    };
    beforeAll(async () => {
      await start(SHOWN_PORT, {}, directory.path);
      port = ports.get(SHOWN_PORT) as number;
    }, START_TIMEOUT_MS);
    afterAll(async () => {
      // As a reader would; what does not end by that is ended.
      for (const up of ups) if (!up.hasExited) await up.ctrlC();
      await UpProcess.killAll();
      directory.remove();
      scratch.remove();
    }, START_TIMEOUT_MS);

    describe.each(paths.map(readPage))('$path', (page) => {
      let ran: Ran[] = [];
      const background = page.blocks.filter(({ isInBackground }) => isInBackground);
      beforeAll(async () => {
        for (const settings of background.map(settingsOf)) {
          const shown = settings.get('PORT') ?? SHOWN_PORT;
          const others = Object.fromEntries([...settings].filter(([name]) => !NAMES_OF_ITS_OWN.has(name)));
          // What the page tells to make is made ahead of its blocks.
          if (others.TLS_CERT_FILE !== undefined) Object.assign(others, makeCertificate(scratch.path, 'venue').environment);
          // Pages of one group may name the same one.
          if (!ports.has(shown)) await start(shown, others, join(scratch.path, `venue-${shown}`));
        }
        // The page before may have ended with a rebuild, which the service takes up a moment later.
        await until('the venue is ready', async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok);
        // A venue that a command starts for itself logs to where the command answers.
        const environment = { DATA_DIR: directory.path, SCRATCH: scratch.path, LOG_LEVEL: 'error' };
        ran = await runPage(page, { port, ports, environment, timeoutMs: PAGE_TIMEOUT_MS });
      }, background.length * START_TIMEOUT_MS + PAGE_TIMEOUT_MS + 1_000);

      const blocks = page.blocks.filter(({ notRun }) => notRun === null);
      it.each(blocks)('line $line does as it says', (block) => {
        if (block.isInBackground) {
          const shown = settingsOf(block).get('PORT') ?? SHOWN_PORT;
          const line = block.answer?.text ?? `openfill ready on http://127.0.0.1:${shown}`;
          expect(ready.get(shown)?.[0]).toBe(line.replace(`:${shown}`, `:${ports.get(shown)}`));
          return;
        }
        const result = ran.find((one) => one.block === block);
        expect({ exitCode: result?.exitCode, stderr: result?.stderr }).toEqual({ exitCode: block.exitCode, stderr: expect.any(String) as string });
        if (block.answer !== null) expect(answerDifferences(block.answer, result?.stdout ?? '')).toEqual([]);
      });
    });

    more?.(() => `http://127.0.0.1:${port}`);
  });
}
