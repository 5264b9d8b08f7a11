import { accessSync, constants } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';
import { programOf } from './debian-package';

/** Nothing that a browser does by itself, over the network or to the machine. */
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
];
const START_TIMEOUT_MS = 60_000;

/**
 * Path of a Chromium: `CHROMIUM_PATH`, one that is installed, or the distribution's package; null, and a reason printed, where there is none.
 * @throws Error for a `CHROMIUM_PATH` that is no program
 */
export function chromiumProgram(): string | null {
  const given = process.env.CHROMIUM_PATH;
  if (given === undefined) return programOf(['chromium', 'chromium-browser', 'google-chrome'], 'chromium');
  accessSync(given, constants.X_OK);
  return given;
}

/** A headless browser with an empty profile of its own, which goes when it is closed. @param flags further ones */
export function startChromium(program: string, flags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: program, headless: true, args: [...FLAGS, ...flags], timeout: START_TIMEOUT_MS });
}
