import { findFreePort } from '../../../src/servers/ports';
import { temporaryDirectory } from '../../support/servers';
import { UpProcess } from '../../support/up-process';
import { readPage } from './page';
import { answerDifferences } from './shape';
import { runPage, type Ran } from './shell';

const START_TIMEOUT_MS = 120_000;
const PAGE_TIMEOUT_MS = 120_000;

/**
 * Declares the tests of pages: a venue as `npm run up` starts it, and every shell block of each page on it, in order.
 * @param more declares further tests on the venue, whose address it is given
 */
export function describePages(name: string, paths: readonly string[], more?: (url: () => string) => void): void {
  describe(name, () => {
    const directory = temporaryDirectory('docs');
    const scratch = temporaryDirectory('docs');
    let port = 0;
    let up: UpProcess | undefined;
    let ready: string[] = [];
    beforeAll(async () => {
      port = await findFreePort();
      up = new UpProcess({ PORT: String(port), DATA_DIR: directory.path, LOG_LEVEL: 'warn' });
      ready = await up.ready();
    }, START_TIMEOUT_MS);
    afterAll(async () => {
      // As a reader would; what does not end by that is ended.
      if (up?.hasExited === false) await up.ctrlC();
      await UpProcess.killAll();
      directory.remove();
      scratch.remove();
    }, START_TIMEOUT_MS);

    describe.each(paths.map(readPage))('$path', (page) => {
      let ran: Ran[] = [];
      beforeAll(async () => {
        // A venue that a command starts for itself logs to where the command answers.
        const environment = { DATA_DIR: directory.path, SCRATCH: scratch.path, LOG_LEVEL: 'error' };
        ran = await runPage(page, { port, environment, timeoutMs: PAGE_TIMEOUT_MS });
      }, PAGE_TIMEOUT_MS + 1_000);

      const blocks = page.blocks.filter(({ notRun }) => notRun === null);
      it.each(blocks)('line $line does as it says', (block) => {
        if (block.isInBackground) {
          expect(block.text).toBe('npm run up');
          expect(ready[0]).toBe(block.answer?.text.replace(':3000', `:${port}`));
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
